"""What people are told: in every language, by templates of one's own, and what is wrong with those."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.notices import Escalated
from schemas.notifications import KINDS, Kind, Notification
from sinks.notify.facts import Facts, facts_of
from sinks.notify.phrasing import Phrasing
from sinks.notify.samples import bare, digest, escalation, notification_of, sample
from sinks.notify.sandbox import FILTERS, MAX_CHARS, MAX_STEPS
from sinks.notify.template_files import FORMATS, MAX_BYTES, WordingError
from sinks.notify.wording import SUBJECT_CHARS, Wording, Words, read_wording

BUILT_IN = read_wording()
EVERYTHING = [*map(sample, KINDS), *map(bare, KINDS), digest()]


def folder_of(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def wrong_in(folder: Path, files: Mapping[str, str]) -> list[str]:
    """What is told of a folder's files, without the folder."""
    with pytest.raises(WordingError) as told:
        read_wording(folder_of(folder, files))
    return [line.replace(f"{folder}/", "") for line in str(told.value).splitlines()]


def name_of(told: Notification) -> str:
    return f"{told.kind}-{len(told.notices)}-{len(facts_of(told)[0].customer)}"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("told", EVERYTHING, ids=name_of)
def test_everything_can_be_told(told: Notification, language: str) -> None:
    words = BUILT_IN.words(told, language)
    assert words.subject.strip() == words.subject != ""
    assert words.short.strip()
    assert words.text.endswith("\n")
    assert "\n\n\n" not in words.text
    assert words.html.startswith("<!doctype html>")
    assert bool(words.conversation) == any(each.messages for each in facts_of(told))


@pytest.mark.parametrize("kind", KINDS)
def test_the_languages_differ(kind: Kind) -> None:
    english, german = BUILT_IN.words(sample(kind), "en"), BUILT_IN.words(sample(kind), "de")
    assert english.text != german.text
    assert english.html != german.html


def test_an_escalation_in_german() -> None:
    words = BUILT_IN.words(sample("escalation"), "de")
    assert words.subject == "TKT-2026-0042, dringend: URGENT: Delivery problem"
    assert "Das Ticket TKT-2026-0042 braucht einen Menschen." in words.text
    assert "Antwort bis 21.11.2026, 09:45 UTC." in words.text
    assert "Bewertung:  0,87 von 10 (sehr negativ)" in words.text


@pytest.mark.parametrize(("language", "line"), [("en", "Agent:     ann"), ("de", "Zuständig:  ann")])
def test_who_has_the_ticket_is_named(language: str, line: str) -> None:
    given = notification_of(Escalated(escalation=replace(escalation(), assignee="ann")), "escalation")
    words = BUILT_IN.words(given, language)
    assert line in words.text
    assert ">ann</td>" in words.html
    assert line.partition(":")[0] not in BUILT_IN.words(sample("escalation"), language).text


def test_a_customer_is_answered_once_in_a_thread() -> None:
    told = sample("acknowledgement")
    assert BUILT_IN.words(told, "en").subject == "Re: Where is my parcel? [TKT-2026-0042]"
    again = replace(told, notices=(replace(told.notices[0], subject="RE: Where is my parcel?"),))
    assert BUILT_IN.words(again, "en").subject == "RE: Where is my parcel? [TKT-2026-0042]"


def test_the_place_of_the_number_is_filled_in() -> None:
    told = bare("acknowledgement")
    asking = replace(told, notices=(replace(told.notices[0], text="Your ticket is {number}."),))
    assert "Your ticket is t-1042." in BUILT_IN.words(asking, "en").text


def test_a_digest_tells_what_each_notice_is() -> None:
    text = BUILT_IN.words(digest(), "en").text
    for line in ("1. escalation, TKT-2026-0042 (urgent)", "3. resolved, TKT-2026-0042 (urgent)", "5. alert (critical)"):
        assert line in text


def test_a_subject_is_one_line_that_ends() -> None:
    long = notification_of(Escalated(escalation=replace(escalation(), subject="so\nlong " * 100)), "escalation")
    subject = BUILT_IN.words(long, "en").subject
    assert SUBJECT_CHARS - 5 < len(subject) <= SUBJECT_CHARS
    assert subject.endswith("…")
    assert "\n" not in subject


def test_the_tenants_template_comes_before_everybodys(tmp_path: Path) -> None:
    files = {"shop/en/escalation.txt": "shop {{ notice.ticket }}", "en/escalation.txt": "all {{ notice.ticket }}"}
    wording = read_wording(folder_of(tmp_path, files))
    told = sample("escalation")
    assert wording.words(replace(told, tenant="shop"), "en").text == "shop TKT-2026-0042\n"
    assert wording.words(told, "en").text == "all TKT-2026-0042\n"
    # German has none of one's own, but its own built-in one.
    assert wording.words(told, "de").text == BUILT_IN.words(told, "de").text


@pytest.mark.parametrize("tenant", ["..", ".", "en", "shop/..", "", "../en"])
def test_a_tenant_is_no_path(tmp_path: Path, tenant: str) -> None:
    wording = read_wording(folder_of(tmp_path / "in", {"shop/en/escalation.txt": "shop"}))
    folder_of(tmp_path, {"en/escalation.txt": "outside"})
    told = replace(sample("escalation"), tenant=tenant)
    assert wording.words(told, "en").text == BUILT_IN.words(told, "en").text


def test_a_layout_of_ones_own_holds_for_the_built_in_templates(tmp_path: Path) -> None:
    layout = (
        "<h1>{% block title %}{% endblock %}</h1>{% block content %}{% endblock %}{% block foot %}{% endblock %}Shop"
    )
    wording = read_wording(folder_of(tmp_path, {"en/_layout.html": layout}))
    html = wording.words(sample("escalation"), "en").html
    assert html.startswith("<h1>TKT-2026-0042, urgent: URGENT: Delivery problem</h1>")
    assert html.endswith("Shop\n")
    assert "Give me my money back NOW!" in html


def test_a_language_of_ones_own(tmp_path: Path) -> None:
    files = {
        "fr/words.toml": '[format]\ntime = "%d/%m/%Y"\ndecimal_point = ","\n[words]\nurgent = "urgent !"\n',
        "fr/escalation.txt": "{{ notice.priority|word }} {{ notice.due|time }} {{ (notice.score or 0)|number(1) }}",
    }
    wording = read_wording(folder_of(tmp_path, files))
    assert wording.languages == {"de", "en", "fr"}
    words = wording.words(sample("escalation"), "fr")
    assert words.text == "urgent ! 21/11/2026 0,9\n"
    # What it does not have is English.
    assert words.subject == "TKT-2026-0042, urgent !: URGENT: Delivery problem"


def test_words_of_ones_own_come_on_top(tmp_path: Path) -> None:
    wording = read_wording(folder_of(tmp_path, {"shop/de/words.toml": '[words]\nurgent = "SOFORT"\n'}))
    text = wording.words(replace(sample("escalation"), tenant="shop"), "de").text
    assert "Priorität:  SOFORT" in text
    assert "Status:     offen" in text
    assert "21.11.2026" in text


def test_a_short_form_is_the_subject_unless_there_is_one(tmp_path: Path) -> None:
    wording = read_wording(folder_of(tmp_path, {"en/reminder.short.txt": "{{ notice.ticket }} waits"}))
    assert wording.words(sample("reminder"), "en").short == "TKT-2026-0042 waits\n"
    assert BUILT_IN.words(sample("reminder"), "en").short == "Still open: TKT-2026-0042"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("one\n{% if %}", "2: Expected an expression, got 'end of statement block'"),
        ("{{ notice.ticket }", "1: unexpected '}'"),
        ("one\ntwo\n{{ notice.tikcet }}", "3: 'sinks.notify.facts.Facts object' has no attribute 'tikcet'"),
        ("{{ tikcet }}", "1: 'tikcet' is undefined"),
        ("{{ notice.messages[0].txt }}", "1: 'sinks.notify.facts.Message object' has no attribute 'txt'"),
        ("{{ notice.ticket|uper }}", "1: No filter named 'uper'."),
        ("{{ notice.text|safe }}", "1: No filter named 'safe'."),
        ("{{ notice.ticket.upper() }}", "1: a template calls nothing"),
        ("{{ range(10) }}", "1: a template calls nothing"),
        ("{% include 'nothing.txt' %}", "1: there is no template 'nothing.txt' to include or extend"),
        ("{% import '_ticket.txt' as x %}", "1: a template imports nothing; include a file instead"),
        ("{% from '_ticket.txt' import x %}", "1: a template imports nothing; include a file instead"),
        ("{% macro x() %}{% endmacro %}", "1: a template has no macros; include a file instead"),
        ("{% set x %}x{% endset %}", "1: a block of text is not assigned; include a file instead"),
        ("{% autoescape false %}{% endautoescape %}", "1: what customers write is always escaped"),
        ("\n{{ 'x' * 1000000000 }}", "2: a template does not compute"),
        ("{{ 10 ** 10 ** 10 }}", "1: a template does not compute"),
        ("{{ 'x' ~ 'x' }}", "1: texts are not joined with ~; write them one after the other"),
        ("{% for x in [1] recursive %}{% endfor %}", "1: a loop does not call itself"),
        ("{{ notice.__class__ }}", "1: access to attribute '__class__' of 'Facts' object is unsafe."),
        ("\n{{ notice.score|number }}", "2: TypeError"),
        ("{{ notice.subject|int|time }}", "1: AttributeError"),
        ("{% include 'escalation.txt' %}", "1: includes itself"),
    ],
)
def test_a_template_that_is_wrong_is_told_when_it_is_loaded(tmp_path: Path, template: str, said: str) -> None:
    told = wrong_in(tmp_path, {"de/escalation.txt": template})
    assert any(line.startswith(f"de/escalation.txt:{said}") for line in told), told
    assert all(line.startswith("de/escalation.txt:") for line in told)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    told = wrong_in(
        tmp_path,
        {
            "en/escalation.txt": "{{ a }}",
            "shop/de/reminder.html": "\n{{ b }}",
            "de/_mine.txt": "{% if %}",
            "de/words.toml": "urgent = 1",
        },
    )
    assert sorted(told) == [
        "de/_mine.txt:1: Expected an expression, got 'end of statement block'",
        "de/words.toml: Object contains unknown field `urgent`",
        "en/escalation.txt:1: 'a' is undefined",
        "shop/de/reminder.html:2: 'b' is undefined",
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("en/escalatoin.txt", "en/escalatoin.txt: no template is called so; wanted: KIND.subject.txt,"),
        ("en/escalation.md", "en/escalation.md: no template is called so;"),
        ("english/escalation.txt", "english/escalation.txt: templates lie in LANGUAGE/ or TENANT/LANGUAGE/"),
        ("escalation.txt", "escalation.txt: templates lie in LANGUAGE/"),
        ("a/b/en/escalation.txt", "a/b/en/escalation.txt: templates lie in LANGUAGE/"),
    ],
)
def test_a_file_that_nobody_would_read(tmp_path: Path, name: str, said: str) -> None:
    (told,) = wrong_in(tmp_path, {name: "x"})
    assert told.startswith(said)


def test_files_that_cannot_be_templates(tmp_path: Path) -> None:
    folder_of(tmp_path, {"en/escalation.txt": "x" * 70_000, "en/.reminder.txt.swp": "an editor's"})
    (tmp_path / "en" / "reminder.txt").write_bytes(b"\xff")
    assert wrong_in(tmp_path, {}) == [
        "en/escalation.txt: 70,000 characters; a template has 65,536 at most",
        "en/reminder.txt: no text in UTF-8",
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_wording(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("[words\n", "(at line 1, column 7)"),
        ("[format]\ntme = 'x'", "unknown field `tme` - at `$.format`"),
        ("[words]\nurgent = 1", "Expected `str`, got `int` - at `$.words"),
    ],
)
def test_words_that_are_wrong(tmp_path: Path, words: str, said: str) -> None:
    (told,) = wrong_in(tmp_path, {"en/words.toml": words})
    assert told.startswith("en/words.toml: ")
    assert said in told


def big_digest() -> Notification:
    return replace(digest(), notices=digest().notices * 20)


def test_what_fails_only_later_is_told_in_the_built_in_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The samples have no priority "low"."""
    template = "{% if notice.priority == 'low' %}\n{{ notice.score|number }}{% endif %}"
    wording = read_wording(folder_of(tmp_path, {"en/escalation.txt": template}))
    low = Escalated(escalation=replace(escalation(), priority="low", score=None))
    told = notification_of(low, "escalation")
    with caplog.at_level(logging.ERROR, "sinks.notify.wording"):
        words = wording.words(told, "en")
    assert words == BUILT_IN.words(told, "en")
    assert f"{tmp_path}/en/escalation.txt:2: TypeError" in caplog.text
    with pytest.raises(WordingError, match=r"escalation.txt:2: TypeError"):
        wording.text(told, "en", "txt")


def test_loops_end(tmp_path: Path) -> None:
    loops = "{% for a in notices %}" * 5 + "{% endfor %}" * 5
    told = wrong_in(tmp_path, {"en/digest.txt": loops})
    assert told == [f"en/digest.txt:1: its loops take more than {MAX_STEPS:,} steps"]


def test_a_text_does_not_grow_without_bound(tmp_path: Path) -> None:
    loops = "{% for a in notices %}{% for b in notices %}{% for c in notices %}" + "x" * 300 + "{% endfor %}" * 3
    told = wrong_in(tmp_path, {"en/digest.txt": loops})
    assert told == [f"makes more than {MAX_CHARS:,} characters"]


def test_the_largest_digest_is_within_the_bounds() -> None:
    words = BUILT_IN.words(replace(digest(), notices=digest().notices * 5), "en")
    assert "50. " in words.text


DOCUMENT = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()


def blocks_of(language: str) -> list[str]:
    """What the document shows in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_all_that_a_template_may_use_is_documented() -> None:
    table = DOCUMENT.partition("## What a template may name")[2].partition("\n## ")[0]
    facts = {name for row in table.splitlines() if row.startswith("| `") for name in re.findall(r"`(\w+)`", row[:40])}
    assert set(Facts.__dataclass_fields__) <= facts
    filters = DOCUMENT.partition("## Filters")[2].partition("\n## ")[0]
    for name in FILTERS:
        assert f"`{name}`" in filters, name
    for name in Phrasing(()).filters:
        assert f"&#124;{name}" in filters, name
    for bound in (MAX_STEPS, MAX_CHARS, MAX_BYTES):
        assert f"{bound:,}" in filters


def test_the_documents_examples_hold(tmp_path: Path) -> None:
    (template,), (words,) = blocks_of("jinja"), blocks_of("toml")
    wording = read_wording(folder_of(tmp_path, {"shop/en/escalation.txt": template, "shop/en/words.toml": words}))
    text = wording.words(replace(sample("escalation"), tenant="shop"), "en").text
    assert text.startswith("c-77 needs you: Very negative: 0.87 of 10")
    assert "Please answer by 21.11.2026, 09:45 UTC." in text
    assert "Category:  Lieferung" in text


def test_all_formats_can_be_had_one_by_one() -> None:
    told = sample("escalation")
    words = BUILT_IN.words(told, "en")
    assert [BUILT_IN.text(told, "en", form) for form in FORMATS] == [words.subject, words.text, words.html, words.short]


def test_rendering_one_does_not_disturb_another() -> None:
    wording: Wording = read_wording()
    first: Words = wording.words(sample("escalation"), "en")
    for _ in range(3):
        wording.words(big_digest(), "de")
    assert wording.words(sample("escalation"), "en") == first

"""A report in each format: readable, and nobody's words become markup."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sinks.reports.drawing import WIDTH, sparkline, svg, ticks
from sinks.reports.figures_in_words import duration, percent, span_in_words, written
from sinks.reports.html import html
from sinks.reports.markdown import escaped, markdown
from sinks.reports.model import Bar, Report, Unit, Value
from sinks.reports.telling import MAX_BYTES, notice_of
from tests.reports.reports_made import BEGIN, END, chart, report, volume

PAYLOADS = (
    "<script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }}{% for x in y %}{# #}",
    "a | b || c",
    "`code` ```\nfence",
    "[click](javascript:alert(1)) ![i](http://evil.example/x.png)",
    "<javascript:alert(1)> http://evil.example www.evil.example mail@evil.example",
    "# heading\n- list\n1. one\n> quote\n***\n---",
    "**bold** _em_ ~~gone~~ $x$ &lt;b&gt; &#60;b&#62;",
    "line\r\nbreak\u2028and\u2029more\x00\x1b[31m",
    "]]> --> ]( <!-- <?php",
    "1) a\n2. b",
    ":smile: @everyone",
)
HARMLESS = "billing"
READER = MarkdownIt("gfm-like", {"linkify": False})


class Tags(HTMLParser):
    """All tags with the names of their attributes, and what is text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    return tags


# -- HTML


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_words_in_html_stay_words(payload: str) -> None:
    page, calm = read(html(report(payload), page="")), read(html(report(HARMLESS), page=""))
    assert page.tags == calm.tags
    assert all(address.startswith(("/?", "/api/")) for address in page.addresses)
    assert "script" not in {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") or name == "style" for _, names in page.tags for name in names)


def test_html_loads_nothing() -> None:
    page = html(report())
    assert "default-src 'none'; style-src 'sha256-" in page
    assert read(page).addresses == []
    assert "@import" not in page
    assert "url(" not in page


def test_html_has_all_that_the_report_says() -> None:
    page = html(report(), page="https://support.example.com/")
    text = " ".join(read(page).text.split())
    for said in (
        "Support report, 9 – 15 November 2026",
        "Tenant shop · category billing · made 2026-11-16 06:00 UTC",
        "negative 31 % ▲ up from 24 %",
        "time to resolution 3 h 2 min before: 3 h 3 min",
        "Act More than a fifth is negative: billing Look at billing first. negative: 31 % (27 % to 35 %), before 24 %",
        "billing 1,234 41 % 26 h",
        "account 98 – –",
        "Nothing.",
        "2026-11-09 00:00 to 2026-11-16 00:00 UTC, end not included",
    ):
        assert said in text, said
    assert '<span class="up worse">' in page
    assert '<a href="https://support.example.com/?tenant=shop#ticket?id=T-1">T-1</a>' in page
    assert '<a href="https://support.example.com/api/v1/tickets?category=billing">billing</a>' in page


def test_html_of_a_span_without_events() -> None:
    page = " ".join(read(html(nothing())).text.split())
    assert "No event of tenant shop lies between 2026-11-09 00:00 and 2026-11-16 00:00 UTC" in page
    assert "What to do" not in page


def nothing() -> Report:
    none: dict[str, Any] = {"is_empty": True, "filters": (), "figures": (), "findings": (), "sections": ()}
    return report(**none)


# -- Markdown


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_words_in_markdown_stay_words(payload: str) -> None:
    made, calm = (READER.parse(markdown(report(said))) for said in (payload, HARMLESS))
    assert _kinds(made) == _kinds(calm)
    shown = read(READER.render(markdown(report(payload)))).text
    assert " ".join("".join(each if each.isprintable() else " " for each in payload).split()) in shown


def _kinds(tokens: list[Any]) -> list[str]:
    return [kind for token in tokens for kind in (token.type, *_kinds(token.children or [])) if kind != "text_special"]


@given(st.text(max_size=60))
@example("__0__")
def test_any_text_is_a_paragraph_of_itself(text: str) -> None:
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    rendered = READER.render(escaped(text))
    assert read(rendered).text.strip() == line
    assert {tag for tag, _ in read(rendered).tags} <= {"p"}


def test_nothing_in_markdown_becomes_a_link_by_itself() -> None:
    linking = MarkdownIt("commonmark")
    made = markdown(report("<http://evil.example> <a@evil.example> [x]: http://evil.example"))
    assert read(linking.render(made)).addresses == []
    # What GitHub would link: addresses with a scheme, www., mails.
    assert not re.search(r"https?://|www\.\w|\w@\w", made)


def test_markdown_reads_well_as_it_is() -> None:
    made = markdown(report())
    assert made.startswith("# Support report, 9 – 15 November 2026\n\nTenant shop · category billing · made ")
    for said in (
        "| negative | 31 % | 24 % | up |",
        "| time to resolution | 3 h 2 min | 3 h 3 min | within chance |",
        "1. **Act: More than a fifth is negative: billing** Look at billing first.\n   - negative: 31 % (27 % to 35 %)",
        "   - tickets: T-1, billing",
        "**Messages by day.** 820 messages in 7 days, most of them on 12 Nov.\n\n`▅▇▆█▄▂▁`",
        "| category | messages | negative | time to resolution |\n|---|--:|--:|--:|\n| billing | 1,234 | 41 % | 26 h |",
        "\n\nNothing.\n\n",
    ):
        assert said in made, said
    assert "Nothing is stored of this span." in markdown(nothing())


# -- JSON


def test_json_is_the_report() -> None:
    made = report("<b>")
    assert Report.model_validate_json(made.model_dump_json()) == made
    first = json.loads(made.model_dump_json())["findings"][0]["rests_on"][0]
    assert (first["value"], first["low"], first["unit"]) == (0.31, 0.27, "share")


# -- the notice


def test_what_people_are_told_of_it() -> None:
    told = notice_of(report(), "https://support.example.com/")
    assert told.figures[1] == type(told.figures[1])("negative", "31 %", "24 %", "up")
    assert told.findings[0] == "More than a fifth is negative: billing. Look at billing first."
    assert told.link == (
        "https://support.example.com/api/v1/report?tenant=shop&from=2026-11-09T00%3A00%3A00%2B00%3A00"
        "&to=2026-11-16T00%3A00%3A00%2B00%3A00&format=html"
    )
    assert told.html.startswith("<!doctype html>") or "<!doctype html>" in told.html
    assert notice_of(report(), None).link == ""


def test_one_that_is_too_long_is_told_without_its_contents() -> None:
    # Of these letters each takes three bytes.
    told = notice_of(report("長" * (MAX_BYTES // 60)), None)
    assert (told.markdown, told.html) == ("", "")
    assert told.figures
    assert notice_of(report("x" * 1_000), None).html


# -- charts


def test_a_chart_says_what_it_shows() -> None:
    drawn = svg(chart(), "parts-1")
    assert 'role="img" aria-labelledby="parts-1-title parts-1-desc"' in drawn
    assert '<title id="parts-1-title">Messages by category</title><desc id="parts-1-desc">Most are about' in drawn


@pytest.mark.parametrize("of", [chart(), volume()], ids=["bars", "columns"])
def test_parts_are_as_long_as_they_are_many(of: object) -> None:
    made = of if isinstance(of, type(chart())) else chart()
    drawn = svg(made, "x")
    sizes = {
        tone: [float(size) for size in re.findall(rf'tone-{tone}"[^>]*? {_along(made.form)}="([\d.]+)"', drawn)]
        for tone in ("negative", "other")
    }
    for place, tone in enumerate(("negative", "other")):
        wanted = [bar.parts[place][1] for bar in made.bars if bar.parts[place][1]]
        assert len(sizes[tone]) == len(wanted)
        scale = sizes[tone][0] / wanted[0]
        assert sizes[tone] == pytest.approx([each * scale for each in wanted], abs=0.2)
    xs = [float(x) for x in re.findall(r' x="([\d.]+)"', drawn)]
    assert all(0 <= x <= WIDTH for x in xs)


def _along(form: str) -> str:
    return "width" if form == "bars" else "height"


@pytest.mark.parametrize("form", ["bars", "columns"])
def test_a_chart_of_nothing_is_drawn(form: str) -> None:
    empty = chart().model_copy(update={"form": form, "bars": ()})
    zero = empty.model_copy(update={"bars": (Bar(label="a", parts=(("plain", 0.0),)),)})
    assert "<svg" in svg(empty, "x")
    assert "tone-plain" not in svg(zero, "x")


@pytest.mark.parametrize(
    ("highest", "marks"),
    [(0, (0, 1)), (3, (0, 1, 2, 3)), (79, (0, 20, 40, 60, 80)), (101, (0, 50, 100, 150)), (1_000, (0, 500, 1_000))],
)
def test_rules_are_at_round_figures(highest: float, marks: tuple[float, ...]) -> None:
    assert ticks(highest) == marks


@given(st.floats(0, 1e9))
def test_rules_reach_the_highest_and_are_few(highest: float) -> None:
    marks = ticks(highest)
    assert marks[-1] >= highest * (1 - 1e-9)
    assert 2 <= len(marks) <= 6


def test_sparklines() -> None:
    assert sparkline([0, 1, 2, 4]) == "▁▃▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""


# -- values


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "count", "–"),
        ("", "text", "–"),
        (1234, "count", "1,234"),
        (12.5, "count", "12.5"),
        (0.1234, "share", "12 %"),
        (0.0234, "share", "2.3 %"),
        (0.0, "share", "0 %"),
        (1.0, "share", "100 %"),
        (3.456, "points", "3.46"),
        (datetime(2026, 11, 22, 6, 5, tzinfo=UTC), "time", "2026-11-22 06:05"),
    ],
)
def test_values(value: Value, unit: Unit, shown: str) -> None:
    assert written(value, unit) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3_600, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400 * 2, "2 d"),
        (183_600, "2 d 3 h"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_percent_of_little() -> None:
    assert percent(-0.01) == "-1.0 %"


@pytest.mark.parametrize(
    ("begin", "end", "shown"),
    [
        (BEGIN, END, "9 – 15 November 2026"),
        (BEGIN, BEGIN.replace(day=10), "9 November 2026"),
        (BEGIN.replace(month=10), END, "9 October – 15 November 2026"),
        (BEGIN.replace(year=2025), END, "9 November 2025 – 15 November 2026"),
        (BEGIN.replace(hour=6), END, "9 November 2026 06:00 – 16 November 2026 00:00 UTC"),
    ],
)
def test_spans(begin: datetime, end: datetime, shown: str) -> None:
    assert span_in_words(begin, end) == shown

"""What cleaning takes out of a text, and what it leaves."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.scoring.clean import MAX_CHARS, MAX_PICTOGRAPHS, clean
from tests.unit.awkward_texts import ANY_TEXTS

QUOTED = "It fails.\n\nOn Mon, 3 Mar 2025 at 10:12, Support <s@acme.example> wrote:\n> Great, thanks!\n> Best"
OUTLOOK = "It broke.\n\nFrom: Acme\nSent: Monday\nTo: Bob\nSubject: Re: it\n\nWe are happy to help"


@pytest.mark.parametrize(
    ("text", "left", "removed"),
    [
        (QUOTED, "It fails.", {"quoted_lines": 4}),
        (OUTLOOK, "It broke.", {"quoted_lines": 7}),
        ("Still broken.\n-- \nBest wishes\nAnn, Happy Ltd", "Still broken.", {"signatures": 1}),
        ("<p>Still <b>down</b></p><blockquote>Great!</blockquote>", "Still  down", {"html_tags": 6, "quoted_lines": 1}),
        ("<style>.love{}</style>bad<script>alert('great')</script>", "bad", {"html_tags": 4}),
        ("at https://great.example/love?x=1 or www.nice.example now", "at   or   now", {"urls": 2}),
        ("mail me at best.love@great.example please", "mail me at   please", {"emails": 1}),
        ("@united you lost it", "you lost it", {"mentions": 1}),
        ("I called XXXX XXXX on XX/XX/XXXX.", "I called   on  .", {"redactions": 2}),
        ("no 😡😡😡😡😡😡 way", "no 😡😡😡 way", {"emoji": 3}),
        ("order :3 is late", "order : 1 is late", {"codes": 1}),
        ("ticket #8) is open", "ticket # 1 is open", {"codes": 1}),
        ("Item 8D never came", "Item  1 never came", {"codes": 1}),
        ("Look: [URL_1]. [EMAIL_12] too", "Look:  .   too", {"urls": 1, "emails": 1}),
        (f"I am [NAME:k-1.{'0a' * 16}], [NOTE 1]", "I am  , [NOTE 1]", {"redactions": 1}),
    ],
)
def test_each_kind_is_taken_out_and_counted(text: str, left: str, removed: dict[str, int]) -> None:
    cleaned = clean(text)
    assert cleaned.text == left
    assert dict(cleaned.removed) == removed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nothing to take out, at all.",
        "I love it :) and <3 you",
        "x < 5 and y > 3",
        "XXL is too small",
        "call 555-8D now",
        "Fine :3",
        "Thanks,\nBob",
        "It fails.\nOn Monday it worked.",
        "Hi,\nthe app crashes.\nThanks\n\nIt also loses all that I wrote, each time, and we wait for an answer.",
    ],
)
def test_what_a_customer_says_stays(text: str) -> None:
    assert clean(text) == (text, {})


def test_apostrophes_and_quotation_marks_become_plain() -> None:
    assert clean("I can’t “log in” and it’s `odd`").text == "I can't \"log in\" and it's 'odd'"


def test_entities_are_read_after_tags_are_gone() -> None:
    assert clean("a &amp; b &lt;b&gt; &#39;c&#39;").text == "a & b <b> 'c'"


def test_a_text_of_nothing_but_quotes_is_empty() -> None:
    assert clean("> Great\n> news") == ("", {"quoted_lines": 2})


def test_a_forwarded_mail_is_what_is_said() -> None:
    text = "From: Ann\nSent: Monday\nTo: Acme\nSubject: Broken\n\nIt is broken."
    assert clean(text).text == "It is broken."


def test_a_mail_with_everything_leaves_the_complaint() -> None:
    text = (
        "Hi @acme,\nthe app crashed 3 times, see https://acme.example/t/8\n\nKind regards\nAnn\n\n"
        "On Tue, Jan 7, 2025 at 9:01 AM Acme <help@acme.example> wrote:\n> We love to help!"
    )
    cleaned = clean(text)
    assert cleaned.text.split() == ["Hi", ",", "the", "app", "crashed", "3", "times,", "see"]
    assert cleaned.removed == {"mentions": 1, "urls": 1, "signatures": 1, "quoted_lines": 3}


def test_a_long_text_keeps_head_and_tail_and_counts_the_middle() -> None:
    text = f"First. {'middle ' * 5_000}Last."
    cleaned = clean(text)
    assert cleaned.text.startswith("First.")
    assert cleaned.text.endswith("Last.")
    assert len(cleaned.text) <= MAX_CHARS + 1
    assert cleaned.removed == {"characters": len(text) - MAX_CHARS}
    assert "characters" not in clean("x" * MAX_CHARS).removed


def test_pictographs_are_capped_in_all() -> None:
    cleaned = clean("😡 a " * 500)
    assert cleaned.text.count("😡") == MAX_PICTOGRAPHS
    assert cleaned.text.count("a") == 500
    assert cleaned.removed == {"emoji": 500 - MAX_PICTOGRAPHS}


@given(ANY_TEXTS)
def test_it_never_raises_and_never_says_more_than_there_was(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.text == cleaned.text.strip()
    assert len(cleaned.text) <= len(text) * 2 + 1
    assert all(count > 0 for count in cleaned.removed.values())


@given(
    st.lists(st.sampled_from(["> hi", "-- ", "Thanks,", "On x wrote:", "From: a", "Sent: b", "", "<br>", "it fails"]))
)
def test_no_order_of_mail_marks_is_too_much(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert set(clean(text).text.split()) <= set(text.split())


# As it would be written if it need not be fast.
_REDACTED = re.compile(r"\{?\$?\b(?:X{2,}|[\dX]{1,4}/X{2,})(?:[/ -]*X{2,})*[\dX]*\b\}?")


@given(st.text("XX/X{$} -019a_.٣", max_size=30))
def test_redactions_are_found_wherever_they_stand(text: str) -> None:
    cleaned = clean(f"a {text} a")
    left, count = _REDACTED.subn(" ", f"a {text} a")
    assert cleaned.removed.get("redactions", 0) == count
    assert cleaned.text == left

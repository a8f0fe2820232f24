"""Marks in a message are at the word that moved its score, or nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.dashboard.places import places_of
from streams.scoring.clean import clean


@pytest.mark.parametrize(
    ("text", "rule", "term", "at", "marked"),
    [
        ("It is a disgrace.", "lexicon", "disgrace", (8, 16), ["disgrace"]),
        # What was taken out before it moved it; there is one.
        ("<p>Hello</p> It is a disgrace.", "lexicon", "disgrace", (13, 21), ["disgrace"]),
        ("I can’t log in", "lexicon", "can't log in", (2, 14), ["can’t log in"]),
        # In small letters, and as a word of its own.
        ("Nobody answers", "lexicon", "nobody answers", (0, 0), ["Nobody answers"]),
        ("Badly bad", "vader", "bad", (0, 0), ["bad"]),
        ("a bad_word, bad!", "vader", "bad", (0, 0), []),
        # Which of them? The scorer knows, and its place is right.
        ("no. still no", "lexicon", "no", (10, 12), ["no"]),
        ("> no\nstill no", "lexicon", "no", (6, 8), []),
        # Words that a dictionary rates have no place of their own.
        ("Charged twice and no refund", "vader", "charged, no", (0, 0), ["Charged", "no"]),
        ("no refund, no answer, awful", "vader", "no, awful", (0, 0), ["awful"]),
        ("so :( it is", "vader", ":(", (0, 0), [":("]),
        ("🙁🙁 bad", "vader", "bad", (0, 0), ["bad"]),
        ("Fine", "others", "", (0, 0), []),
        ("Fine", "lexicon", "terrible", (0, 8), []),
        # Small letters that are more than one would move every place behind them.
        ("İ bad", "vader", "bad", (0, 0), []),
    ],
)
def test_what_is_marked(text: str, rule: str, term: str, at: tuple[int, int], marked: list[str]) -> None:
    assert [text[start:end] for start, end in places_of(text, rule, term, *at)] == marked


def test_of_a_text_that_is_not_whole_only_the_place_that_the_scorer_knows_is_marked() -> None:
    assert places_of("bad start", "lexicon", "bad", 0, 3, whole=False) == [(0, 3)]
    assert places_of("bad start", "lexicon", "bad", 90, 93, whole=False) == []


_PIECES = st.sampled_from(
    ["bad", "no", "<b>", "</b>", "> quoted bad\n", "https://a.b/bad ", " ", "\n", "“", "XXXX", "😀"]
)


@given(st.lists(_PIECES, max_size=12).map("".join), st.data())
def test_a_mark_is_at_the_term_whatever_was_cleaned(text: str, data: st.DataObject) -> None:
    seen = clean(text).text
    start = data.draw(st.integers(0, max(0, len(seen) - 1)))
    end = data.draw(st.integers(start, len(seen)))
    for place in places_of(text, "lexicon", seen[start:end], start, end):
        assert text[place.start : place.end].replace("“", '"').lower() == seen[start:end].lower()

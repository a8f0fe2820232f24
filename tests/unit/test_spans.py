"""Spans of time: read, written, and told in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.spans import in_words, milliseconds, written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45s", 45_000),
        ("15m", 900_000),
        ("1h 30m", 5_400_000),
        ("1h30m", 5_400_000),
        (" 7 d ", 604_800_000),
        ("0s", 0),
        ("1d 1d", 172_800_000),
    ],
)
def test_a_span_is_read(text: str, expected: int) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["", "  ", "7", "h", "1 week", "1.5h", "-1h", "1h ago", "1H", 900, 1.5, None, True])
def test_what_is_no_span_is_told_with_how_one_is_written(text: object) -> None:
    with pytest.raises(ValueError, match='is no span; wanted: a span of time such as "45s", "15m", "1h 30m" or "7d"'):
        milliseconds(text)


@given(st.integers(0, 10**8))
def test_what_is_written_is_read_as_the_same(seconds: int) -> None:
    assert milliseconds(written(seconds * 1000)) == seconds * 1000


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (0, "0 s"),
        (999, "0 s"),
        (-5, "0 s"),
        (900_000, "15 min"),
        (3_600_000, "1 h"),
        (93_784_000, "1 d 2 h"),
        (86_401_000, "1 d 1 s"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(span: int, words: str) -> None:
    assert in_words(span) == words

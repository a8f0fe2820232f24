"""A text as a classifier reads it: the customer's own words in small letters, digits alike, and who is mentioned."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from streams.scoring.clean import MAX_CHARS, clean

# Of a word as long as this nobody learns more than of its beginning.
LONGEST: Final = 40


class Placed(NamedTuple):
    """Tokens as they are learned, and where in the cleaned text each is; (0, 0) for what cleaning took out."""

    terms: list[str]
    places: list[tuple[int, int]]


def tokens_of(text: str) -> list[str]:
    """The tokens of a text in any state: words with their apostrophes and hashes, runs of the same mark, pictographs
    one by one; behind them each @mention, and <urls> and the like for what cleaning took out.
    """
    cleaned, removed = clean(text)
    found = _TOKEN.findall(_lowered(cleaned))
    return found + _taken_out(text, removed) if removed else found


def placed_tokens(text: str) -> Placed:
    """The same tokens with their places in the cleaned text."""
    cleaned, removed = clean(text)
    found = list(_TOKEN.finditer(_lowered(cleaned)))
    taken_out = _taken_out(text, removed) if removed else []
    return Placed([each[0] for each in found] + taken_out, [each.span() for each in found] + [(0, 0)] * len(taken_out))


def _taken_out(text: str, removed: Mapping[str, int]) -> list[str]:
    mentions = [each.lower()[:LONGEST] for each in _MENTION.findall(text[:MAX_CHARS])] if "mentions" in removed else []
    return mentions + [f"<{kind}>" for kind in _KINDS if kind in removed]


def _lowered(text: str) -> str:
    """In small letters, each character at its place."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(each.lower() if len(each.lower()) == 1 else each for each in text)
    return lowered.translate(_ALIKE)


_ALIKE: Final = str.maketrans({**{str(digit): "0" for digit in range(10)}, "’": "'", "‘": "'"})
_KINDS: Final[Sequence[str]] = ("urls", "emails", "redactions")
_MENTION: Final = re.compile(r"(?<!\w)@\w+")
_TOKEN: Final = re.compile(r"[#$]?\w[\w']{0,39}|!{1,4}|\?{1,4}|\.{1,4}|[^\w\s]")

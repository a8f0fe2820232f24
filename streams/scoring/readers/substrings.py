"""How presets A, C, D and E match: a keyword counts once, wherever it stands, also within a word."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Name = TypeVar("Name", bound=str)


def found_in(text: str, keywords: Sequence[str]) -> int:
    """How many of the keywords are in a text in lower case."""
    return sum(map(text.__contains__, keywords))


def has_any(text: str, keywords: Sequence[str]) -> bool:
    """Whether one of the keywords is in a text in lower case."""
    return any(map(text.__contains__, keywords))


def counts_in(text: str, lists: Mapping[Name, Sequence[str]]) -> dict[Name, int]:
    """How many keywords of each list are in a text in lower case; lists without one are left out."""
    return {name: count for name, keywords in lists.items() if (count := found_in(text, keywords))}


def most(counts: Mapping[Name, float]) -> Name | None:
    """The name with the highest figure, of equals the first; None if there is none."""
    return max(counts, key=counts.__getitem__) if counts else None

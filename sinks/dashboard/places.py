"""Where in a text stands what moved its score.

A scorer tells places in the text that it cleaned, which is not kept. A place is found again where there can be no
doubt, and otherwise none is told: a mark at the wrong word is worse than no mark.
"""

from typing import Final, NamedTuple

# What cleaning puts in the place of one other character.
_SAME: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"', "\xa0": " "})
# Rules that tell words which a dictionary rates, from anywhere in the text, in place of one term.
_LISTS: Final = frozenset({"vader", "textblob"})


class Place(NamedTuple):
    """From `start` to before `end`, in characters (code points)."""

    start: int
    end: int


def places_of(text: str, rule: str, term: str, start: int, end: int, *, whole: bool = True) -> list[Place]:
    """The places of a reason's term in the text as the customer wrote it, in order; none where there is doubt.

    The scorer's own place is right where the term stands there, because nothing before it was taken out. Otherwise the
    only place at which the term stands as a word of its own is, if `text` is the `whole` text.
    """
    if not term:
        return []
    plain = text.translate(_SAME)
    if end > start and plain[start:end] == term:
        return [Place(start, end)]
    if not whole:
        return []
    lower = plain.lower()
    if len(lower) != len(text):
        return []
    words = term.split(", ") if rule in _LISTS else [term]
    found = [place for word in words if (place := _only(lower, word.lower())) is not None]
    return sorted(set(found))


def _only(text: str, term: str) -> Place | None:
    """The one place at which a term stands between what is no part of a word; None for none and for several."""
    found: Place | None = None
    at = text.find(term) if term else -1
    while at >= 0:
        place = Place(at, at + len(term))
        if _is_apart(text, place):
            if found is not None:
                return None
            found = place
        at = text.find(term, at + 1)
    return found


def _is_apart(text: str, place: Place) -> bool:
    before, after = text[place.start - 1 : place.start], text[place.end : place.end + 1]
    first, last = text[place.start], text[place.end - 1]
    return not (first.isalnum() and before.isalnum()) and not (last.isalnum() and after.isalnum())

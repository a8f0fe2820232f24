"""What a word of VADER's lexicon is worth where it stands (Hutto and Gilbert, ICWSM 2014; vaderSentiment 3.3.2).

The rules see three words before it and, if it looks ahead, two after it. Each step rounds, so the order of the steps is
part of the result.
"""

from collections.abc import Sequence
from typing import Final

from vaderSentiment.vaderSentiment import BOOSTER_DICT, C_INCR, N_SCALAR, SPECIAL_CASES

from streams.scoring.vader_words import Word

BEFORE: Final = 3
AFTER: Final = 2

_CAPITALS: Final[float] = C_INCR
_NEGATION: Final[float] = N_SCALAR
_BOOSTERS: Final[dict[str, float]] = BOOSTER_DICT
_IDIOMS: Final[dict[str, float]] = SPECIAL_CASES
_DAMPING: Final = (1.0, 0.95, 0.9)
_NEVER_SO: Final = 1.25
_SO: Final = ("so", "this")


def valence_of(before: Sequence[Word], word: Word, after: Sequence[Word], shouting: bool) -> float:
    """The valence of a word after up to three others, the nearest first, and before up to two; 0 if it has none here.

    `shouting` says that some words of the text are in capitals and some are not: then capitals mean something.
    """
    if word.valence is None or (word.name == "kind" and _names(after)[:1] == ["of"]):
        return 0.0
    names = _names(before)
    value = _own(word, word.valence, names, after)
    if word.shouted and shouting:
        value = _louder(value, value)
    for distance, neighbour in enumerate(before):
        if neighbour.valence is None:
            value += _boost(neighbour, value, shouting) * _DAMPING[distance]
            value = _negated(value, neighbour, names[:distance])
            if distance == BEFORE - 1 and (after or any(names)):
                value = _in_idiom(value, names, [word.name, *_names(after)])
    return value * _NEGATION if _is_behind_least(names) else value


def _own(word: Word, rating: float, before: Sequence[str], after: Sequence[Word]) -> float:
    """The lexicon's rating; a "no" before a rated word turns that instead of counting itself."""
    if "no" in before[:2] or (before[2:] == ["no"] and before[0] in ("or", "nor")):
        return rating * _NEGATION
    return 0.0 if word.name == "no" and after and after[0].valence is not None else rating


def _boost(neighbour: Word, value: float, shouting: bool) -> float:
    """What a degree adverb adds: away from zero if it strengthens, and more if it is in capitals."""
    if not neighbour.boost:
        return 0.0
    boost = -neighbour.boost if value < 0 else neighbour.boost
    return _louder(boost, value) if neighbour.shouted and shouting else boost


def _louder(value: float, sign: float) -> float:
    return value + _CAPITALS if sign > 0 else value - _CAPITALS


def _negated(value: float, neighbour: Word, between: Sequence[str]) -> float:
    """Turned by a negation before it. "Never so good" is praise, and "without doubt" no negation."""
    # Three words on, the stock analyzer takes a "so" or "this" next to the word for praise without "never" too.
    if (neighbour.name == "never" and between and between[-1] in _SO) or (len(between) == 2 and between[0] in _SO):
        return value * _NEVER_SO
    if neighbour.name == "without" and "doubt" in between:
        return value
    return value * _NEGATION if neighbour.negates else value


def _in_idiom(value: float, before: Sequence[str], onward: Sequence[str]) -> float:
    """The value of an idiom that the word is in or that stands right before it, and what a phrase before it adds."""
    first, second, third = before
    phrases = (f"{third} {second} {first}", f"{third} {second}", f"{second} {first}")
    around = (f"{first} {onward[0]}", f"{second} {first} {onward[0]}", phrases[2], phrases[0], phrases[1])
    value = next((_IDIOMS[phrase] for phrase in around if phrase in _IDIOMS), value)
    for length in (2, 3):
        value = _IDIOMS.get(" ".join(onward[:length]), value)
    for phrase in phrases:
        # Not with sum(), which rounds otherwise from Python 3.12 on.
        value = value + _BOOSTERS[phrase] if phrase in _BOOSTERS else value
    return value


def _is_behind_least(before: Sequence[str]) -> bool:
    """Behind a "least" that is no "at least" or "very least"."""
    return before[:1] == ["least"] and before[1:2] not in (["at"], ["very"])


def _names(words: Sequence[Word]) -> list[str]:
    return [word.name for word in words]

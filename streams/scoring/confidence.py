"""How sure a score is."""

import math
from collections.abc import Sequence
from typing import Final

from streams.scoring.rounding import round_3
from streams.scoring.sentence import Part

# A text of which nothing speaks may be neutral, or in words that nobody lists.
_SILENT: Final = 0.5


def confidence_of(part: Part) -> float:
    """From 0 to 1: how much speaks, and how far it agrees.

    The evidence is what VADER, TextBlob and the lexicon say, each without its sign; the agreement is what is left of it
    with the signs. Silence is 0.5; loud evidence that cancels out is near 0; loud evidence that agrees is near 1.
    """
    return _confidence(*_evidence(part))


def confidence_of_all(parts: Sequence[Part], weights: Sequence[float]) -> float:
    """The same of parts that count differently."""
    loud = agreed = 0.0
    for part, weight in zip(parts, weights, strict=True):
        loud_here, agreed_here = _evidence(part)
        loud += weight * loud_here
        agreed += weight * agreed_here
    return _confidence(loud, agreed)


def _evidence(part: Part) -> tuple[float, float]:
    heard = part.vader + part.textblob + part.tone
    # What tone corrects is no disagreement.
    apart = abs(heard) if part.tone else abs(part.vader) + abs(part.textblob)
    return apart + abs(part.added), abs(heard + part.added)


def _confidence(loud: float, agreed: float) -> float:
    if not loud:
        return _SILENT
    told = 1 - math.exp(-3 * loud)
    return round_3(_SILENT + told * (agreed / loud - _SILENT))

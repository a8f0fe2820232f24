"""How sure a score is."""

import math
from collections.abc import Sequence
from typing import Final

from streams.scoring.sentence import Part

# A text of which nothing speaks may be neutral, or in words that nobody lists.
_SILENT: Final = 0.5


def confidence_of(parts: Sequence[Part], weights: Sequence[float]) -> float:
    """From 0 to 1: how much speaks, and how far it agrees.

    The evidence is what VADER, TextBlob and the lexicon say, each without its sign; the agreement is what is left of it
    with the signs. Silence is 0.5; loud evidence that cancels out is near 0; loud evidence that agrees is near 1.
    """
    loud = agreed = 0.0
    for part, weight in zip(parts, weights, strict=True):
        heard = part.vader + part.textblob + part.tone
        # What tone corrects is no disagreement.
        apart = abs(heard) if part.tone else abs(part.vader) + abs(part.textblob)
        loud += weight * (apart + abs(part.added))
        agreed += weight * abs(heard + part.added)
    if not loud:
        return _SILENT
    told = 1 - math.exp(-3 * loud)
    return round(_SILENT + told * (agreed / loud - _SILENT), 3)

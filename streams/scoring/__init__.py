"""Text to sentiment. Pure: no clock, no file at call time, no framework."""

from streams.scoring.lexicons import LexiconScorer
from streams.scoring.scorer import Scorer

__all__ = ["Scorer", "default_scorer"]


def default_scorer() -> Scorer:
    """The scorer that the pipeline uses. Building it reads the lexicons, about 0.2 s."""
    return LexiconScorer()

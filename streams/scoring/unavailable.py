"""What takes the place of a scorer that could not be loaded."""

from collections.abc import Sequence
from typing import Final

from schemas.scored import Sentiment
from streams.scoring.scorer import Explained

_NEUTRAL: Final = Sentiment(5.0, "neutral", 0.0, 0.0, 0.0)


class UnavailableScorer:
    """Scores nothing and says why: tickets flow on without a sentiment, and can be analysed again later."""

    name = "unavailable"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self._result = Explained(None, unscored=f"scorer unavailable: {reason}")

    def score(self, text: str) -> Sentiment:
        """Neutral."""
        return _NEUTRAL

    def explain(self, text: str) -> Explained:
        """Unscored, with the reason."""
        return self._result

    def score_all(self, texts: Sequence[str]) -> list[Explained]:
        """One result for each text."""
        return [self._result] * len(texts)

"""What a scorer is, and the scale that it scores on."""

from typing import Protocol

from schemas.scored import Label, Sentiment

# Preset A (helpdesk): very_negative < 2 <= negative < 4 <= neutral < 6 <= positive < 8 <= very_positive.
_BANDS: tuple[tuple[float, Label], ...] = (
    (2.0, "very_negative"),
    (4.0, "negative"),
    (6.0, "neutral"),
    (8.0, "positive"),
)


class Scorer(Protocol):
    """Scores a text in any state: empty, huge, not a language. It never raises and takes a bounded time."""

    name: str

    def score(self, text: str) -> Sentiment: ...


def score_of(polarity: float) -> float:
    """Polarity -1 to 1 as a score from 0 (worst) to 10, two decimals: (polarity + 1) * 5, preset A."""
    return round((polarity + 1) * 5, 2)


def label_of(score: float) -> Label:
    """The band that a score is in."""
    return next((label for below, label in _BANDS if score < below), "very_positive")

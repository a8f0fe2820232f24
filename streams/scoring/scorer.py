"""What a scorer is, and the scale that it scores on."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from schemas.scored import LABELS, Label, Reason, Sentiment
from streams.scoring.heard import Heard
from streams.scoring.rounding import round_2

# Preset A (helpdesk): very_negative < 2 <= negative < 4 <= neutral < 6 <= positive < 8 <= very_positive.
HELPDESK_BANDS = (2.0, 4.0, 6.0, 8.0)


class Scorer(Protocol):
    """Scores a text in any state: empty, huge, not a language. It never raises and takes a bounded time."""

    name: str

    def score(self, text: str) -> Sentiment: ...


class Explained(NamedTuple):
    """A sentiment and why. The reasons' points and the middle of the scale, 5, add up to the score, but for rounding.

    `unscored` says why there is no sentiment: no text, automatic reply, bounce, machine-made, unsupported language,
    or scorer unavailable; a detail may follow behind a colon. `removed` counts by kind what cleaning took out, and
    `text` is what it left: empty if a machine wrote it. `heard` is what a scorer that tells it has heard in that text.
    """

    sentiment: Sentiment | None
    reasons: tuple[Reason, ...] = ()
    confidence: float = 0.0
    unscored: str | None = None
    removed: Mapping[str, int] = {}
    text: str = ""
    heard: Heard | None = None


class Explainer(Scorer, Protocol):
    """A scorer that tells why. As a scorer, it calls neutral what it does not score."""

    def explain(self, text: str) -> Explained: ...

    def score_all(self, texts: Sequence[str]) -> list[Explained]:
        """One result for each text, in order."""
        ...


def score_of(polarity: float) -> float:
    """Polarity -1 to 1 as a score from 0 (worst) to 10, two decimals: (polarity + 1) * 5, preset A."""
    return round_2((polarity + 1) * 5)


def polarity_of(score: float) -> float:
    """The other way round."""
    return score / 5 - 1


def label_of(score: float, bands: Sequence[float] = HELPDESK_BANDS) -> Label:
    """The band that a score is in, of five with four rising bounds; a score that equals a bound is above it."""
    return LABELS[bisect_right(bands, score)]

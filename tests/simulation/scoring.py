"""A scorer and a reader that say what stands in the text: what is simulated is not how texts are scored."""

from collections.abc import Sequence

import msgspec

from schemas.readings import PresetName
from schemas.scored import Sentiment
from streams.score import Preset
from streams.scoring.readings import Reading, TextByText
from streams.scoring.scorer import Explained
from tests.simulation.plan import category_of, emotion_of, sentiment_of, urgency_of


class ToldScorer:
    """Keeps `streams.scoring.scorer.Explainer`: a text begins with its score."""

    name = "told"

    def score(self, text: str) -> Sentiment:
        return msgspec.convert(sentiment_of(float(text.split(maxsplit=1)[0])), Sentiment)

    def explain(self, text: str) -> Explained:
        return Explained(self.score(text), text=text) if text else Explained(None, unscored="no text")

    def score_all(self, texts: Sequence[str]) -> list[Explained]:
        return [self.explain(text) for text in texts]


class ToldReader(TextByText):
    """Reads what windows count."""

    name = "told"

    def read(self, text: str, polarity: float, priority: str | None) -> Reading:
        return Reading(category=category_of(text), emotion=emotion_of(text), urgency=urgency_of(text))


def told(name: PresetName) -> Preset:
    """The preset, whatever its name."""
    return Preset(ToldScorer(), ToldReader())

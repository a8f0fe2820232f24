"""The `support` score: what VADER and TextBlob say of a customer's own words, and what the support lexicon adds."""

from collections.abc import Callable, Sequence
from typing import Final

from schemas.scored import Sentiment
from streams.scoring.clean import clean
from streams.scoring.confidence import confidence_of
from streams.scoring.english import looks_english
from streams.scoring.machine_made import machine_of
from streams.scoring.pooling import sentences_of, weights_of
from streams.scoring.presets import Preset
from streams.scoring.scorer import Explained, Reason, label_of, score_of
from streams.scoring.sentence import Part, assess
from streams.scoring.support_lexicon import Lexicon

MAX_REASONS: Final = 25
_NEUTRAL: Final = Sentiment(5.0, "neutral", 0.0, 0.0, 0.0)

LanguageOf = Callable[[str], str | None]


def _unknown(text: str) -> str | None:
    return None


class SupportScorer:
    """Scores with a preset and a lexicon. Immutable but for bounded memories; threads may share it.

    `language_of` gives the two letters of a text's language, or None if it cannot tell; it is asked only about texts
    with hardly a common English word.
    """

    name = "support-1"

    def __init__(self, preset: Preset, lexicon: Lexicon, language_of: LanguageOf = _unknown) -> None:
        self._preset = preset
        self._lexicon = lexicon
        self._language_of = language_of

    def score(self, text: str) -> Sentiment:
        """The sentiment; neutral for what is not scored."""
        return self.explain(text).sentiment or _NEUTRAL

    def score_all(self, texts: Sequence[str]) -> list[Explained]:
        """One result for each text, in order."""
        return list(map(self.explain, texts))

    def explain(self, text: str) -> Explained:
        """The sentiment with its reasons, or why there is none. Never raises; its time has a bound."""
        machine = machine_of(text)
        if machine:
            return Explained(None, unscored=machine)
        cleaned = clean(text)
        if not cleaned.text:
            return Explained(None, unscored="no text", removed=cleaned.removed)
        if not looks_english(cleaned.text.split()):
            language = self._language_of(cleaned.text)
            if language not in (None, "en"):
                return Explained(None, unscored=f"unsupported language: {language}", removed=cleaned.removed)
        return self._explain(cleaned.text)._replace(removed=cleaned.removed)

    def _explain(self, text: str) -> Explained:
        blend, pooling = self._preset.blend, self._preset.pooling
        if len(text) <= pooling.above:
            part = assess(text, self._lexicon, blend)
            reasons = sorted(part.reasons(1.0, 0), key=_size, reverse=True)
            figures = part.polarity, part.compound, part.textblob_polarity, part.subjectivity
            return Explained(self._sentiment(*figures), _told(reasons), confidence_of([part], [1.0]))
        parts = [assess(sentence, self._lexicon, blend) for sentence in sentences_of(text)]
        weights = weights_of([part.polarity for part in parts], pooling.floor)
        sentiment = self._sentiment(
            _mean([part.polarity for part in parts], weights),
            _mean([part.compound for part in parts], weights),
            _mean([part.textblob_polarity for part in parts], weights),
            _mean([part.subjectivity for part in parts], weights),
        )
        return Explained(sentiment, _told(_reasons(text, parts, weights)), confidence_of(parts, weights))

    def _sentiment(self, raw: float, compound: float, polarity: float, subjectivity: float) -> Sentiment:
        score = score_of(raw)
        return Sentiment(score, label_of(score, self._preset.bands), compound, polarity, subjectivity)


def _mean(figures: Sequence[float], weights: Sequence[float]) -> float:
    # The rounding of the weights must not lead out of the bounds.
    total = sum(figure * weight for figure, weight in zip(figures, weights, strict=True))
    return max(min(figures), min(total, max(figures)))


def _reasons(text: str, parts: Sequence[Part], weights: Sequence[float]) -> list[Reason]:
    found: list[Reason] = []
    offset = 0
    for part, weight in zip(parts, weights, strict=True):
        # A piece of several joined sentences does not stand in the text as it is.
        offset = max(text.find(part.text, offset), offset)
        found += part.reasons(weight, offset)
    return sorted(found, key=_size, reverse=True)


def _told(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """The weightiest; those that are left over are added up."""
    if len(reasons) <= MAX_REASONS:
        return tuple(reasons)
    rest = sum(reason.points for reason in reasons[MAX_REASONS - 1 :])
    return (*reasons[: MAX_REASONS - 1], Reason("others", "", rest))


def _size(reason: Reason) -> float:
    return abs(reason.points)

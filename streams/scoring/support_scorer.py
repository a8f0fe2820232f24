"""The `support` score: what VADER and TextBlob say of a customer's own words, and what the support lexicon adds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from schemas.scored import Reason, Sentiment
from streams.scoring.clean import clean
from streams.scoring.confidence import confidence_of
from streams.scoring.english import is_english_after_all, looks_english
from streams.scoring.language import LanguageGuess, trained_identifier
from streams.scoring.machine_made import machine_of
from streams.scoring.pooling import sentences_of, weights_of
from streams.scoring.presets import Preset, read_preset
from streams.scoring.scorer import Explained, label_of, score_of
from streams.scoring.sentence import Part, assess
from streams.scoring.support_lexicon import Lexicon, read_lexicon
from streams.scoring.words import words_of

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
        cleaned = clean(text)
        machine = machine_of(text)
        # A customer may answer to a notice: then it is the notice that a machine made.
        if machine and (machine_of(text.lstrip().partition("\n")[0]) or machine_of(cleaned.text)):
            return Explained(None, unscored=machine, removed=cleaned.removed)
        if not cleaned.text:
            return Explained(None, unscored="no text", removed=cleaned.removed)
        language = None if looks_english(cleaned.text.split()) else self._foreign_language_of(cleaned.text)
        if language:
            unscored = f"unsupported language: {language}"
            return Explained(None, unscored=unscored, removed=cleaned.removed, text=cleaned.text)
        return self._explain(*cleaned)

    def _foreign_language_of(self, text: str) -> str | None:
        language = self._language_of(text)
        if language in (None, "en") or is_english_after_all(text, language, self._lexicon.vocabulary):
            return None
        return language

    def _explain(self, text: str, removed: Mapping[str, int]) -> Explained:
        blend, pooling = self._preset.blend, self._preset.pooling
        if len(text) <= pooling.above:
            part = assess(text, self._lexicon, blend)
            reasons = sorted(part.reasons(1.0, 0), key=_size, reverse=True)
            sentiment = self._sentiment(part.polarity, part.compound, part.textblob_polarity, part.subjectivity)
            return Explained(sentiment, _told(reasons), confidence_of([part], [1.0]), None, removed, text)
        parts = [assess(sentence, self._lexicon, blend) for sentence in sentences_of(text)]
        weights = weights_of([part.polarity for part in parts], pooling.floor)
        sentiment = self._sentiment(
            _mean([part.polarity for part in parts], weights),
            _mean([part.compound for part in parts], weights),
            _mean([part.textblob_polarity for part in parts], weights),
            _mean([part.subjectivity for part in parts], weights),
        )
        told = _told(_reasons(text, parts, weights))
        return Explained(sentiment, told, confidence_of(parts, weights), None, removed, text)

    def _sentiment(self, raw: float, compound: float, polarity: float, subjectivity: float) -> Sentiment:
        score = score_of(raw)
        return Sentiment(score, label_of(score, self._preset.bands), compound, polarity, subjectivity)


def read_support_scorer() -> SupportScorer:
    """The scorer with the preset and the lexicon that are installed, which asks for the language of doubtful texts.

    Raises ValueError with the name of a file that is wrong.
    """
    guess = LanguageGuess(trained_identifier())
    return SupportScorer(read_preset("support"), read_lexicon(), lambda text: guess.of(text, words_of(text)))


def _mean(figures: Sequence[float], weights: Sequence[float]) -> float:
    # The rounding of the weights must not lead out of the bounds.
    total = sum(figure * weight for figure, weight in zip(figures, weights, strict=True))
    return max(min(figures), min(total, max(figures)))


def _reasons(text: str, parts: Sequence[Part], weights: Sequence[float]) -> list[Reason]:
    found: list[Reason] = []
    end = 0
    for part, weight in zip(parts, weights, strict=True):
        # A piece of several joined sentences does not stand in the text as it is.
        start = max(text.find(part.text, end), end)
        end = min(start + len(part.text), len(text))
        found += part.reasons(weight, start)
    return sorted(found, key=_size, reverse=True)


def _told(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """The weightiest; those that are left over are added up."""
    if len(reasons) <= MAX_REASONS:
        return tuple(reasons)
    rest = sum(reason.points for reason in reasons[MAX_REASONS - 1 :])
    return (*reasons[: MAX_REASONS - 1], Reason("others", "", rest))


def _size(reason: Reason) -> float:
    return abs(reason.points)

"""The `support` score: what VADER and TextBlob say of a customer's own words, and what the support lexicon adds."""

from collections.abc import Callable, Sequence
from itertools import chain, compress, islice
from typing import Final

from schemas.scored import Reason, Sentiment
from streams.scoring.clean import Cleaned, clean
from streams.scoring.confidence import confidence_of
from streams.scoring.english import is_english_after_all, looks_english
from streams.scoring.language import LanguageGuess, trained_identifier
from streams.scoring.machine_made import Machine, machine_of
from streams.scoring.pooling import sentences_of, weights_of
from streams.scoring.presets import Preset, read_preset
from streams.scoring.scorer import Explained, label_of, score_of
from streams.scoring.sentence import Part, Why, assess_all
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

    def explain(self, text: str) -> Explained:
        """The sentiment with its reasons, or why there is none. Never raises; its time has a bound."""
        return self.score_all([text])[0]

    def score_all(self, texts: Sequence[str]) -> list[Explained]:
        """One result for each text, in order, as if each were alone."""
        cleaned = list(map(clean, texts))
        machines = list(map(machine_of, texts))
        chunks = [each.text.split() for each in cleaned]
        english = list(map(looks_english, chunks))
        unscored = [
            None if clearly and machine is None and own.text else self._unscored(text, own, machine, clearly)
            for text, own, machine, clearly in zip(texts, cleaned, machines, english, strict=True)
        ]
        told = [why is None for why in unscored]
        scored = iter(self._explain_all(list(compress(cleaned, told)), list(compress(chunks, told))))
        return [next(scored) if why is None else why for why in unscored]

    def _unscored(self, text: str, cleaned: Cleaned, machine: Machine | None, english: bool) -> Explained | None:
        """Why a text is not scored; None for one that is. `english` says that it looks so."""
        # A customer may answer to a notice: then it is the notice that a machine made.
        if machine and (machine_of(text.lstrip().partition("\n")[0]) or machine_of(cleaned.text)):
            return Explained(None, unscored=machine, removed=cleaned.removed)
        if not cleaned.text:
            return Explained(None, unscored="no text", removed=cleaned.removed)
        language = None if english else self._foreign_language_of(cleaned.text)
        if language is None:
            return None
        unscored = f"unsupported language: {language}"
        return Explained(None, unscored=unscored, removed=cleaned.removed, text=cleaned.text)

    def _foreign_language_of(self, text: str) -> str | None:
        language = self._language_of(text)
        if language in (None, "en") or is_english_after_all(text, language, self._lexicon.vocabulary):
            return None
        return language

    def _explain_all(self, cleaned: Sequence[Cleaned], chunks: Sequence[list[str]]) -> list[Explained]:
        """A long text is assessed by sentence. `chunks` stand between the blanks of each."""
        above, floor = self._preset.pooling.above, self._preset.pooling.floor
        texts = [each.text for each in cleaned]
        sentences = [sentences_of(text) if len(text) > above else [text] for text in texts]
        cut = [
            [of_whole] if of_text[0] is text else list(map(str.split, of_text))
            for text, of_text, of_whole in zip(texts, sentences, chunks, strict=True)
        ]
        flat = list(chain.from_iterable(sentences)), list(chain.from_iterable(cut))
        assessed = iter(assess_all(*flat, self._lexicon, self._preset.blend))
        parts = [list(islice(assessed, len(of_text))) for of_text in sentences]
        weights = [weights_of([part.polarity for part in of_text], floor) for of_text in parts]
        sentiments = list(map(self._sentiment, parts, weights))
        reasons = list(map(_reasons, texts, parts, weights))
        confidences = list(map(confidence_of, parts, weights))
        return [
            Explained(sentiment, why, sure, None, removed, text)
            for sentiment, why, sure, (text, removed) in zip(sentiments, reasons, confidences, cleaned, strict=True)
        ]

    def _sentiment(self, parts: Sequence[Part], weights: Sequence[float]) -> Sentiment:
        figures = [(part.polarity, part.compound, part.textblob_polarity, part.subjectivity) for part in parts]
        polarity, compound, textblob_polarity, subjectivity = (
            figures[0] if len(figures) == 1 else [_mean(column, weights) for column in zip(*figures, strict=True)]
        )
        score = score_of(polarity)
        return Sentiment(score, label_of(score, self._preset.bands), compound, textblob_polarity, subjectivity)


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


def _reasons(text: str, parts: Sequence[Part], weights: Sequence[float]) -> tuple[Reason, ...]:
    """The weightiest first; of more than 25, those that are left over are added up."""
    found: list[Why] = []
    end = 0
    for part, weight in zip(parts, weights, strict=True):
        # A piece of several joined sentences does not stand in the text as it is.
        start = max(text.find(part.text, end), end)
        end = min(start + len(part.text), len(text))
        found += part.reasons(weight, start)
    found.sort(key=_size, reverse=True)
    if len(found) > MAX_REASONS:
        rest = sum(points for _, _, points, _, _ in found[MAX_REASONS - 1 :])
        found[MAX_REASONS - 1 :] = [("others", "", rest, 0, 0)]
    return tuple([Reason(rule, term, _rounded(points), start, end) for rule, term, points, start, end in found])


def _rounded(points: float) -> float:
    """To three decimals, which is all that travels; round(points, 3) takes three times as long."""
    return round(points * 1_000) / 1_000


def _size(why: Why) -> float:
    return abs(why[2])

"""The `support` score: what VADER and TextBlob say of a customer's own words, and what the support lexicon adds."""

from collections.abc import Callable, Sequence
from itertools import compress, islice
from operator import itemgetter
from typing import Final

from schemas.scored import Reason, Sentiment
from streams.scoring.clean import Cleaned, clean
from streams.scoring.confidence import confidence_of, confidence_of_all
from streams.scoring.english import is_english_after_all, looks_english
from streams.scoring.heard import Heard
from streams.scoring.hearing import Hearing
from streams.scoring.language import LanguageGuess, trained_identifier
from streams.scoring.machine_made import Machine, machine_of
from streams.scoring.pooling import sentences_of, weights_of
from streams.scoring.presets import Preset, read_preset
from streams.scoring.rounding import WHOLE
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
        self._hearing = Hearing(lexicon)

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
        heard = [self._hearing.hear(text) for text, _ in cleaned]
        english = [looks_english(each.chunks, each.common) for each in heard]
        unscored = [
            None if clearly and machine is None and own.text else self._unscored(text, own, machine, clearly)
            for text, own, machine, clearly in zip(texts, cleaned, machines, english, strict=True)
        ]
        told = [why is None for why in unscored]
        scored = iter(self._explain_all(list(compress(cleaned, told)), list(compress(heard, told))))
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

    def _explain_all(self, cleaned: Sequence[Cleaned], heard: Sequence[Heard]) -> list[Explained]:
        """A long text is assessed by sentence."""
        above = self._preset.pooling.above
        cut = [sentences_of(text) if len(text) > above else None for text, _ in cleaned]
        sentences: list[str] = []
        of_sentences: list[Heard] = []
        for (text, _), parts, of_whole in zip(cleaned, cut, heard, strict=True):
            if parts is None:
                sentences.append(text)
                of_sentences.append(of_whole)
            else:
                sentences += parts
                of_sentences += map(self._hearing.hear, parts)
        assessed = iter(assess_all(sentences, of_sentences, self._lexicon, self._hearing, self._preset.blend))
        return [
            self._of_one(own, of_whole, next(assessed))
            if parts is None
            else self._of_all(own, of_whole, list(islice(assessed, len(parts))))
            for own, parts, of_whole in zip(cleaned, cut, heard, strict=True)
        ]

    def _of_one(self, cleaned: Cleaned, heard: Heard, part: Part) -> Explained:
        text, removed = cleaned
        sentiment = self._sentiment(part.polarity, part.compound, part.textblob_polarity, part.subjectivity)
        return Explained(sentiment, _reasons(part.reasons(1.0, 0)), confidence_of(part), None, removed, text, heard)

    def _of_all(self, cleaned: Cleaned, heard: Heard, parts: Sequence[Part]) -> Explained:
        text, removed = cleaned
        weights = weights_of([part.polarity for part in parts], self._preset.pooling.floor)
        figures = [(part.polarity, part.compound, part.textblob_polarity, part.subjectivity) for part in parts]
        sentiment = self._sentiment(*[_mean(column, weights) for column in zip(*figures, strict=True)])
        sure = confidence_of_all(parts, weights)
        return Explained(sentiment, _reasons(_reasons_in(text, parts, weights)), sure, None, removed, text, heard)

    def _sentiment(self, polarity: float, compound: float, textblob_polarity: float, subjectivity: float) -> Sentiment:
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


def _reasons_in(text: str, parts: Sequence[Part], weights: Sequence[float]) -> list[Why]:
    found: list[Why] = []
    end = 0
    for part, weight in zip(parts, weights, strict=True):
        # A piece of several joined sentences does not stand in the text as it is.
        start = max(text.find(part.text, end), end)
        end = min(start + len(part.text), len(text))
        found += part.reasons(weight, start)
    return found


def _reasons(found: list[Why]) -> tuple[Reason, ...]:
    """The weightiest first; of more than 25, those that are left over are added up. `found` is sorted by it."""
    found.sort(key=_SIZE, reverse=True)
    if len(found) > MAX_REASONS:
        rest = sum(points for _, _, _, points, _, _ in found[MAX_REASONS - 1 :])
        found[MAX_REASONS - 1 :] = [(abs(rest), "others", "", rest, 0, 0)]
    # Three decimals are all that travels.
    return tuple(
        [
            Reason(rule, term, (points * 1_000.0 + WHOLE - WHOLE) / 1_000.0, start, end)
            for _, rule, term, points, start, end in found
        ]
    )


_SIZE: Final = itemgetter(0)

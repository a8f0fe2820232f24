"""What models that were learned say of texts, in the forms in which the pipeline knows it."""

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Final

import msgspec

from schemas.readings import Reading
from schemas.scored import Reason, Sentiment
from streams.learning.calibration import Floats
from streams.learning.linear import OF_LEXICON, Explanation, LinearClassifier
from streams.learning.mood_scale import Strong, scores
from streams.scoring import Explained, Explainer
from streams.scoring.scorer import label_of

RULE: Final = "model"
MAX_REASONS: Final = 8
_LEAST: Final = 0.05
_MIDDLE: Final = 5.0
_SAYS_SOMETHING: Final = 0.3
# Points of the scale for one of margin, where the score and the margin do not say it themselves.
_USUAL: Final = 1.0


class Judge:
    """One model of texts."""

    def __init__(self, classifier: LinearClassifier) -> None:
        self.classifier = classifier
        self.version = classifier.card.version
        self._strong = Strong(*classifier.card.options.get("strong", Strong()))

    @property
    def name(self) -> str:
        """What stands in rows: sentiment-20261122-081500-1a2b3c4d."""
        return f"{self.classifier.card.kind}-{self.version}"

    def sentiments(
        self, texts: Sequence[str], found: Sequence[Explained], by_support: bool, bounds: Sequence[float]
    ) -> list[Explained]:
        """The model's sentiment for texts that the lexicon scored, with what it found of them; `by_support` says that
        it was the scorer that the model knows.
        """
        told = found if by_support else None
        model = self.classifier
        classes = model.card.classes
        margins, why = model.explain(
            texts, classes.index("positive"), classes.index("negative"), told, most=MAX_REASONS
        )
        chosen = model.weighed(margins)
        sure = model.calibration.probabilities(margins)[range(len(texts)), chosen.argmax(axis=1)].tolist()
        points = scores(chosen, classes, self._strong, bounds).tolist()
        return [_explained(*each, bounds) for each in zip(found, points, sure, why, strict=True)]

    def categories(self, texts: Sequence[str]) -> list[str]:
        """The class of each text."""
        margins: Floats = self.classifier.margins(texts)
        return [self.classifier.card.classes[place] for place in margins.argmax(axis=1).tolist()]


class Panel:
    """Keeps `streams.score.Judges`: the models of a tenant, of which one may not be there."""

    def __init__(self, sentiment: Judge | None, category: Judge | None) -> None:
        self._sentiment = sentiment
        self._category = category

    def sentiments(
        self, texts: Sequence[str], found: Sequence[Explained], scorer: Explainer, bounds: Sequence[float]
    ) -> Sequence[Explained]:
        """See `Judges`."""
        if self._sentiment is None:
            return found
        scored = [each.sentiment is not None for each in found]
        judged = iter(
            self._sentiment.sentiments(
                list(compress(texts, scored)), list(compress(found, scored)), scorer.name == "support-1", bounds
            )
        )
        return [next(judged) if each.sentiment is not None else each for each in found]

    def categories(self, texts: Sequence[str], readings: Sequence[Reading]) -> Sequence[Reading]:
        """See `Judges`."""
        if self._category is None:
            return readings
        told = self._category.categories(texts)
        return [
            reading
            if reading.category == category
            else msgspec.structs.replace(reading, category=category, subcategory=None)
            for reading, category in zip(readings, told, strict=True)
        ]

    def name(self, scorer: str) -> str:
        """See `Judges`: "sentiment-…" or the lexicon scorer's name, then "+category-…" where that is a model's."""
        name = scorer if self._sentiment is None else self._sentiment.name
        return name if self._category is None else f"{name}+{self._category.name}"


def _explained(found: Explained, score: float, sure: float, why: Explanation, bounds: Sequence[float]) -> Explained:
    known = found.sentiment
    figures: Mapping[str, float] = (
        {"compound": 0.0, "polarity": 0.0, "subjectivity": 0.0}
        if known is None
        else {"compound": known.compound, "polarity": known.polarity, "subjectivity": known.subjectivity}
    )
    sentiment = Sentiment(score=score, label=label_of(score, bounds), **figures)
    return found._replace(sentiment=sentiment, confidence=round(sure, 4), reasons=_reasons(why, score, found.reasons))


def _reasons(why: Explanation, score: float, by_lexicon: Sequence[Reason]) -> tuple[Reason, ...]:
    """Shares of the margin as points of the score; with what is left over they add up to it."""
    total = sum(term.weight for term in why.terms) + why.others + why.lexicon + why.ahead
    distance = score - _MIDDLE
    # A score and a margin that nearly cancel out say nothing of what one word is worth.
    scale = distance / total if distance * total > 0 and abs(total) > 0.2 else _USUAL
    shares = [(term.weight * scale, RULE, term.term, term.start, term.end) for term in why.terms]
    shares += _of_lexicon(why.lexicon * scale, by_lexicon)
    weighty = sorted((each for each in shares if abs(each[0]) >= _LEAST), key=lambda each: -abs(each[0]))
    shown = [
        Reason(rule, term, round(points, 3), start, end) for points, rule, term, start, end in weighty[:MAX_REASONS]
    ]
    left = round(distance - sum(each.points for each in shown), 3)
    return tuple([*shown, Reason("others", "", left)] if left else shown)


def _of_lexicon(points: float, reasons: Sequence[Reason]) -> list[tuple[float, str, str, int, int]]:
    """What the lexicon scorer's figures are worth to the model, by that scorer's own reasons; as one where those say
    something else, or hardly anything.
    """
    total = sum(each.points for each in reasons)
    if abs(total) < _SAYS_SOMETHING or total * points < 0:
        return [(points, RULE, OF_LEXICON, 0, 0)]
    return [(each.points * points / total, each.rule, each.term, each.start, each.end) for each in reasons]

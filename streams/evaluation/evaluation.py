"""A scorer's answers beside those of people."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from schemas.scored import LABELS, Label
from streams.evaluation.labelled import Labelled
from streams.evaluation.metrics import (
    Counts,
    accuracy,
    area_under_roc,
    confusion,
    counts_below,
    counts_of,
    macro_f1,
    pearson,
    spearman,
)
from streams.scoring import Explained

THREE: Final[Sequence[Label]] = ("negative", "neutral", "positive")
_OF_THREE: Final[dict[Label, Label]] = {"very_negative": "negative", "very_positive": "positive"}
# What has no score is taken for neutral, as the middle of the scale.
_MIDDLE: Final = 5.0
BOUNDS: Final = tuple(half / 2 for half in range(2, 15))


class Figures(msgspec.Struct, frozen=True):
    """One class: how many texts have it, precision, recall and F1, each 0 to 1 or None if nothing can be said."""

    labelled: int
    precision: float | None
    recall: float | None
    f1: float


class AtBound(msgspec.Struct, frozen=True):
    """What is found if a text is called negative for its score being below a bound, or for its label."""

    rule: str
    found: int
    recall: float | None
    precision: float | None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one file. Those of labels are empty or None for ratings without a neutral range, and vice versa.

    `confusion` has a row for each of `classes` as labelled and a column for each as said. `auc_negative` is how often
    a negative text is scored below another. Texts without a score count as neutral, 5.0; `unscored` is their number.
    """

    file: str
    preset: str
    scorer: str
    rows: int
    unscored: int
    classes: Sequence[Label] = ()
    confusion: Sequence[Sequence[int]] = ()
    accuracy: float | None = None
    macro_f1: float | None = None
    by_class: dict[str, Figures] = {}
    auc_negative: float | None = None
    bounds: Sequence[AtBound] = ()
    pearson: float | None = None
    spearman: float | None = None


class Answers(msgspec.Struct, frozen=True):
    """What people and the scorer said of each text, in order: labels (or none), ratings (or none), scores, labels."""

    labels: Sequence[Label]
    ratings: Sequence[float]
    scores: Sequence[float]
    said: Sequence[Label]
    unscored: int


def answers_of(
    rows: Sequence[Labelled], results: Sequence[Explained], neutral: tuple[float, float] | None = None
) -> Answers:
    """Put both sides beside each other. Ratings below the neutral range are negative, those above it positive."""
    ratings = [row.rating for row in rows if row.rating is not None]
    labels = [row.label for row in rows if row.label is not None]
    if ratings and neutral:
        low, high = neutral
        labels = ["negative" if each < low else "positive" if each > high else "neutral" for each in ratings]
    sentiments = [result.sentiment for result in results]
    scores = [_MIDDLE if each is None else each.score for each in sentiments]
    said: list[Label] = ["neutral" if each is None else each.label for each in sentiments]
    return Answers(labels, ratings, scores, said, sentiments.count(None))


def evaluate(answers: Answers, file: str, preset: str, scorer: str) -> Evaluation:
    """All figures. Labels of five bands are compared as five classes, others as three."""
    rated = len(answers.ratings) == len(answers.scores)
    evaluation = Evaluation(
        file=file,
        preset=preset,
        scorer=scorer,
        rows=len(answers.scores),
        unscored=answers.unscored,
        pearson=pearson(answers.scores, answers.ratings) if rated else None,
        spearman=spearman(answers.scores, answers.ratings) if rated else None,
    )
    return _with_classes(evaluation, answers) if answers.labels else evaluation


def _with_classes(evaluation: Evaluation, answers: Answers) -> Evaluation:
    classes = classes_of(answers.labels)
    said = answers.said if classes is LABELS else [_OF_THREE.get(label, label) for label in answers.said]
    matrix = confusion(answers.labels, said, classes)
    counts = counts_of(matrix, classes)
    negative, others = split(answers)
    return msgspec.structs.replace(
        evaluation,
        classes=classes,
        confusion=matrix,
        accuracy=accuracy(matrix),
        macro_f1=macro_f1(counts),
        by_class={name: Figures(each.labelled, each.precision, each.recall, each.f1) for name, each in counts.items()},
        auc_negative=area_under_roc(negative, others),
        bounds=[
            _as_labelled("very_negative", answers),
            _as_labelled("negative", answers),
            *(_at_bound(f"score < {bound}", counts_below(bound, negative, others)) for bound in BOUNDS),
        ],
    )


def classes_of(labels: Sequence[Label]) -> Sequence[Label]:
    """All five labels if people used one of the outer ones, else three."""
    return THREE if set(THREE).issuperset(labels) else LABELS


def split(answers: Answers) -> tuple[list[float], list[float]]:
    """The scores of the texts that people call negative, and of all others."""
    negative, others = list[float](), list[float]()
    for label, score in zip(answers.labels, answers.scores, strict=True):
        (negative if is_negative(label) else others).append(score)
    return negative, others


def is_negative(label: Label) -> bool:
    """Whether a label is one of the two negative ones."""
    return label in ("very_negative", "negative")


def _as_labelled(name: Literal["very_negative", "negative"], answers: Answers) -> AtBound:
    found = [is_negative(said) if name == "negative" else said == name for said in answers.said]
    told = list(map(is_negative, answers.labels))
    rule = "very_negative" if name == "very_negative" else "negative or very_negative"
    return _at_bound(rule, Counts(sum(told), sum(found), sum(map(min, told, found))))


def _at_bound(rule: str, counts: Counts) -> AtBound:
    return AtBound(rule, counts.said, counts.recall, counts.precision)

"""Figures of agreement. Pure; each says what it is when nothing can be said, and none raises."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import mul
from typing import NamedTuple


class Counts(NamedTuple):
    """One class: how many texts have it, how many are said to, and how many of those do."""

    labelled: int
    said: int
    right: int

    @property
    def precision(self) -> float | None:
        """Of what is said to be of the class, the share that is; None if nothing is."""
        return self.right / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        """Of what is of the class, the share that is said to be; None if nothing is."""
        return self.right / self.labelled if self.labelled else None

    @property
    def f1(self) -> float:
        """The harmonic mean of both, 2 right / (labelled + said); 0 if there is nothing of either."""
        total = self.labelled + self.said
        return 2 * self.right / total if total else 0.0


def confusion(labelled: Sequence[str], said: Sequence[str], classes: Sequence[str]) -> list[list[int]]:
    """How often a class (row) was said to be another (column), both in the order of `classes`."""
    places = {name: place for place, name in enumerate(classes)}
    matrix = [[0] * len(classes) for _ in classes]
    for label, answer in zip(labelled, said, strict=True):
        matrix[places[label]][places[answer]] += 1
    return matrix


def counts_of(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> dict[str, Counts]:
    """The counts of each class in a confusion matrix."""
    return {
        name: Counts(sum(matrix[place]), sum(row[place] for row in matrix), matrix[place][place])
        for place, name in enumerate(classes)
    }


def accuracy(matrix: Sequence[Sequence[int]]) -> float | None:
    """The share on the diagonal of a confusion matrix; None if it is empty."""
    total = sum(map(sum, matrix))
    return sum(row[place] for place, row in enumerate(matrix)) / total if total else None


def macro_f1(counts: Mapping[str, Counts]) -> float | None:
    """The mean of the F1 of the classes that are labelled or said at all; None if none is."""
    seen = [each.f1 for each in counts.values() if each.labelled or each.said]
    return sum(seen) / len(seen) if seen else None


def area_under_roc(low: Sequence[float], high: Sequence[float]) -> float | None:
    """How often one of `low` is below one of `high`, over all pairs, ties counting half; None without a pair."""
    if not low or not high:
        return None
    ordered = sorted(high)
    above = sum(len(ordered) - (bisect_left(ordered, each) + bisect_right(ordered, each)) / 2 for each in low)
    return above / (len(low) * len(high))


def pearson(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Pearson's r; None for fewer than two pairs, or if all figures of a side are equal."""
    if len(left) < 2:
        return None
    mean_left, mean_right = math.fsum(left) / len(left), math.fsum(right) / len(right)
    from_left = [each - mean_left for each in left]
    from_right = [each - mean_right for each in right]
    spread = math.sqrt(_product(from_left, from_left)) * math.sqrt(_product(from_right, from_right))
    if not spread:
        return None
    return max(-1.0, min(_product(from_left, from_right) / spread, 1.0))


def _product(left: Sequence[float], right: Sequence[float]) -> float:
    return math.fsum(map(mul, left, right))


def spearman(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Spearman's rho: Pearson's r of the ranks, equal figures sharing the mean of theirs; None as in `pearson`."""
    return pearson(ranks(left), ranks(right))


def ranks(figures: Sequence[float]) -> list[float]:
    """The ranks from 1, in the order of the figures; equal ones share the mean of theirs."""
    ordered = sorted(figures)
    return [(bisect_left(ordered, each) + bisect_right(ordered, each) + 1) / 2 for each in figures]


def counts_below(bound: float, negative: Sequence[float], others: Sequence[float]) -> Counts:
    """The negative class if all scores below a bound, and only those, are said to be negative."""
    right = sum(score < bound for score in negative)
    return Counts(len(negative), right + sum(score < bound for score in others), right)


def precision_recall_curve(negative: Sequence[float], others: Sequence[float]) -> list[tuple[float, float]]:
    """(recall, precision) of the negative class with each score as the bound, from the lowest; empty without any."""
    if not negative:
        return []
    scores = sorted({*negative, *others})
    places = {score: place for place, score in enumerate(scores)}
    right, said = [0] * len(scores), [0] * len(scores)
    for score in negative:
        right[places[score]] += 1
        said[places[score]] += 1
    for score in others:
        said[places[score]] += 1
    pairs = zip(accumulate(right), accumulate(said), strict=True)
    return [(found / len(negative), found / total) for found, total in pairs]

"""Figures of agreement: worked by hand, and against their definitions."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluation.metrics import (
    Counts,
    accuracy,
    area_under_roc,
    confusion,
    counts_below,
    counts_of,
    macro_f1,
    pearson,
    precision_recall_curve,
    ranks,
    spearman,
)

CLASSES = ["no", "so", "yes"]
LABELLED = ["no", "no", "no", "so", "so", "yes"]
SAID = ["no", "no", "so", "so", "yes", "yes"]
SCORES = st.lists(st.integers(0, 6).map(float), max_size=12)
PAIRS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=30)
ANSWERS = st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1)


def test_the_confusion_matrix_by_hand() -> None:
    matrix = confusion(LABELLED, SAID, CLASSES)
    assert matrix == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert accuracy(matrix) == pytest.approx(4 / 6)
    counts = counts_of(matrix, CLASSES)
    assert counts == {"no": Counts(3, 2, 2), "so": Counts(2, 2, 1), "yes": Counts(1, 2, 1)}
    assert [each.precision for each in counts.values()] == [1.0, 0.5, 0.5]
    assert [each.recall for each in counts.values()] == [pytest.approx(2 / 3), 0.5, 1.0]
    assert [each.f1 for each in counts.values()] == [pytest.approx(0.8), 0.5, pytest.approx(2 / 3)]
    assert macro_f1(counts) == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)


def test_a_class_that_nobody_names_is_no_part_of_the_mean() -> None:
    counts = counts_of(confusion(["no", "no"], ["no", "no"], CLASSES), CLASSES)
    assert macro_f1(counts) == 1.0
    assert counts["yes"] == Counts(0, 0, 0)
    assert (counts["yes"].precision, counts["yes"].recall, counts["yes"].f1) == (None, None, 0.0)


def test_without_texts_nothing_can_be_said() -> None:
    empty = confusion([], [], CLASSES)
    assert accuracy(empty) is None
    assert macro_f1(counts_of(empty, CLASSES)) is None
    assert pearson([], []) is None
    assert pearson([1.0], [2.0]) is None
    assert pearson([1.0, 1.0], [2.0, 3.0]) is None
    assert area_under_roc([], [1.0]) is None
    assert area_under_roc([1.0], []) is None
    assert precision_recall_curve([], [1.0]) == []


@given(ANSWERS)
def test_precision_and_recall_are_what_they_are_called(answers: list[tuple[str, str]]) -> None:
    labelled, said = map(list, zip(*answers, strict=True))
    counts = counts_of(confusion(labelled, said, CLASSES), CLASSES)
    for name, each in counts.items():
        both = sum(label == answer == name for label, answer in answers)
        assert each == Counts(labelled.count(name), said.count(name), both)
        if each.precision and each.recall:
            assert each.f1 == pytest.approx(2 / (1 / each.precision + 1 / each.recall))


def test_the_area_by_hand() -> None:
    assert area_under_roc([1, 2], [3, 4]) == 1.0
    assert area_under_roc([3, 4], [1, 2]) == 0.0
    assert area_under_roc([1, 3], [2, 3]) == pytest.approx((1 + 1 + 0 + 0.5) / 4)


@given(SCORES, SCORES)
def test_the_area_counts_pairs(low: list[float], high: list[float]) -> None:
    pairs = [(left, right) for left in low for right in high]
    area = area_under_roc(low, high)
    if not pairs:
        assert area is None
        return
    won = sum(Fraction(left < right) + Fraction(left == right, 2) for left, right in pairs)
    assert area == pytest.approx(float(won / len(pairs)))


def test_the_correlations_by_hand() -> None:
    # Deviations -1, 0, 1 and -2, 1, 1: 3 / (sqrt 2 * sqrt 6).
    assert pearson([1, 2, 3], [0, 3, 3]) == pytest.approx(3 / math.sqrt(12))
    assert pearson([1, 2, 3], [-1, -2, -3]) == pytest.approx(-1)
    assert ranks([10.0, 30.0, 20.0, 20.0]) == [1.0, 4.0, 2.5, 2.5]
    # Anscombe's first set, whose r is known to be 0.816.
    x = [10.0, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    assert pearson(x, y) == pytest.approx(0.81642, abs=1e-5)


@given(PAIRS)
def test_pearson_does_not_mind_another_scale(pairs: list[tuple[int, int]]) -> None:
    left, right = map(list, zip(*pairs, strict=True))
    r = pearson(left, right)
    again = pearson([3.0 * each - 7 for each in left], [-2.0 * each for each in right])
    if r is None or again is None:
        assert r is again
    else:
        assert -1 <= r <= 1
        assert again == pytest.approx(-r, abs=1e-9)


@given(st.permutations(range(9)))
def test_spearman_of_distinct_figures_is_the_sum_of_squared_differences(order: list[int]) -> None:
    squares = sum((place - rank) ** 2 for place, rank in enumerate(order))
    cubes = [float(place) ** 3 for place in range(9)]
    assert spearman(cubes, [float(rank) for rank in order]) == pytest.approx(1 - 6 * squares / (9 * 80))


@given(SCORES)
def test_ranks_are_one_more_than_what_is_below_and_half_of_what_is_equal(figures: list[float]) -> None:
    for figure, rank in zip(figures, ranks(figures), strict=True):
        below, equal = sum(each < figure for each in figures), figures.count(figure)
        assert rank == below + (equal + 1) / 2


def test_what_is_below_a_bound_is_called_negative() -> None:
    assert counts_below(3.0, negative=[1.0, 2.9, 3.0], others=[2.0, 5.0]) == Counts(labelled=3, said=3, right=2)


@given(SCORES, SCORES)
def test_the_curve_has_a_point_for_each_score(negative: list[float], others: list[float]) -> None:
    curve = precision_recall_curve(negative, others)
    bounds = sorted({*negative, *others}) if negative else []
    assert len(curve) == len(bounds)
    for bound, (recall, precision) in zip(bounds, curve, strict=True):
        counts = counts_below(bound + 0.5, negative, others)
        assert counts.recall == pytest.approx(recall)
        assert counts.precision == pytest.approx(precision)

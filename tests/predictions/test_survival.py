"""How long things last, against what can be worked out in closed form."""

import math

import numpy as np
import pytest

from streams.predictions import baseline, sla
from streams.predictions.survival import Z80, curve, still_interval, weighted_quantiles


def test_the_example_of_the_textbook() -> None:
    """Freireich et al. (1963), 6-MP: remission in weeks; S as every textbook has it."""
    weeks = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35], float)
    over = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], bool)
    of = curve(weeks, over)
    assert of.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert np.round(of.alive, 3).tolist() == [0.857, 0.807, 0.753, 0.69, 0.627, 0.538, 0.448]
    errors = of.alive * np.sqrt(of.variance)
    assert np.round(errors, 4).tolist() == [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]


def test_without_censoring_it_is_the_share_that_is_left() -> None:
    took = np.array([4.0, 1, 3, 3, 8])
    of = curve(took, np.ones(5, bool))
    for moment in (0.5, 1, 2.9, 3, 7.9, 8, 9):
        assert of.at(np.array([moment]))[0] == pytest.approx(np.mean(took > moment))
    # Greenwood's formula is the binomial's variance then.
    alive = 0.4
    assert alive**2 * of.spread(np.array([3.0]))[0] == pytest.approx(alive * (1 - alive) / 5)


def test_what_ends_equally_likely_at_any_moment_does_not_age() -> None:
    random = np.random.default_rng(3)
    took, censored = random.exponential(10, 40_000), random.exponential(15, 40_000)
    of = curve(np.minimum(took, censored), took <= censored)
    for age in (0.0, 5.0, 12.0):
        still = of.still(np.array([age + 7.0]), np.array([age]))[0]
        assert still == pytest.approx(math.exp(-0.7), abs=0.02)
        assert of.quantile(0.5, np.array([age]))[0] - age == pytest.approx(10 * math.log(2), abs=0.35)


def test_a_target_that_has_passed_is_missed_for_certain() -> None:
    of = curve(np.array([1.0, 2, 3]), np.ones(3, bool))
    assert of.still(np.array([2.0, 2.0]), np.array([2.0, 5.0])).tolist() == [1.0, 1.0]
    assert baseline.outlasts(np.array([8.0]), np.array([0.0]), np.array([4.0]))[0] == pytest.approx(math.exp(-2))
    assert sla.by_mean(np.array([8.0]), np.array([9.0]), np.array([4.0])).value[0] == 1.0


def test_a_chance_beyond_all_that_lasted_is_not_told() -> None:
    of = curve(np.array([1.0, 2, 3]), np.ones(3, bool))
    assert np.isnan(of.still(np.array([9.0]), np.array([4.0]))[0])
    assert np.isnan(of.quantile(0.5, np.array([3.0, 4.0]))).all()


def test_the_interval_of_a_chance_is_held_as_often_as_it_says() -> None:
    random, held = np.random.default_rng(5), 0
    truth = math.exp(-8 / 10)
    for _ in range(400):
        took, censored = random.exponential(10, 80), random.exponential(30, 80)
        of = curve(np.minimum(took, censored), took <= censored)
        low, high = still_interval(of, np.array([8.0]), np.array([0.0]))
        held += bool(low[0] <= truth <= high[0])
    assert 0.74 <= held / 400 <= 0.86


def test_where_none_or_all_ended_the_interval_is_not_empty() -> None:
    of = curve(np.array([1.0, 2, 3, 4, 50]), np.ones(5, bool))
    [low], [high] = still_interval(of, np.array([20.0]), np.array([10.0]))
    assert 0 < low < 1 == high
    none = curve(np.array([1.0, 2, 3, 4]), np.ones(4, bool))
    [low], [high] = still_interval(none, np.array([4.0]), np.array([0.0]))
    assert low == 0 < high == pytest.approx(Z80**2 / (4 + Z80**2))


def test_a_weight_is_as_many_spells() -> None:
    random = np.random.default_rng(8)
    took, over = random.integers(1, 30, 40).astype(float), random.random(40) < 0.7
    weights = random.integers(1, 4, 40)
    many = curve(np.repeat(took, weights), np.repeat(over, weights))
    for age in (0.0, 4.0):
        found, count = weighted_quantiles(
            took[None], over[None], weights[None].astype(float), np.array([age]), (0.1, 0.5)
        )
        assert found[0].tolist() == [many.quantile(share, np.array([age]))[0] for share in (0.1, 0.5)]
        assert count[0] == np.sum(took > age)


def test_weights_of_nothing_tell_nothing() -> None:
    found, count = weighted_quantiles(
        np.array([[3.0, 5.0]]), np.array([[True, True]]), np.zeros((1, 2)), np.zeros(1), (0.5,)
    )
    assert np.isnan(found).all()
    assert count.tolist() == [0]

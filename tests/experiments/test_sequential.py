"""The test at every look: its formulas against integrals and against the simulation's, and how often it is wrong."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from sinks.experiments.sequential import (
    BURN_IN,
    RARE,
    Estimate,
    Sums,
    difference,
    interval,
    log_ratio,
    mismatch,
    p_value,
)
from tests.evaluations.experiments import ALPHA, halves, paths_of, tried


@pytest.mark.parametrize(("found", "variance", "tau"), [(0.3, 0.01, 0.2), (-0.02, 0.0004, 0.05), (4.0, 9.0, 1.0)])
def test_the_ratio_is_the_mixture_that_it_is_said_to_be(found: float, variance: float, tau: float) -> None:
    deviation = math.sqrt(variance)

    def weighted(effect: float) -> float:
        return float(stats.norm.pdf(found, effect, deviation) * stats.norm.pdf(effect, 0, tau))

    averaged, _ = integrate.quad(weighted, -12 * tau - abs(found), 12 * tau + abs(found), points=[0.0, found])
    expected = math.log(averaged / stats.norm.pdf(found, 0, deviation))
    assert log_ratio(Estimate(found, variance), tau) == pytest.approx(expected, rel=1e-6)


def test_the_interval_leaves_0_when_the_ratio_refutes_it() -> None:
    half = interval(Estimate(0.0, 0.0004), 0.05, 0.05).high
    assert log_ratio(Estimate(half, 0.0004), 0.05) == pytest.approx(math.log(20))
    assert p_value(math.log(20)) == pytest.approx(0.05)
    assert p_value(-3.0) == 1.0


def test_what_is_told_waits_until_there_is_enough() -> None:
    arm, control = Sums(), Sums()
    for number in range(1_000):
        arm.add(float(number % 20 == 0))
        control.add(0.0)
        known = difference(arm, control, is_share=True) is not None
        # One in twenty of the one arm, so one in forty of both: in the smaller arm half of what there is.
        assert known == (arm.number >= BURN_IN and (number // 20 + 1) / 2 >= RARE)
    # Values that never differ tell nothing.
    assert difference(control, control, is_share=False) is None


@pytest.mark.parametrize("is_share", [True, False])
def test_the_simulation_has_the_product_s_formulas(is_share: bool) -> None:
    chance = np.random.default_rng(5)
    values = (chance.random((1, 300)) < 0.3).astype(float) if is_share else chance.exponential(2.0, (1, 300))
    is_arm = chance.random((1, 300)) < 0.4
    paths = paths_of(values, is_arm, 1, is_share=is_share)
    half = halves(paths.variance, 0.1, ALPHA)
    arm, control = Sums(), Sums()
    known = 0
    for number in range(300):
        (arm if is_arm[0, number] else control).add(float(values[0, number]))
        estimate = difference(arm, control, is_share=is_share)
        assert (estimate is None) == bool(np.isnan(paths.difference[0, number]))
        if estimate is not None:
            known += 1
            low, high = interval(estimate, 0.1, ALPHA)
            middle = paths.difference[0, number]
            assert (low, high) == pytest.approx((middle - half[0, number], middle + half[0, number]))
    assert known > 40


@pytest.mark.parametrize(
    ("kind", "base", "tau", "share"), [("share", 0.05, 0.02, 0.5), ("share", 0.1, 0.05, 0.3), ("time", 1.0, 0.2, 0.5)]
)
def test_looking_after_every_ticket_is_wrong_in_no_more_than_alpha(
    kind: str, base: float, tau: float, share: float
) -> None:
    made = tried(np.random.default_rng(11), kind, base, 0.0, tau, 1_500, 2_000, share)
    assert made.found <= ALPHA
    assert made.covered >= 1 - ALPHA
    # The same looks at a test that is made for one.
    assert made.naive > 2 * ALPHA


def test_a_difference_that_matters_is_found() -> None:
    made = tried(np.random.default_rng(12), "share", 0.1, -0.06, 0.03, 3_000, 500)
    assert made.found > 0.9
    assert made.covered >= 1 - ALPHA
    assert made.tickets < 2_400


def test_a_mismatch_is_seen_and_chance_is_not() -> None:
    chance = np.random.default_rng(13)
    wrong = 0
    for _ in range(300):
        fell = np.cumsum(chance.random(2_000) < 0.5)
        wrong += min(mismatch((int(a), n - int(a)), (0.5, 0.5)) for n, a in enumerate(fell, 1) if n % 20 == 0) < 0.05
    assert wrong / 300 <= 0.05
    # A tenth of one arm's tickets is lost.
    fell = np.cumsum(chance.random(10_000) < 0.45 / 0.95)
    assert mismatch((int(fell[-1]), 10_000 - int(fell[-1])), (0.5, 0.5)) < 0.001


def test_a_mismatch_of_three_arms_is_as_likely_as_the_mixture_says() -> None:
    # Of no tickets nothing is known; of one, nothing either: the mixture's mean are the shares.
    assert mismatch((0, 0, 0), (0.5, 0.3, 0.2)) == 1.0
    assert mismatch((1, 0, 0), (0.5, 0.3, 0.2)) == pytest.approx(1.0)
    assert mismatch((400, 100, 0), (0.5, 0.3, 0.2)) < 1e-9

"""Tests and intervals that hold at every look, however often one looks. Pure; closed forms only.

A difference of means is judged by the normal mixture of the sequential probability ratio test (Robbins, Ann. Math.
Stat. 41, 1970; for experiments Johari, Koomen, Pekelis and Walsh, Operations Research 70, 2022): the estimate's
likelihood ratio against "no difference", averaged over differences drawn from N(0, tau²). With variances that are
estimated it is the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (Annals of
Statistics 52, 2024): it holds once there are enough observations, which is why none is given before.
"""

from collections.abc import Sequence
from math import exp, lgamma, log, sqrt
from typing import Final, NamedTuple

# Before an arm has so many observations nothing is said of it: estimated variances are not to be trusted.
BURN_IN: Final = 100
# Nor while of yes and of no fewer are to be expected in the smaller arm, by the share of both together. A small arm of
# rare events goes wrong more often than it should without this (docs/experiments.md).
RARE: Final = 20
# How much the shares of a mixture over shares spread about those that are planned.
_SPREAD: Final = 100.0


class Estimate(NamedTuple):
    """A difference and the variance of its estimate."""

    difference: float
    variance: float


class Interval(NamedTuple):
    """From `low` to `high`; all there is where nothing is known yet."""

    low: float
    high: float


class Sums:
    """Number, mean and spread of values that come one after the other (Welford, Technometrics 4, 1962)."""

    __slots__ = ("_squares", "mean", "number")

    def __init__(self) -> None:
        self.number = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, value: float) -> None:
        """Take one more value in."""
        self.number += 1
        step = value - self.mean
        self.mean += step / self.number
        self._squares += step * (value - self.mean)

    @property
    def variance(self) -> float:
        """Of the values; 0 of fewer than two."""
        return max(self._squares, 0.0) / (self.number - 1) if self.number > 1 else 0.0


def difference(arm: Sums, control: Sums, *, is_share: bool) -> Estimate | None:
    """Of the arm's mean from the control's; none before there is enough to go by.

    The variance of shares is that of the shares with one hit and one miss added to each arm (Agresti and Caffo, The
    American Statistician 54, 2000), so that no arm is ever thought to be certain.
    """
    least = min(arm.number, control.number)
    if least < BURN_IN:
        return None
    if not is_share:
        variance = arm.variance / arm.number + control.variance / control.number
        return Estimate(arm.mean - control.mean, variance) if variance > 0 else None
    hits = round(arm.mean * arm.number + control.mean * control.number)
    both = arm.number + control.number
    if least * min(hits, both - hits) < RARE * both:
        return None
    return Estimate(arm.mean - control.mean, _of_share(arm) + _of_share(control))


def log_ratio(estimate: Estimate, tau: float) -> float:
    """The logarithm of the mixture's likelihood ratio against "no difference": at log(1 / alpha) that is refuted."""
    difference, v = estimate
    return 0.5 * log(v / (v + tau * tau)) + tau * tau * difference * difference / (2 * v * (v + tau * tau))


def interval(estimate: Estimate, tau: float, alpha: float) -> Interval:
    """The differences that are not refuted: of all looks together the true one is outside in a share `alpha` of all
    experiments at most.
    """
    difference, v = estimate
    half = sqrt(2 * v * (v + tau * tau) / (tau * tau) * (log(1 / alpha) + 0.5 * log((v + tau * tau) / v)))
    return Interval(difference - half, difference + half)


def p_value(highest_log_ratio: float) -> float:
    """Always valid: of the highest ratio of all looks so far. It never rises."""
    return min(1.0, exp(-highest_log_ratio)) if highest_log_ratio > 0 else 1.0


def mismatch(counts: Sequence[int], shares: Sequence[float]) -> float:
    """An always-valid p-value for "tickets fall to the arms by these shares", at one look: exact, by a Dirichlet
    mixture of multinomials about them (Lindon and Malek, NeurIPS 2022). The least of all looks is valid, too.
    """
    prior = [_SPREAD * share for share in shares]
    ratio = lgamma(sum(prior)) - lgamma(sum(prior) + sum(counts))
    for count, weight, share in zip(counts, prior, shares, strict=True):
        ratio += lgamma(weight + count) - lgamma(weight) - count * log(share)
    return p_value(ratio)


def _of_share(sums: Sums) -> float:
    number = sums.number + 2
    share = (sums.mean * sums.number + 1) / number
    return share * (1 - share) / number

"""Tail probabilities of the distributions that counts, shares and means of a window are held against.

All come from the regularised incomplete beta function, by its continued fraction (Abramowitz & Stegun 26.5.8) with
Lentz's method (W. J. Lentz, Applied Optics 15, 1976).
"""

import math

_TINY = 1e-300
_STEPS = 3000
_PRECISION = 1e-12


def many_or_more(count: float, expected: float, size: float) -> float:
    """P(X >= count) of a negative binomial X with mean `expected` and variance expected + expected² / size.

    A large `size` makes it a Poisson distribution. `count` may be fractional; 1 where it is 0 or less.
    """
    if count <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    return _beta(count, size, expected / (size + expected))


def none_at_all(expected: float, size: float) -> float:
    """P(X = 0) of the same distribution."""
    return math.exp(-size * math.log1p(expected / size))


def share_or_more(count: float, trials: float, share: float, correlation: float) -> float:
    """P(X >= count) of `trials` trials that succeed with probability `share` and are correlated with each other.

    Correlated trials tell as much as fewer independent ones: trials / (1 + (trials - 1) correlation), the design
    effect of cluster samples (L. Kish, Survey Sampling, 1965).
    """
    if count <= 0:
        return 1.0
    effective = trials / (1 + max(trials - 1, 0.0) * correlation)
    successes = count * effective / trials
    return _beta(successes, max(effective - successes, 0.0) + 1, share)


def this_low(deviation: float, degrees: float) -> float:
    """P(T <= deviation) of Student's t with so many degrees of freedom; `deviation` in standard errors."""
    tail = _beta(degrees / 2, 0.5, degrees / (degrees + deviation * deviation)) / 2
    return tail if deviation < 0 else 1 - tail


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    # The fraction converges fast on this side of the mean only.
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _fraction(a, b, x) / a
    return 1 - math.exp(log_front) * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    c = 1.0
    d = 1 / _not_zero(1 - (a + b) * x / (a + 1))
    product = d
    for step in range(1, _STEPS):
        twice = 2 * step
        even = step * (b - step) * x / ((a + twice - 1) * (a + twice))
        d = 1 / _not_zero(1 + even * d)
        c = _not_zero(1 + even / c)
        product *= c * d
        odd = -(a + step) * (a + b + step) * x / ((a + twice) * (a + twice + 1))
        d = 1 / _not_zero(1 + odd * d)
        c = _not_zero(1 + odd / c)
        product *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return product


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY

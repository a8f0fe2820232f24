"""How long things last, given that some have not ended yet: the product-limit estimator of Kaplan and Meier (1958),
with weights, and what it says of somebody who has waited for a while. Pure.

P(T > x | T > a) = S(x) / S(a): what has passed is a fact, only the rest is foretold.
"""

from typing import Final, NamedTuple

import numpy as np

from streams.predictions.history import Mask, Numbers

# 10 % and 90 % of a normal distribution: all intervals here hold 80 %.
Z80: Final = 1.2815515655446004


class Curve(NamedTuple):
    """A step function: from `times[i]` on the share `alive[i]` has not ended yet. `variance` is Greenwood's sum, of
    log S. `spells` is how many are behind it.
    """

    times: Numbers
    alive: Numbers
    variance: Numbers
    spells: int

    def at(self, moments: Numbers) -> Numbers:
        """S; 1 before the first end."""
        return self._of(self.alive, 1.0, moments)

    def spread(self, moments: Numbers) -> Numbers:
        """Greenwood's sum up to there."""
        return self._of(self.variance, 0.0, moments)

    def still(self, target: Numbers, age: Numbers) -> Numbers:
        """P(T > target | T > age); 1 where the target has passed, nan where nothing lasted as long as `age`."""
        alive = self.at(age)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(age >= target, 1.0, np.where(alive > 0, self.at(target) / alive, np.nan))

    def quantile(self, share: float, age: Numbers) -> Numbers:
        """The time by which so large a share of those that lasted to `age` has ended; nan where the curve ends above
        it, or nothing lasted as long as `age`.
        """
        alive = self.at(age)
        found = np.searchsorted(-self.alive, -alive * (1 - share) - 1e-12, "left")
        return np.where(alive > 0, np.append(self.times, np.nan)[found], np.nan)

    def _of(self, values: Numbers, before: float, moments: Numbers) -> Numbers:
        return np.concatenate([[before], values])[np.searchsorted(self.times, moments, "right")]


def curve(took: Numbers, over: Mask) -> Curve:
    """The estimate from spells; those that are not over are censored after `took`."""
    times, inverse = np.unique(took, return_inverse=True)
    ends = np.bincount(inverse, weights=over.astype(np.float64), minlength=len(times))
    left = np.bincount(inverse, minlength=len(times))
    risk = len(took) - np.concatenate([[0.0], np.cumsum(left)[:-1]]) if len(times) else np.zeros(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        alive = np.cumprod(1 - ends / risk)
        variance = np.cumsum(np.where(risk > ends, ends / (risk * (risk - ends)), 0.0))
    kept = ends > 0
    return Curve(np.asarray(times[kept]), alive[kept], variance[kept], len(took))


def still_interval(of: Curve, target: Numbers, age: Numbers) -> tuple[Numbers, Numbers]:
    """80 % bounds of P(T > target | T > age), by the variance of log S between the two. What nobody lasted through, or
    everybody did, has the bounds of Wilson for none, or all, of those that were at risk.
    """
    chance = of.still(target, age)
    deviation = np.sqrt(np.maximum(of.spread(target) - of.spread(age), 0))
    low, high = chance * np.exp(-Z80 * deviation), np.minimum(chance * np.exp(Z80 * deviation), 1.0)
    at_risk = np.maximum(of.spells * of.at(age), 1.0)
    edge = Z80**2 / (at_risk + Z80**2)
    low = np.where((chance >= 1) & (age < target), 1 - edge, low)
    return low, np.where(chance <= 0, edge, high)


def weighted_quantiles(
    took: Numbers, over: Mask, weights: Numbers, age: Numbers, shares: tuple[float, ...]
) -> tuple[Numbers, Numbers]:
    """For each row of weighted spells (rows, spells) the times by which such shares of those that last longer than the
    row's `age` have ended, (rows, shares), and the number of spells that each row rests on.

    Where censoring hides a quantile, the longest of the row's spells stands for it; nan in a row of nothing.
    """
    order = np.argsort(took, axis=1, kind="stable")
    took, over = np.take_along_axis(took, order, axis=1), np.take_along_axis(over, order, axis=1)
    weights = np.take_along_axis(weights, order, axis=1)
    weights = np.where(took > age[:, None], weights, 0.0)
    risk = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        alive = np.cumprod(1 - np.where(risk > 0, weights * over / risk, 0.0), axis=1)
    count = np.sum(weights > 0, axis=1).astype(np.float64)
    longest = np.max(np.where(weights > 0, took, -np.inf), axis=1, initial=-np.inf)
    found = np.empty((len(took), len(shares)))
    for column, share in enumerate(shares):
        reached = alive <= 1 - share + 1e-12
        place = np.argmax(reached, axis=1)
        value = np.take_along_axis(took, place[:, None], axis=1)[:, 0]
        found[:, column] = np.where(reached.any(axis=1), value, longest)
    found[count == 0] = np.nan
    return found, count

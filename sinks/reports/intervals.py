"""How sure a figure is: intervals in which the true one lies in 95 of 100 cases, so that noise is not told as news."""

from collections.abc import Sequence
from math import exp, log, sqrt
from statistics import NormalDist, fmean, variance
from typing import Final, NamedTuple

CONFIDENCE: Final = 0.95
_NORMAL: Final = NormalDist()
# What an exponential still holds: one enormous burst beside next to nothing says nothing.
_LARGEST: Final = 700.0


class Interval(NamedTuple):
    """From `low` to `high`."""

    low: float
    high: float

    @property
    def is_above(self) -> bool:
        """Whether all of it lies above 0."""
        return self.low > 0

    @property
    def is_below(self) -> bool:
        """Whether all of it lies below 0."""
        return self.high < 0


class Counted(NamedTuple):
    """`hits` of `among`."""

    hits: float
    among: float

    @property
    def share(self) -> float | None:
        """0 to 1; none of nothing."""
        return self.hits / self.among if self.among else None


def quantile(comparisons: int = 1) -> float:
    """How many standard errors an interval is wide to each side when so many are looked at together (Bonferroni): of
    many figures without any change some move by chance.
    """
    return _NORMAL.inv_cdf(1 - (1 - CONFIDENCE) / 2 / max(comparisons, 1))


def of_share(counted: Counted, z: float = quantile()) -> Interval:
    """Wilson's interval of a share (J. Am. Stat. Assoc. 22, 1927); everything is possible of nothing."""
    hits, among = counted
    if not among:
        return Interval(0.0, 1.0)
    share, wide = hits / among, z * z / among
    middle = (share + wide / 2) / (1 + wide)
    half = z / (1 + wide) * sqrt(share * (1 - share) / among + wide / (4 * among))
    return Interval(max(middle - half, 0.0), min(middle + half, 1.0))


def of_difference(now: Counted, before: Counted, z: float = quantile()) -> Interval:
    """Newcombe's interval of the difference of two shares (Statistics in Medicine 17, 1998, method 10)."""
    if not now.among or not before.among:
        return Interval(-1.0, 1.0)
    a, b = now.hits / now.among, before.hits / before.among
    of_a, of_b = of_share(now, z), of_share(before, z)
    return Interval(
        a - b - sqrt((a - of_a.low) ** 2 + (of_b.high - b) ** 2),
        a - b + sqrt((of_a.high - a) ** 2 + (b - of_b.low) ** 2),
    )


def of_mean(mean: float, deviation: float, number: int, z: float = quantile()) -> Interval | None:
    """Of a mean of so many values with a standard deviation; none of fewer than two."""
    if number < 2:
        return None
    half = z * deviation / sqrt(number)
    return Interval(mean - half, mean + half)


def of_growth(
    now: int, before: int, steps: tuple[Sequence[float], Sequence[float]], z: float = quantile()
) -> Interval | None:
    """Of the growth from one count to another, as a share of the first: 0.5 is half as much again. How much counts
    spread is taken from the equal steps of the two spans, because tickets come in bursts; they spread as chance at
    least. None where either is nothing.
    """
    if now <= 0 or before <= 0:
        return None
    seen = [each for each in steps if sum(each)]
    spread = max([1.0, *(variance(each) / fmean(each) for each in seen if len(each) > 1)])
    half = z * sqrt(max(1 / now + 1 / before, spread * sum(1 / sum(each) for each in seen)))
    middle = log(now / before)
    return Interval(exp(middle - half) - 1, exp(min(middle + half, _LARGEST)) - 1)

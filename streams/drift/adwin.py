"""ADWIN: a window over a stream that is cut wherever its two parts have means too different to be chance (Bifet and
Gavaldà, Learning from time-changing data with adaptive windowing, SDM 2007). Pure; a window is a value.

The window is kept as an exponential histogram: at most MAX_BUCKETS buckets of each power of two of values, so that a
year of hours is some sixty of them. Values are within 0 to 1. A cut into n0 older and n1 newer values is believed when

    |mean0 - mean1| > sqrt(2/m · variance · ln(2/δ')) + 2/(3m) · ln(2/δ'),    1/m = 1/n0' + 1/n1',    δ' = δ / ln(n)

(equation 3.1 of the paper), n' being n - LEAST + 1: a part of fewer than LEAST values is no part.
"""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

MAX_BUCKETS: Final = 5
LEAST: Final = 5
# Of fewer values nothing is said.
GRACE: Final = 10


class Bucket(msgspec.Struct, frozen=True, array_like=True):
    """Values that were added up: their sum, and the sum of their squared distances from their own mean.

    Carried along, and not judged: `plain` is the sum of what the values were before they were brought into 0 to 1,
    `weight` how much there was behind them, and `start` the time of the first.
    """

    total: float
    squares: float
    plain: float
    weight: float
    start: int


class Window(msgspec.Struct, frozen=True, array_like=True):
    """Row i has buckets of 2**i values, the oldest first; higher rows are older."""

    rows: tuple[tuple[Bucket, ...], ...] = ()


class Part(NamedTuple):
    """Some values next to each other; `mean` is of the values as they were before they were brought into 0 to 1."""

    values: int
    mean: float
    weight: float
    start: int


class Change(NamedTuple):
    """A window falls apart into two, and the least δ at which it still would."""

    before: Part
    after: Part
    probability: float


def add(window: Window, value: float, plain: float, weight: float, start: int) -> Window:
    """The window with one value more, 0 to 1. Raises ValueError for a value outside of that."""
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is not within 0 to 1")
    rows = list(window.rows) or [()]
    rows[0] = (*rows[0], Bucket(value, 0.0, plain, weight, start))
    for place in range(len(rows)):
        if len(rows[place]) <= MAX_BUCKETS:
            break
        oldest, next_oldest, *rest = rows[place]
        if place + 1 == len(rows):
            rows.append(())
        rows[place] = tuple(rest)
        rows[place + 1] = (*rows[place + 1], _merged(oldest, next_oldest, 2**place))
    return Window(tuple(rows))


def find_change(window: Window, delta: float) -> Change | None:
    """The cut that chance explains least, if it is believed. `delta` bounds the probability that one is found in values
    of one distribution, each time that it is asked for.

    Of a window that is cut the paper keeps the newer buckets one by one; who asks here begins a new window instead.
    """
    found = _least_chance(window)
    if found.probability >= delta:
        return None
    sized = list(_sized(window))
    return Change(_part(sized[: found.buckets]), _part(sized[found.buckets :]), found.probability)


def width(window: Window) -> int:
    """How many values it has."""
    return sum(len(row) << place for place, row in enumerate(window.rows))


def _sized(window: Window) -> Iterator[tuple[int, Bucket]]:
    """Each bucket with the number of its values, the oldest first."""
    for place in range(len(window.rows) - 1, -1, -1):
        for bucket in window.rows[place]:
            yield 1 << place, bucket


def _merged(one: Bucket, other: Bucket, values: int) -> Bucket:
    between = (one.total - other.total) ** 2 / (2 * values)
    return Bucket(
        one.total + other.total,
        one.squares + other.squares + between,
        one.plain + other.plain,
        one.weight + other.weight,
        one.start,
    )


class _Cut(NamedTuple):
    """After so many buckets, and the least δ at which that would be believed."""

    buckets: int
    probability: float


def _least_chance(window: Window) -> _Cut:
    values = width(window)
    least = _Cut(0, 1.0)
    if values <= GRACE:
        return least
    sized = list(_sized(window))
    total = sum(bucket.total for _, bucket in sized)
    mean = total / values
    variance = sum(bucket.squares + (bucket.total - size * mean) ** 2 / size for size, bucket in sized) / values
    n0, total0 = 0, 0.0
    for buckets, (size, bucket) in enumerate(sized[:-1], 1):
        n0, total0 = n0 + size, total0 + bucket.total
        n1 = values - n0
        if n0 < LEAST or n1 < LEAST:
            continue
        apart = abs(total0 / n0 - (total - total0) / n1)
        inverse = 1 / (n0 - LEAST + 1) + 1 / (n1 - LEAST + 1)
        probability = _chance(apart, inverse, variance) * math.log(values)
        if probability < least.probability:
            least = _Cut(buckets, probability)
    return least


def _chance(apart: float, inverse: float, variance: float) -> float:
    """δ' for which the bound is `apart`: it is a quadratic in the root of ln(2/δ')."""
    linear, root = 2 / 3 * inverse, math.sqrt(2 * inverse * max(variance, 0.0))
    logarithm = ((math.sqrt(root * root + 4 * linear * apart) - root) / (2 * linear)) ** 2
    return 2 * math.exp(-logarithm)


def _part(sized: list[tuple[int, Bucket]]) -> Part:
    values = sum(size for size, _ in sized)
    plain = sum(bucket.plain for _, bucket in sized)
    return Part(values, plain / values, sum(bucket.weight for _, bucket in sized), sized[0][1].start)

"""Histograms of durations that add up exactly, and quantiles of them within 2 %.

The buckets grow by one ratio, as those of DDSketch do (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable
quantile sketch with relative-error guarantees", 2019): bucket i holds the durations above GROWTH**(i - 1) and up to
GROWTH**i milliseconds.
"""

import math
from collections.abc import Mapping
from typing import Final

# A duration and its bucket's middle differ by (GROWTH - 1) / (GROWTH + 1) = 1.96 % at most.
GROWTH: Final = 1.04
_LOG: Final = math.log(GROWTH)
_MIDDLE: Final = 2 / (GROWTH + 1)

# How many durations fell into each bucket.
Histogram = dict[int, int]


def bucket_of(milliseconds: int) -> int:
    """The bucket of a duration, 0 for one of a millisecond or less; 30 days' is 553."""
    return math.ceil(math.log(milliseconds) / _LOG) if milliseconds > 1 else 0


def quantile(histogram: Mapping[int, int], share: float) -> float | None:
    """Seconds within which this share (0 to 1) of the durations lies; None when there are none."""
    if not histogram:
        return None
    wanted = share * sum(histogram.values())
    passed = 0
    for bucket in sorted(histogram):
        passed += histogram[bucket]
        if passed >= wanted:
            return _MIDDLE * GROWTH**bucket / 1000
    return None

"""The product's detector and the two it is compared with, each as a function from a series to the alarms it raises."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from streams.spikes import MEASURES, SpikeRules, Watched, close
from streams.spikes.tails import many_or_more, share_or_more, this_low
from tests.spikes.simulate import BEGIN, SIZE, SPREAD, Series

# The windows at whose end an alarm began, and those at whose end it was over (exclusive; the length when it was not).
Alarms = list[tuple[int, int]]
Detector = Callable[[Series], Alarms]


def ours(series: Series) -> Alarms:
    """`streams.spikes`, closed windows only."""
    rules = SpikeRules(size=SIZE)
    watched = Watched(BEGIN)
    firing = []
    for window in range(series.amounts.size):
        watched, _ = close(watched, series.kind.measure, BEGIN + window * SIZE, series.reading(window), rules)
        firing.append(watched.episode is not None)
    return _alarms(firing)


def best_possible(series: Series) -> Alarms:
    """A test that is told the true rate of every window, at the same chance of a false alarm in one look.

    What is not found by it cannot be told from chance by anybody within two windows.
    """
    chance = SpikeRules().chance
    firing = []
    for window in range(series.amounts.size):
        looks = [slice(max(window - back, 0), window + 1) for back in (0, 1)]
        firing.append(min(_true_chance(series, look) for look in looks) < chance)
    return _alarms(firing)


def _true_chance(series: Series, look: slice) -> float:
    amount, exposure = float(series.amounts[look].sum()), float(series.exposures[look].sum())
    expected = float((series.rate[look] * series.exposures[look]).sum())
    if exposure <= 0 or (amount >= expected) is (series.kind.measure == "score"):
        return 1.0
    if MEASURES[series.kind.measure] == "count":
        return many_or_more(amount, expected, 1e6)
    if MEASURES[series.kind.measure] == "share":
        return share_or_more(amount, exposure, expected / exposure, 0.0)
    return this_low((amount - expected) / (SPREAD * math.sqrt(exposure)), 1e6)


@dataclass(frozen=True)
class EwmaZ:
    """An alarm while a value is so many standard deviations from an exponentially weighted mean."""

    deviations: float
    weight: float = 0.05

    def __call__(self, series: Series) -> Alarms:
        mean, variance, firing = None, 0.0, []
        for value in _values(series):
            if value is None:
                firing.append(False)
                continue
            if mean is None:
                mean = value
            off = value - mean
            firing.append(off > self.deviations * variance**0.5 > 0)
            mean += self.weight * off
            variance = (1 - self.weight) * (variance + self.weight * off * off)
        return _alarms(firing)


@dataclass(frozen=True)
class Fixed:
    """An alarm while a value is above so many times the mean of the first weeks."""

    times: float
    learnt: int

    def __call__(self, series: Series) -> Alarms:
        values = _values(series)
        first = [value for value in values[: self.learnt] if value is not None]
        mean = sum(first) / len(first)
        limit = mean + (self.times - 1) * abs(mean)
        if series.kind.measure == "score":
            limit = mean + (self.times - 1) / 2
        return _alarms([value is not None and value > limit for value in values])


def _values(series: Series) -> list[float | None]:
    """What a person would plot: counts, shares; a mean turned round, so that a fall is a rise."""
    if series.kind.measure in ("volume", "very_negative"):
        return list(series.amounts)
    sign = -1 if series.kind.measure == "score" else 1
    return [
        sign * amount / exposure if exposure else None
        for amount, exposure in zip(series.amounts, series.exposures, strict=True)
    ]


def _alarms(firing: list[bool]) -> Alarms:
    alarms: Alarms = []
    began = None
    for window, fires in enumerate([*firing, False]):
        if fires and began is None:
            began = window
        elif not fires and began is not None:
            alarms.append((began, window))
            began = None
    return alarms

"""How improbable windows are under a forecast, and whether the difference would matter to anybody."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from streams.spikes.baseline import Forecast
from streams.spikes.measures import Family, Reading
from streams.spikes.tails import many_or_more, none_at_all, share_or_more, this_low

# Means of few values from a skewed scale have heavier tails than a normal distribution.
_DEGREES = 30.0


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A window that was read, and the amount that was expected of its exposure."""

    amount: float
    exposure: float
    expected: float


class Evidence(NamedTuple):
    """The newest `windows` windows together. `observed` and `expected` are counts, shares or means, as the measure is;
    `exposure` is the number of windows, of trials or of values; `probability` that chance alone does as much.
    """

    observed: float
    expected: float
    exposure: float
    probability: float
    windows: int


class Least(NamedTuple):
    """What a difference must reach to matter, whatever its probability.

    A count: so many, and so many times the expected. A share: of so many, and higher by `share_rise`, or by half of
    the expected share where that is between `share_least` and `share_rise`. A mean: of so many, and lower by `fall`.
    """

    amount: float = 8.0
    times: float = 1.5
    trials: float = 20.0
    share_least: float = 0.05
    share_rise: float = 0.2
    fall: float = 0.75


def compare(seen: Sequence[Seen], family: Family) -> Evidence | None:
    """The windows of `seen` together beside what was expected of them; not judged yet, so with a probability of 1.
    None where nothing was expected.
    """
    amount, exposure = sum(one.amount for one in seen), sum(one.exposure for one in seen)
    expected = sum(one.expected for one in seen)
    if exposure <= 0 or expected <= 0:
        return None
    if family == "count":
        return Evidence(amount, expected, exposure, 1.0, len(seen))
    return Evidence(amount / exposure, expected / exposure, exposure, 1.0, len(seen))


def judge(evidence: Evidence, forecasts: Sequence[Forecast], family: Family) -> Evidence:
    """With the probability under the forecast that finds it least remarkable; each lends its uncertainty only."""
    chance = max(_probability(evidence, forecast, family) for forecast in forecasts)
    return evidence._replace(probability=chance)


def excess(evidence: Evidence, family: Family, least: Least) -> float:
    """The difference from the expected, where 1 is the least that matters; 0 or less in the other direction, or when
    there is too little to judge by.
    """
    above = evidence.observed - evidence.expected
    if family == "count":
        needed = max((least.times - 1) * evidence.expected, least.amount - evidence.expected)
        return above / needed
    if evidence.exposure < least.trials:
        return 0.0
    if family == "mean":
        return -above / least.fall
    return above / min(max(evidence.expected / 2, least.share_least), least.share_rise)


def silence(expected: float, forecast: Forecast) -> float:
    """The probability that nothing came where so much was expected."""
    return none_at_all(expected, 1 / (forecast.noise + 1 / forecast.weight))


def expected_of(reading: Reading, forecasts: Sequence[Forecast], family: Family) -> Seen:
    """A reading beside the forecast that finds it least remarkable."""
    rates = [forecast.rate for forecast in forecasts]
    rate = min(rates) if family == "mean" else max(rates)
    return Seen(reading.amount, reading.exposure, rate * reading.exposure)


def _probability(evidence: Evidence, forecast: Forecast, family: Family) -> float:
    unsure = forecast.noise + 1 / forecast.weight
    if family == "count":
        return many_or_more(evidence.observed, evidence.expected, 1 / unsure)
    exposure, rate = evidence.exposure, evidence.expected
    if family == "share":
        rate = min(rate, 0.99)
        correlation = min(unsure * rate / (1 - rate), 1.0)
        return share_or_more(evidence.observed * exposure, exposure, rate, correlation)
    spread = math.sqrt(forecast.variance(exposure, family))
    return this_low((evidence.observed - rate) * exposure / spread, _DEGREES)

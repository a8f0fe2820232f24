"""Series as a help desk has them: days and weeks, good and bad days, drift, noise that chance alone does not explain.

Everything is drawn from the generator that is given, so a seed names a whole experiment.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from schemas.alerts import Measure
from streams.spikes import Reading

SIZE: Final = 300
A_DAY: Final = 86_400 // SIZE
A_WEEK: Final = 7 * A_DAY
# A Monday.
BEGIN: Final = 1_767_571_200

# Standard deviation of a single score.
SPREAD: Final = 2.0

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """A kind of series. `least` and `most` bound the tickets of a window in an average hour; `share` those of them
    that count, for a share or a count of them.
    """

    name: str
    measure: Measure
    least: float
    most: float
    share: tuple[float, float] = (1.0, 1.0)


KINDS: Final = (
    Kind("volume", "volume", 60, 300),
    Kind("volume, small", "volume", 4, 30),
    Kind("volume, sparse", "volume", 0.05, 1),
    Kind("very negative", "very_negative", 60, 300, (0.05, 0.15)),
    Kind("very negative, small", "very_negative", 4, 30, (0.05, 0.15)),
    Kind("negative share", "negative_share", 60, 300, (0.15, 0.3)),
    Kind("negative share, small", "negative_share", 4, 30, (0.15, 0.3)),
    Kind("escalation rate", "escalation_rate", 60, 300, (0.03, 0.1)),
    Kind("share of a category", "category_share", 60, 300, (0.1, 0.3)),
    Kind("score", "score", 60, 300),
)


@dataclass(frozen=True)
class Series:
    """One series: for each window the amount and the exposure, as a reading has them, the tickets expected, and the
    true rate (amount for each exposure), both as they would be without a spike.
    """

    kind: Kind
    amounts: Numbers
    exposures: Numbers
    tickets: Numbers
    rate: Numbers

    def reading(self, window: int) -> Reading:
        """What the product reads of a window."""
        return Reading(float(self.amounts[window]), float(self.exposures[window]))


@dataclass(frozen=True)
class Injected:
    """A spike: from window `start`, for `length` windows, `factor` times the usual."""

    start: int
    length: int
    factor: float


def quiet(kind: Kind, weeks: int, rng: Generator) -> Series:
    """A series without a spike."""
    tickets = _tickets(kind, weeks, rng)
    return _draw(kind, tickets, _rate(kind, tickets.size, rng), rng)


def with_spikes(kind: Kind, weeks: int, injected: list[Injected], rng: Generator) -> Series:
    """The same with spikes: more tickets for a volume, a higher share for a share or a count of some of the tickets,
    and for a score one that falls by half a point for each factor above 1.
    """
    tickets = _tickets(kind, weeks, rng)
    rate = _rate(kind, tickets.size, rng)
    usual = _draw(kind, tickets.copy(), rate.copy(), np.random.default_rng(0))
    for spike in injected:
        during = slice(spike.start, spike.start + spike.length)
        if kind.measure == "volume":
            tickets[during] *= spike.factor
        elif kind.measure == "score":
            rate[during] -= (spike.factor - 1) / 2
        else:
            rate[during] = np.minimum(rate[during] * spike.factor, 0.97)
    return replace(_draw(kind, tickets, rate, rng), tickets=usual.tickets, rate=usual.rate)


def silenced(series: Series, start: int, length: int) -> Series:
    """The same series with nothing in some windows."""
    amounts = series.amounts.copy()
    amounts[start : start + length] = 0
    return replace(series, amounts=amounts)


def _tickets(kind: Kind, weeks: int, rng: Generator) -> Numbers:
    """Expected tickets of each window."""
    windows = np.arange(weeks * A_WEEK)
    hour = windows % A_DAY / A_DAY * 24
    peak, depth = rng.uniform(9, 17), rng.uniform(0.5, 0.95)
    day = 1 + depth * np.cos((hour - peak) / 24 * 2 * np.pi)
    weekend = np.where(windows // A_DAY % 7 >= 5, rng.uniform(0.25, 1.0), 1.0)
    drift = np.exp(rng.normal(0, 0.1) * windows / (4 * A_WEEK))
    days = np.exp(rng.normal(0, 0.1, weeks * 7))[windows // A_DAY]
    base = np.exp(rng.uniform(np.log(kind.least), np.log(kind.most)))
    return np.asarray(base * day * weekend * drift * days * _noise(windows.size, 0.1, rng))


def _rate(kind: Kind, windows: int, rng: Generator) -> Numbers:
    if kind.measure == "score":
        return np.asarray(rng.uniform(4, 6) + np.log(_noise(windows, 0.2, rng)))
    hour = np.arange(windows) % A_DAY / A_DAY * 24
    day = 1 + rng.uniform(0, 0.2) * np.cos((hour - rng.uniform(0, 24)) / 24 * 2 * np.pi)
    return np.asarray(np.minimum(rng.uniform(*kind.share) * day * _noise(windows, 0.1, rng), 0.97))


def _noise(windows: int, spread: float, rng: Generator) -> Numbers:
    """Factors around 1 that are alike for about half an hour."""
    steps = rng.normal(0, 1, windows + 12)
    smooth = np.convolve(steps, np.exp(-np.arange(13) / 6), mode="valid")
    return np.asarray(np.exp(spread * smooth / np.sqrt(np.sum(np.exp(-np.arange(13) / 3)))))


def _draw(kind: Kind, tickets: Numbers, rate: Numbers, rng: Generator) -> Series:
    counted = rng.poisson(tickets)
    if kind.measure == "volume":
        return Series(kind, counted.astype(float), np.ones(tickets.size), tickets, tickets)
    if kind.measure == "score":
        sums = np.clip(rng.normal(rate * counted, SPREAD * np.sqrt(counted)), 0, 10 * counted)
        return Series(kind, sums, counted.astype(float), tickets, rate)
    some = rng.binomial(counted, rate).astype(float)
    if kind.measure == "very_negative":
        return Series(kind, some, np.ones(tickets.size), tickets, tickets * rate)
    return Series(kind, some, counted.astype(float), tickets, rate)

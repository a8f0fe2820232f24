"""What a series is usually like: learnt from its own windows, by hour of the week once there is enough of them.

Two forecasts are kept. The *recent* one follows the last hour. The *seasonal* one is the rate that this hour of the
week had in the weeks before (shrunk towards that hour of all days, as far as there is little of it) times the level
of the last day against the season. Each learns how far it is usually off, and its uncertainty says so.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from streams.spikes.measures import Family, Reading

HOURS: Final = 168
_HOUR: Final = 3600
# Unix time began on a Thursday at midnight; where the week begins does not matter.
_WEEK: Final = HOURS * _HOUR
_DAY_HOURS: Final = 24

# Half-lives. A season's hour sees its own kind once a week, so three hours of it are three weeks.
RECENT_HOURS = 1.0
LEVEL_HOURS = 6.0
NOISE_HOURS = 48.0
SEASON_HOURS = 3.0
KNOWN_AFTER = _WEEK
# That hour of all days, and a level like the season's, weigh as much as this amount of the hour itself.
SHRINKAGE = 5.0
# Before the errors of a forecast are known, the true rate is taken to be off by a fifth.
NOISE_BEFORE = 0.04
# However well it went so far: a day may be better or worse than others by a seventh, and a mean by a tenth of a point.
NOISE_LEAST = 0.02
MEAN_LEAST = 0.1
WINDOWS_BEFORE = 24
# Values of a mean that stand for what is not known yet, and their variance in squared points.
VALUES_BEFORE = 20.0
VARIANCE_BEFORE = 4.0
# A reading further out than this many standard deviations teaches no more than one at that distance.
FURTHEST = 3.0


class Faded(msgspec.Struct, frozen=True, array_like=True):
    """Sums that forget: each step keeps a part of what there was."""

    amount: float = 0.0
    exposure: float = 0.0

    def add(self, amount: float, exposure: float, kept: float) -> "Faded":
        return Faded(self.amount * kept + amount, self.exposure * kept + exposure)


class Baseline(msgspec.Struct, frozen=True, array_like=True):
    """What a series has taught since its first window (`since`, Unix seconds). The season's sums are by hour of the
    week.
    """

    since: int = 0
    recent: Faded = Faded()
    recent_noise: Faded = Faded()
    level: Faded = Faded()
    noise: Faded = Faded()
    season: tuple[Faded, ...] = (Faded(),) * HOURS


class Forecast(NamedTuple):
    """A rate (amount for each exposure), how far it may be off, and how much it was learnt from.

    `noise` is the squared coefficient of variation of the true rate of a count or a share around the forecast, and the
    variance of a single value of a mean. `weight` is the amount (of a mean, the exposure) that stands behind the rate.
    """

    rate: float
    noise: float
    weight: float

    def variance(self, exposure: float, family: Family) -> float:
        """How far the amount of so much exposure varies, squared."""
        expected = self.rate * exposure
        if family == "mean":
            return self.noise * exposure * (1 + exposure / self.weight) + (MEAN_LEAST * exposure) ** 2
        chance = expected * (1 - self.rate) if family == "share" else expected
        return chance + (self.noise + 1 / self.weight) * expected * expected


class Learning(NamedTuple):
    """How a series of one family is learnt, with windows of `size` seconds."""

    family: Family
    size: int

    def outlook(self, baseline: Baseline, at: int) -> "Outlook":
        """What to expect of the window that starts at `at` (Unix seconds)."""
        usual = self._season_at(baseline.season, at)
        recent, seasonal = self._recent(baseline), self._seasonal(baseline, usual)
        known = seasonal is not None and at - baseline.since >= KNOWN_AFTER
        possible = [forecast for forecast in (None if known else recent, seasonal) if forecast is not None]
        return Outlook(possible, recent, seasonal, usual)

    def learn(self, baseline: Baseline, at: int, outlook: "Outlook", reading: Reading) -> Baseline:
        """The baseline after a closed window. One without exposure teaches nothing."""
        if reading.exposure <= 0:
            return baseline
        seen = reading
        if outlook.forecasts:
            seen = Reading(self._within_reason(reading, outlook.forecasts[-1]), reading.exposure)
        level = baseline.level
        if outlook.usual is not None:
            level = level.add(seen.amount, outlook.usual.rate * seen.exposure, self._kept(LEVEL_HOURS))
        hour = at // _HOUR % HOURS
        slot = baseline.season[hour].add(seen.amount, seen.exposure, self._kept(SEASON_HOURS))
        return Baseline(
            baseline.since or at,
            baseline.recent.add(seen.amount, seen.exposure, self._kept(RECENT_HOURS)),
            self._noise_after(baseline.recent_noise, outlook.recent, seen),
            level,
            self._noise_after(baseline.noise, outlook.seasonal, seen),
            (*baseline.season[:hour], slot, *baseline.season[hour + 1 :]),
        )

    def _recent(self, baseline: Baseline) -> Forecast | None:
        recent = baseline.recent
        if recent.exposure <= 0:
            return None
        weight = recent.exposure if self.family == "mean" else recent.amount + 0.5
        rate = recent.amount / recent.exposure if self.family == "mean" else weight / (recent.exposure + 0.5)
        return self._forecast(rate, weight, baseline.recent_noise)

    def _seasonal(self, baseline: Baseline, usual: "_Usual | None") -> Forecast | None:
        if usual is None:
            return None
        level = baseline.level
        against = (level.amount + SHRINKAGE) / (level.exposure + SHRINKAGE)
        weight = 1 / (1 / usual.weight + 1 / (level.amount + SHRINKAGE))
        return self._forecast(usual.rate * against, weight, baseline.noise)

    def _season_at(self, season: Sequence[Faded], at: int) -> "_Usual | None":
        """The rate at this time of the week, between the middles of the two nearest hours."""
        position = (at + self.size / 2) / _HOUR - 0.5
        hour = int(position // 1)
        part = position - hour
        before, after = self._hour(season, hour % HOURS), self._hour(season, (hour + 1) % HOURS)
        if before is None or after is None:
            return before or after
        return _Usual(*(a * (1 - part) + b * part for a, b in zip(before, after, strict=True)))

    def _hour(self, season: Sequence[Faded], hour: int) -> "_Usual | None":
        """The rate of one hour of the week, shrunk towards that hour of all days."""
        days = [season[(hour + day) % HOURS] for day in range(0, HOURS, _DAY_HOURS)]
        exposure = sum(day.exposure for day in days)
        if exposure <= 0:
            return None
        own = days[0]
        if self.family == "mean":
            rate, before = sum(day.amount for day in days) / exposure, VALUES_BEFORE
            weight = own.exposure + before
        else:
            rate = (sum(day.amount for day in days) + 0.5) / (exposure + 0.5)
            before = SHRINKAGE / rate
            weight = own.amount + SHRINKAGE
        return _Usual((own.amount + before * rate) / (own.exposure + before), weight)

    def _forecast(self, rate: float, weight: float, errors: Faded) -> Forecast:
        if self.family == "mean":
            noise = (errors.amount + VARIANCE_BEFORE * VALUES_BEFORE) / (errors.exposure + VALUES_BEFORE)
            return Forecast(rate, noise, weight)
        rate = min(rate, _ALWAYS) if self.family == "share" else rate
        before = WINDOWS_BEFORE * rate * rate
        noise = (errors.amount + NOISE_BEFORE * before) / (errors.exposure + before) if before else NOISE_BEFORE
        return Forecast(rate, max(noise, NOISE_LEAST), weight)

    def _noise_after(self, errors: Faded, forecast: Forecast | None, seen: Reading) -> Faded:
        """What the forecast was off by, beyond what chance and too little to learn from explain."""
        if forecast is None:
            return errors
        expected = forecast.rate * seen.exposure
        off = (seen.amount - expected) ** 2
        if self.family == "mean":
            return errors.add(off, seen.exposure, self._kept(NOISE_HOURS))
        chance = expected * (1 - forecast.rate) if self.family == "share" else expected
        learnt = expected * expected / forecast.weight
        return errors.add(off - chance - learnt, expected * expected, self._kept(NOISE_HOURS))

    def _within_reason(self, reading: Reading, forecast: Forecast) -> float:
        expected = forecast.rate * reading.exposure
        furthest = FURTHEST * math.sqrt(forecast.variance(reading.exposure, self.family))
        return min(max(reading.amount, expected - furthest), expected + furthest)

    def _kept(self, half_life_hours: float) -> float:
        return float(0.5 ** (self.size / (half_life_hours * _HOUR)))


class Outlook(NamedTuple):
    """What to expect of a window.

    One of the `forecasts` when the season is known. Before that every one that could be right: what is to be believed
    must be improbable under each. None where nothing was learnt. The others are what the window will teach about.
    """

    forecasts: list[Forecast]
    recent: Forecast | None
    seasonal: Forecast | None
    usual: "_Usual | None"


class _Usual(NamedTuple):
    """The rate of an hour, and the amount (of a mean, the exposure) behind it."""

    rate: float
    weight: float


_ALWAYS = 0.99

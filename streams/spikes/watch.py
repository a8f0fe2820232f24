"""When an alert of a series begins and ends.

One alert at a time: it begins when the newest windows, of one of several lengths, are too improbable to be chance and
far enough from the expected to matter, and the newest one agrees. It ends when several windows in a row are calm.
While it lasts nothing is learnt, so that a spike does not become usual; after a day it is what is usual now.
"""

from typing import Final, NamedTuple

import msgspec

from schemas.alerts import Ended, Kind, Measure, Severity
from streams.spikes.baseline import Baseline, Faded, Forecast, Learning
from streams.spikes.evidence import Evidence, Least, Seen, compare, excess, expected_of, judge, silence
from streams.spikes.measures import MEASURES, Family, Reading


class SpikeRules(NamedTuple):
    """`size` of the watched windows in seconds; probabilities of a false alarm for one look; numbers of windows."""

    size: int = 300
    chance: float = 1e-6
    early_chance: float = 1e-7
    lengths: tuple[int, ...] = (1, 2, 6, 12)
    least: Least = Least()
    calm: float = 0.5
    calm_windows: int = 3
    longest: int = 288
    critical: float = 4.0
    least_silent: int = 2


class Episode(msgspec.Struct, frozen=True, array_like=True):
    """An alert that fires: since which window (`start`, Unix seconds), how bad, the most improbable that was seen of
    it, for how many windows, and for how many of the newest it has been calm.
    """

    kind: Kind
    start: int
    severity: Severity
    worst: Evidence
    windows: int = 0
    calm: int = 0


class Before(msgspec.Struct, frozen=True, array_like=True):
    """The last hour and the level as they stood before a silence."""

    recent: Faded
    level: Faded


class Watched(msgspec.Struct, frozen=True, array_like=True):
    """A series: the end of its last closed window, what is usual, the newest windows, and the alert that fires.

    While nothing comes, `before` is what was usual until then: a silence must not become usual while it grows.
    """

    until: int
    baseline: Baseline = Baseline()
    seen: tuple[Seen, ...] = ()
    silent_since: int = 0
    silent_expected: float = 0.0
    before: Before | None = None
    episode: Episode | None = None


class Finding(NamedTuple):
    """What is to be told: an alert that fires, is worse than before, or has ended (and why)."""

    episode: Episode
    ended: Ended | None = None


def close(
    watched: Watched, measure: Measure, at: int, reading: Reading, rules: SpikeRules
) -> tuple[Watched, Finding | None]:
    """Judge the window that began at `at` and is final, and learn from it. Windows come in order and none is left out;
    one in which nothing happened has an amount of 0.
    """
    return _Series(measure, rules).close(watched, at, reading)


def look_early(watched: Watched, measure: Measure, at: int, reading: Reading, rules: SpikeRules) -> Finding | None:
    """Judge a window that is still open by what it has so far: an alert that begins is to be put into the series.
    Nothing is learnt, and no alert ends.

    A count is held against what is expected of the whole window: it can only rise.
    """
    return _Series(measure, rules).look_early(watched, at, reading)


class _Series:
    def __init__(self, measure: Measure, rules: SpikeRules) -> None:
        self._family: Final[Family] = MEASURES[measure]
        self._may_be_silent = measure == "volume"
        self._learning = Learning(self._family, rules.size)
        self._rules = rules
        self._however_little = rules.least._replace(trials=1, amount=1)

    def close(self, watched: Watched, at: int, reading: Reading) -> tuple[Watched, Finding | None]:
        rules = self._rules
        outlook = self._learning.outlook(watched.baseline, at)
        forecasts = outlook.forecasts
        if not forecasts:
            baseline = self._learning.learn(watched.baseline, at, outlook, reading)
            return msgspec.structs.replace(watched, until=at + rules.size, baseline=baseline), None
        seen = (*watched.seen, expected_of(reading, forecasts, self._family))[-max(rules.lengths) :]
        watched = self._count_silence(watched, at, reading)
        watched = msgspec.structs.replace(watched, until=at + rules.size, seen=seen)
        if watched.episode is None:
            watched, finding = self._begin(watched, at, forecasts, rules.chance)
        else:
            watched, finding = self._go_on(watched, watched.episode, reading, forecasts)
        if watched.episode is None:
            baseline = self._learning.learn(watched.baseline, at, outlook, reading)
            watched = msgspec.structs.replace(watched, baseline=baseline)
        return watched, finding

    def look_early(self, watched: Watched, at: int, reading: Reading) -> Finding | None:
        if watched.episode is not None:
            return None
        forecasts = self._learning.outlook(watched.baseline, at).forecasts
        if not forecasts:
            return None
        # While the window before is not closed, this one stands alone.
        before = watched.seen if at == watched.until else ()
        seen = (*before, expected_of(reading, forecasts, self._family))[-max(self._rules.lengths) :]
        watched = msgspec.structs.replace(watched, seen=seen)
        return self._begin(watched, at, forecasts, self._rules.early_chance, early=True)[1]

    def _begin(
        self, watched: Watched, at: int, forecasts: list[Forecast], chance: float, *, early: bool = False
    ) -> tuple[Watched, Finding | None]:
        evidence = self._improbable(watched.seen, forecasts, chance)
        kind: Kind = "fall" if self._family == "mean" else "spike"
        start = at
        if evidence is not None:
            start = at - (evidence.windows - 1) * self._rules.size
        elif not early:
            evidence, kind, start = self._silence(watched), "silence", watched.silent_since
        if evidence is None:
            return watched, None
        episode = Episode(kind, start, self._severity(kind, evidence), evidence)
        return msgspec.structs.replace(watched, episode=episode), Finding(episode)

    def _go_on(
        self, watched: Watched, episode: Episode, reading: Reading, forecasts: list[Forecast]
    ) -> tuple[Watched, Finding | None]:
        rules = self._rules
        newest = self._newest(watched, episode, forecasts)
        after = Episode(
            episode.kind,
            episode.start,
            "critical" if self._severity(episode.kind, newest) == "critical" else episode.severity,
            min(episode.worst, newest, key=_probability),
            episode.windows + 1,
            episode.calm + 1 if self._is_calm(episode, newest, reading) else 0,
        )
        if after.calm >= (1 if episode.kind == "silence" else rules.calm_windows):
            return _ended(watched, watched.baseline), Finding(after, "calm")
        if after.windows >= rules.longest and episode.kind != "silence":
            return _ended(watched, self._usual_now(watched)), Finding(after, "usual now")
        worse = after.severity != episode.severity
        return msgspec.structs.replace(watched, episode=after), Finding(after) if worse else None

    def _improbable(self, seen: tuple[Seen, ...], forecasts: list[Forecast], chance: float) -> Evidence | None:
        """The least probable of the lengths, if it matters and the newest window agrees."""
        newest = compare(seen[-1:], self._family)
        if newest is None or excess(newest, self._family, self._however_little) <= self._rules.calm:
            return None
        lengths = [length for length in self._rules.lengths if length <= len(seen)]
        found = [one for length in lengths if (one := compare(seen[-length:], self._family)) is not None]
        matter = [one for one in found if excess(one, self._family, self._rules.least) >= 1]
        told = [one for one in (judge(one, forecasts, self._family) for one in matter) if one.probability < chance]
        return min(told, key=_probability, default=None)

    def _newest(self, watched: Watched, episode: Episode, forecasts: list[Forecast]) -> Evidence:
        newest = watched.seen[-1]
        if episode.kind == "silence":
            return self._silence(watched) or episode.worst
        compared = compare((newest,), self._family)
        if compared is None:
            return Evidence(0.0, newest.expected, newest.exposure, 1.0, 1)
        return judge(compared, forecasts, self._family)

    def _count_silence(self, watched: Watched, at: int, reading: Reading) -> Watched:
        if not self._may_be_silent:
            return watched
        if reading.amount > 0:
            return msgspec.structs.replace(watched, silent_since=0, silent_expected=0.0, before=None)
        before = watched.before or Before(watched.baseline.recent, watched.baseline.level)
        watched = msgspec.structs.replace(watched, silent_since=watched.silent_since or at, before=before)
        least = min(forecast.rate for forecast in self._before_silence(watched, at))
        return msgspec.structs.replace(watched, silent_expected=watched.silent_expected + least)

    def _before_silence(self, watched: Watched, at: int) -> list[Forecast]:
        """What would be expected if the silence had taught nothing."""
        baseline, before = watched.baseline, watched.before
        if before is not None:
            baseline = msgspec.structs.replace(baseline, recent=before.recent, level=before.level)
        return self._learning.outlook(baseline, at).forecasts

    def _silence(self, watched: Watched) -> Evidence | None:
        if not watched.silent_since:
            return None
        windows = (watched.until - watched.silent_since) // self._rules.size
        forecasts = self._before_silence(watched, watched.until - self._rules.size)
        probability = max(silence(watched.silent_expected, forecast) for forecast in forecasts)
        if windows < self._rules.least_silent or probability >= self._rules.chance:
            return None
        return Evidence(0.0, watched.silent_expected, windows, probability, windows)

    def _severity(self, kind: Kind, evidence: Evidence) -> Severity:
        if kind == "silence":
            return "critical"
        return "critical" if excess(evidence, self._family, self._rules.least) >= self._rules.critical else "warning"

    def _is_calm(self, episode: Episode, evidence: Evidence, reading: Reading) -> bool:
        if episode.kind == "silence":
            return reading.amount > 0
        return excess(evidence, self._family, self._however_little) < self._rules.calm

    def _usual_now(self, watched: Watched) -> Baseline:
        """The baseline at the level of the newest windows."""
        amount, expected = sum(one.amount for one in watched.seen), sum(one.expected for one in watched.seen)
        exposure = sum(one.exposure for one in watched.seen)
        level = watched.baseline.level
        return msgspec.structs.replace(
            watched.baseline,
            recent=Faded(amount, exposure),
            level=Faded(level.amount * amount / expected, level.exposure) if expected else level,
        )


def _ended(watched: Watched, baseline: Baseline) -> Watched:
    """Without the windows of the alert: together with them the next would not be calm for an hour."""
    return msgspec.structs.replace(watched, baseline=baseline, seen=(), episode=None)


def _probability(evidence: Evidence) -> float:
    return evidence.probability

"""The series of every tenant's windows, watched: what is noted of them in the state, and the alerts that are sent.

All windows of one tenant and size meet in one partition of `trends`, so a series and what it is a share of are here.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from schemas.alerts import Alert, Measure, alert_id, encode_alert
from schemas.notices import Alerted, encode_notice, notice_key
from schemas.windows import Sample, Samples, Totals, WindowKey
from streams import topics
from streams.engine.stage import Output
from streams.engine.state import Overlay, Table
from streams.spikes.measures import MEASURES, Reading, readings_of
from streams.spikes.sightings import DAY, Days, given_up, see
from streams.spikes.watch import Episode, Finding, SpikeRules, Watched, close, look_early
from streams.spikes.words import phrases_of, summary_of, tickets_of
from streams.windows import OVERALL

# Channels and categories of one tenant that are watched; who sends more distinct values than that has no use for them.
MAX_VALUES: Final = 200
# Tenants of one partition that are watched: all of them are looked at in every tick.
MAX_TENANTS: Final = 2_000
# Series judged in one tick: some thirty milliseconds.
SERIES_A_TICK: Final = 400
# After so long without a closed window the newest hour is looked at, not each window in between.
SKIP_AFTER: Final = 7 * 86_400
WATCHED_DIMENSIONS: Final = frozenset({"overall", "channel", "category"})
# How many texts of a window are remembered, and for how long: to tell what an alert is about, and what is usual.
SAMPLES_OF_A_WINDOW: Final = 100
SAMPLES_KEPT: Final = 7_200
# Windows with examples looked at for expiry in one tick.
SWEEP_ROWS: Final = 250

# The totals of a window, or None when nothing happened in it.
Find = Callable[[WindowKey], Totals | None]


class Tenant(msgspec.Struct, frozen=True, array_like=True):
    """The end of the last closed window (Unix seconds), which values are watched, and when each was seen. Rows that
    were written before that was noted do not tell: what they watch counts as seen until then.
    """

    until: int
    values: tuple[tuple[str, str], ...] = ()
    days: Days = ()

    def __post_init__(self) -> None:
        if len(self.days) != len(self.values):
            msgspec.structs.force_setattr(self, "days", (self.until // DAY,) * len(self.values))


TENANTS = Table(b"t", Tenant)
SERIES = Table(b"s", Watched)
FIRING = Table(b"a", Alert)
SAMPLES = Table(b"x", tuple[Sample, ...])


def note(key: WindowKey, rules: SpikeRules, state: Overlay, output: Output) -> None:
    """Watch the series of a window from now on."""
    if key.size != rules.size or key.dimension not in WATCHED_DIMENSIONS:
        return
    name = key.tenant.encode()
    known = state.get(TENANTS, name)
    tenant = known or Tenant(key.start)
    value = (key.dimension, key.value)
    if value in tenant.values:
        days = see(tenant.days, tenant.values.index(value), key.start)
        if days is not tenant.days:
            state.put(TENANTS, name, Tenant(tenant.until, tenant.values, days))
    elif len(tenant.values) >= MAX_VALUES or (known is None and len({*state.keys(TENANTS)}) >= MAX_TENANTS):
        output.count("unwatched")
    else:
        state.put(TENANTS, name, Tenant(tenant.until, (*tenant.values, value), (*tenant.days, key.start // DAY)))


def remember(samples: Samples, rules: SpikeRules, state: Overlay) -> None:
    """Keep texts as examples of their windows. Which ones are kept is decided by their ranks, so that any order of
    arrival keeps the same. A text that is too late for any alert is not kept: no window would take it away again.
    """
    tenant = state.get(TENANTS, samples.tenant.encode())
    for sample in samples.samples:
        start = sample.at // rules.size * rules.size
        if tenant is not None and start < _oldest(tenant.until, rules):
            continue
        key = _samples_key(samples.tenant, start)
        kept = {each.rank: each for each in (*(state.get(SAMPLES, key) or ()), sample)}
        state.put(SAMPLES, key, tuple(kept[rank] for rank in sorted(kept)[:SAMPLES_OF_A_WINDOW]))


def sweep_samples(passed: int, rules: SpikeRules, state: Overlay) -> None:
    """Drop examples that no alert shows any more, of a bounded number of windows: those of a time that was skipped, or
    of a tenant with no window by what has `passed` (Unix seconds).
    """
    for key in state.sweep_keys(SAMPLES, SWEEP_ROWS):
        name, start = msgspec.msgpack.decode(key, type=tuple[str, int])
        tenant = state.get(TENANTS, name.encode())
        if start < _oldest(tenant.until if tenant is not None else passed, rules):
            state.delete(SAMPLES, key)


def firing(state: Overlay) -> Counter[tuple[str, ...]]:
    """How many alerts fire, by their labels: of spikes and of drift."""
    return Counter(_labels(alert) for _, alert in state.rows(FIRING))


class Watcher:
    """Closes windows in order, looks at open ones, sends alerts, tells how many fire after that: one for each tick."""

    def __init__(self, rules: SpikeRules, find: Find, state: Overlay, output: Output) -> None:
        self._rules = rules
        self._find = find
        self._state = state
        self._output = output
        self._firing = firing(state)
        output.stand("alerts_firing", self._firing)

    def close_due(self, passed: int, now: int) -> None:
        """Judge and learn the windows that ended before `passed` (Unix seconds): each once, in order."""
        left = SERIES_A_TICK
        for name, noted in sorted(self._state.rows(TENANTS)):
            tenant = noted
            while left > 0 and tenant.values and tenant.until + self._rules.size <= passed:
                tenant = self._skipped(tenant, passed)
                left -= self._close(name.decode(), tenant, now)
                tenant = self._without_given_up(name.decode(), tenant, now)
                tenant = Tenant(tenant.until + self._rules.size, tenant.values, tenant.days)
                self._state.put(TENANTS, name, tenant)
            if not tenant.values:
                self._state.delete(TENANTS, name)

    def look(self, key: WindowKey, now: int) -> None:
        """Judge a window that is open by what it has so far."""
        if key.size != self._rules.size or key.dimension not in WATCHED_DIMENSIONS:
            return
        tenant = self._state.get(TENANTS, key.tenant.encode())
        if tenant is None or key.start < tenant.until:
            return
        for measure, reading in self._readings(key):
            row = _series_key(key, measure)
            watched = self._state.get(SERIES, row)
            if watched is None:
                continue
            finding = look_early(watched, measure, key.start, reading, self._rules)
            if finding is not None:
                self._state.put(SERIES, row, msgspec.structs.replace(watched, episode=finding.episode))
                self._tell(key, measure, finding, now)

    def _skipped(self, tenant: Tenant, passed: int) -> Tenant:
        if passed - tenant.until <= SKIP_AFTER:
            return tenant
        newest = passed // self._rules.size * self._rules.size
        return Tenant(newest - 12 * self._rules.size, tenant.values, tenant.days)

    def _without_given_up(self, name: str, tenant: Tenant, now: int) -> Tenant:
        """Forget what is usual of values that nobody uses any more, and end their alerts."""
        gone = given_up(tenant.days, tenant.until)
        if not gone:
            return tenant
        for place in gone:
            self._give_up(WindowKey(name, self._rules.size, tenant.until, *tenant.values[place]), now)
        kept = [place for place in range(len(tenant.values)) if place not in gone]
        return Tenant(
            tenant.until,
            tuple(tenant.values[place] for place in kept),
            tuple(tenant.days[place] for place in kept),
        )

    def _give_up(self, key: WindowKey, now: int) -> None:
        for measure in MEASURES:
            row = _series_key(key, measure)
            watched = self._state.get(SERIES, row)
            if watched is None:
                continue
            if watched.episode is not None:
                self._tell(key, measure, Finding(watched.episode, "usual now"), now)
            self._state.delete(SERIES, row)

    def _close(self, name: str, tenant: Tenant, now: int) -> int:
        """Judge a window of each of the tenant's series; how many there are."""
        judged = 1
        for dimension, value in tenant.values:
            key = WindowKey(name, self._rules.size, tenant.until, dimension, value)
            for measure, reading in self._readings(key):
                row = _series_key(key, measure)
                watched = self._state.get(SERIES, row)
                if watched is None and reading.amount <= 0:
                    continue
                judged += 1
                after, finding = close(watched or Watched(key.start), measure, key.start, reading, self._rules)
                self._state.put(SERIES, row, after)
                if finding is not None:
                    self._tell(key, measure, finding, now)
        return judged

    def _readings(self, key: WindowKey) -> Iterator[tuple[Measure, Reading]]:
        whole = None
        if key.dimension == "category":
            whole = self._find(WindowKey(key.tenant, key.size, key.start, *OVERALL)) or Totals()
        return readings_of(self._find(key) or Totals(), whole)

    def _tell(self, key: WindowKey, measure: Measure, finding: Finding, now: int) -> None:
        row, at = _series_key(key, measure), datetime.fromtimestamp(now / 1000, UTC)
        before = self._state.get(FIRING, row)
        alert = self._begun(key, measure, finding.episode, at)
        if before is not None:
            self._firing[_labels(before)] -= 1
            alert = msgspec.structs.replace(
                alert,
                revision=before.revision + 1,
                fired_at=before.fired_at,
                tickets=alert.tickets or before.tickets,
                phrases=alert.phrases or before.phrases,
            )
        if finding.ended is not None:
            alert = msgspec.structs.replace(alert, state="resolved", ended=finding.ended, resolved_at=at)
            self._state.delete(FIRING, row)
        else:
            self._state.put(FIRING, row, alert)
            self._firing[_labels(alert)] += 1
        self._output.send(topics.ALERTS, alert.alert_id.encode(), encode_alert(alert))
        notice = Alerted(alert=alert)
        self._output.send(topics.NOTICES, notice_key(notice), encode_notice(notice))
        self._output.count("alerts", alert.kind, alert.severity, alert.state)

    def _begun(self, key: WindowKey, measure: Measure, episode: Episode, at: datetime) -> Alert:
        during, before = self._samples(key, episode.start)
        worst = episode.worst
        return Alert(
            alert_id=alert_id(key.tenant, key.dimension, key.value, measure, episode.kind, episode.start),
            tenant=key.tenant,
            kind=episode.kind,
            measure=measure,
            dimension=key.dimension,
            value=key.value,
            window_size=key.size,
            severity=episode.severity,
            started_at=datetime.fromtimestamp(episode.start, UTC),
            fired_at=at,
            updated_at=at,
            observed=worst.observed,
            expected=worst.expected,
            exposure=worst.exposure,
            probability=worst.probability,
            tickets=tickets_of(during),
            phrases=phrases_of(during, before),
            summary=summary_of(key, measure, episode),
        )

    def _samples(self, key: WindowKey, start: int) -> tuple[list[Sample], list[Sample]]:
        """What was remembered of the series since the alert's start, and before it."""
        during: list[Sample] = []
        before: list[Sample] = []
        for at in range(_oldest(key.start, self._rules), key.start + key.size, key.size):
            found = self._state.get(SAMPLES, _samples_key(key.tenant, at)) or ()
            mine = (each for each in found if _is_of(each, key))
            (during if at >= start else before).extend(mine)
        return during, before


def _oldest(start: int, rules: SpikeRules) -> int:
    """The start of the first window whose examples an alert of the window from `start` on shows."""
    return (start - SAMPLES_KEPT) // rules.size * rules.size


def _labels(alert: Alert) -> tuple[str, ...]:
    return alert.kind, alert.measure, alert.severity


def _is_of(sample: Sample, key: WindowKey) -> bool:
    if key.dimension == "channel":
        return sample.channel == key.value
    return key.dimension != "category" or sample.category == key.value


def _series_key(key: WindowKey, measure: Measure) -> bytes:
    return msgspec.msgpack.encode((key.tenant, key.dimension, key.value, measure))


def _samples_key(tenant: str, start: int) -> bytes:
    return msgspec.msgpack.encode((tenant, start))

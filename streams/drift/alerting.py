"""The hours of every tenant, watched for drift: what is noted of them in the state, and the alerts that are sent.

The windows of one tenant and size meet in one partition of `trends`, whatever partitions their tickets are in: so there
is one series of each measure, with all texts in it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from schemas.alerts import Alert, Ended, Measure, alert_id, encode_alert
from schemas.notices import Alerted, encode_notice, notice_key
from schemas.scored import LABELS
from schemas.windows import HUNDREDTHS, Totals, Unseen, WindowKey
from streams import topics
from streams.drift.series import POINTS, SHARE, DriftRules, Finding, Scale, Series, close
from streams.drift.words import summary_of
from streams.engine.stage import Output
from streams.engine.state import Overlay, Table
from streams.spikes.alerting import FIRING, SKIP_AFTER
from streams.spikes.measures import Reading
from streams.spikes.sightings import DAY, Days, given_up, see
from streams.windows import OVERALL

# Tenants of one partition, and categories of each, that are watched.
MAX_TENANTS: Final = 500
MAX_CATEGORIES: Final = 20
# Hours judged in one tick, over all tenants: some fifty milliseconds.
HOURS_A_TICK: Final = 24

# The totals of a window, or None when nothing happened in it.
Find = Callable[[WindowKey], Totals | None]


class Hours(msgspec.Struct, frozen=True, array_like=True):
    """Of a tenant: the end of the last hour that was judged (Unix seconds), the categories that are watched, and when
    the tenant and each of them was seen. Rows that were written before that was noted do not tell: then until then.
    """

    until: int
    categories: tuple[str, ...] = ()
    days: Days = ()

    def __post_init__(self) -> None:
        if len(self.days) != 1 + len(self.categories):
            msgspec.structs.force_setattr(self, "days", (self.until // DAY,) * (1 + len(self.categories)))


class Name(NamedTuple):
    """A series: its measure, and the value of the dimension that it is of."""

    tenant: str
    measure: Measure
    dimension: str = ""
    value: str = ""

    @property
    def key(self) -> bytes:
        """The key of its rows."""
        return msgspec.msgpack.encode(("drift", *self))


HOURS = Table(b"h", Hours)
SERIES = Table(b"g", Series)
UNSEEN = Table(b"u", Unseen)
# Of which measures of a tenant an alert fires.
MEASURES_FIRING = Table(b"y", bool)


def note(key: WindowKey, rules: DriftRules, state: Overlay, output: Output) -> None:
    """Watch the hours that a window is of from now on."""
    if key.size != rules.size or key.dimension not in ("overall", "category"):
        return
    name = key.tenant.encode()
    hours = state.get(HOURS, name)
    if hours is None:
        if len({*state.keys(HOURS)}) >= MAX_TENANTS:
            output.count("unwatched")
            return
        state.put(HOURS, name, hours := Hours(key.start, (), (key.start // DAY,)))
    if key.dimension == "overall" or key.value in hours.categories:
        place = 0 if key.dimension == "overall" else 1 + hours.categories.index(key.value)
        days = see(hours.days, place, key.start)
        if days is not hours.days:
            state.put(HOURS, name, Hours(hours.until, hours.categories, days))
    elif len(hours.categories) >= MAX_CATEGORIES:
        output.count("unwatched")
    else:
        state.put(HOURS, name, Hours(hours.until, (*hours.categories, key.value), (*hours.days, key.start // DAY)))


def add_unseen(found: Unseen, state: Overlay) -> None:
    """Add up what was found in texts of an hour, unless it is judged already. Of two models the newer one counts."""
    hours = state.get(HOURS, found.tenant.encode())
    if hours is None or found.start < hours.until:
        return
    key = _unseen_key(found.tenant, found.start)
    before = state.get(UNSEEN, key)
    if before is not None and before.model == found.model:
        found = msgspec.structs.replace(found, texts=before.texts + found.texts, share=before.share + found.share)
    state.put(UNSEEN, key, found)


class DriftWatch:
    """Judges the hours that are over, in order, and sends alerts: one for each tick."""

    def __init__(self, rules: DriftRules, find: Find, state: Overlay, output: Output) -> None:
        self._rules = rules
        self._find = find
        self._state = state
        self._output = output

    def close_due(self, passed: int, now: int) -> None:
        """Judge the hours that ended before `passed` (Unix seconds): each once, in order. `now` is in milliseconds."""
        left = HOURS_A_TICK
        for name, noted in sorted(self._state.rows(HOURS)):
            hours = noted
            if passed - hours.until > SKIP_AFTER:
                hours = self._skip(name.decode(), hours, passed)
            while left > 0 and hours.until + self._rules.size <= passed:
                self._close(name.decode(), hours, now)
                hours = Hours(hours.until + self._rules.size, hours.categories, hours.days)
                self._state.put(HOURS, name, hours)
                left -= 1
            self._forget_given_up(name.decode(), hours, now)

    def _skip(self, tenant: str, hours: Hours, passed: int) -> Hours:
        """Go on with the newest hour: windows of those before are forgotten."""
        until = passed // self._rules.size * self._rules.size - self._rules.size
        for key, unseen in list(self._state.rows(UNSEEN)):
            if unseen.tenant == tenant and unseen.start < until:
                self._state.delete(UNSEEN, key)
        return Hours(until, hours.categories, hours.days)

    def _forget_given_up(self, tenant: str, hours: Hours, now: int) -> None:
        """Forget what is usual of whatever nobody uses any more, and end its alerts."""
        gone = given_up(hours.days, hours.until)
        if not gone:
            return
        lost = _series_of(tenant, hours.categories)
        if 0 in gone:
            self._state.delete(HOURS, tenant.encode())
        else:
            left = [place for place in range(1, len(hours.days)) if place not in gone]
            kept = tuple(hours.categories[place - 1] for place in left)
            days = (hours.days[0], *(hours.days[place] for place in left))
            self._state.put(HOURS, tenant.encode(), Hours(hours.until, kept, days))
            lost = [name for name in lost if name.dimension == "category" and name.value not in kept]
        for name in lost:
            self._give_up(name, datetime.fromtimestamp(now / 1000, UTC))

    def _give_up(self, name: Name, moment: datetime) -> None:
        alert = self._state.get(FIRING, name.key)
        if alert is not None:
            self._end(name, alert, "usual now", moment)
        if self._state.get(SERIES, name.key) is not None:
            self._state.delete(SERIES, name.key)

    def _close(self, tenant: str, hours: Hours, now: int) -> None:
        for name, scale, source, reading in self._readings(tenant, hours):
            row = self._state.get(SERIES, name.key)
            if row is None or row.source != source:
                row = Series(hours.until, source=source)
            series, finding = close(row, hours.until, reading, scale, self._rules)
            if series is not row:
                self._state.put(SERIES, name.key, series)
            self._follow(name, hours.until, finding, now)

    def _readings(self, tenant: str, hours: Hours) -> Iterator[tuple[Name, Scale, str, Reading]]:
        """Each series of the tenant, with what the hour says of it and by which model."""
        whole = self._find(WindowKey(tenant, self._rules.size, hours.until, *OVERALL)) or Totals()
        scored = float(whole.scored)
        yield Name(tenant, "score"), POINTS, "", Reading(whole.score_sum / HUNDREDTHS, scored)
        for label in LABELS:
            yield Name(tenant, "label_share", "label", label), SHARE, "", Reading(getattr(whole, label), scored)
        for category in hours.categories:
            of_it = self._find(WindowKey(tenant, self._rules.size, hours.until, "category", category)) or Totals()
            reading = Reading(of_it.events, float(whole.events))
            yield Name(tenant, "category_share", "category", category), SHARE, "", reading
        key = _unseen_key(tenant, hours.until)
        unseen = self._state.get(UNSEEN, key)
        if unseen is not None:
            self._state.delete(UNSEEN, key)
            yield Name(tenant, "unseen_words"), SHARE, unseen.model, Reading(unseen.share, float(unseen.texts))

    def _follow(self, name: Name, at: int, finding: Finding | None, now: int) -> None:
        """Tell what was found, and end the alert before it, or one that has lasted long enough."""
        alert = self._state.get(FIRING, name.key)
        moment = datetime.fromtimestamp(now / 1000, UTC)
        if alert is not None:
            long_enough = at - alert.fired_at.timestamp() >= self._rules.lasts
            if finding is None and not long_enough:
                return
            self._end(name, alert, _why(alert, finding), moment)
        if finding is not None and not (alert is not None and _why(alert, finding) == "calm"):
            self._begin(name, finding, moment)

    def _begin(self, name: Name, finding: Finding, moment: datetime) -> None:
        if self._state.get(MEASURES_FIRING, _measure_key(name)) is not None:
            # The shares of a distribution change together: one alert says so.
            return
        dimension = name.dimension or OVERALL[0]
        alert = Alert(
            alert_id=alert_id(name.tenant, dimension, name.value, name.measure, "drift", finding.since),
            tenant=name.tenant,
            kind="drift",
            measure=name.measure,
            dimension=dimension,
            value=name.value,
            window_size=self._rules.size,
            severity="warning",
            started_at=datetime.fromtimestamp(finding.since, UTC),
            fired_at=moment,
            updated_at=moment,
            observed=finding.after,
            expected=finding.before,
            exposure=finding.texts,
            probability=finding.probability,
            summary=summary_of(name.measure, name.value, finding),
        )
        self._state.put(FIRING, name.key, alert)
        self._state.put(MEASURES_FIRING, _measure_key(name), True)
        self._send(alert)

    def _end(self, name: Name, alert: Alert, ended: Ended, moment: datetime) -> None:
        self._state.delete(FIRING, name.key)
        self._state.delete(MEASURES_FIRING, _measure_key(name))
        over = msgspec.structs.replace(alert, state="resolved", ended=ended, updated_at=moment, resolved_at=moment)
        self._send(msgspec.structs.replace(over, revision=alert.revision + 1))

    def _send(self, alert: Alert) -> None:
        self._output.send(topics.ALERTS, alert.alert_id.encode(), encode_alert(alert))
        notice = Alerted(alert=alert)
        self._output.send(topics.NOTICES, notice_key(notice), encode_notice(notice))
        self._output.count("alerts", alert.kind, alert.severity, alert.state)


def _series_of(tenant: str, categories: Iterable[str]) -> list[Name]:
    """All that a tenant's hours are watched for."""
    return [
        Name(tenant, "score"),
        Name(tenant, "unseen_words"),
        *(Name(tenant, "label_share", "label", label) for label in LABELS),
        *(Name(tenant, "category_share", "category", category) for category in categories),
    ]


def _why(alert: Alert, finding: Finding | None) -> Ended:
    """Whether the level came back, or is what is usual now."""
    if finding is None:
        return "usual now"
    came_back = abs(finding.after - alert.expected) < abs(finding.after - alert.observed)
    return "calm" if came_back else "usual now"


def _measure_key(name: Name) -> bytes:
    return msgspec.msgpack.encode((name.tenant, name.measure))


def _unseen_key(tenant: str, start: int) -> bytes:
    return msgspec.msgpack.encode((tenant, start))

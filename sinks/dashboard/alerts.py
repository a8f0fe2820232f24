"""Spikes, falls and silences as the page tells them: what fires now, however long, and what ended in a span."""

from datetime import datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from pydantic import BaseModel, ConfigDict

from schemas.alerts import Ended, Kind, Measure, Severity, State
from sinks.dashboard.asking import Bound, ask, from_milliseconds, from_milliseconds_or_none, last_minutes

# Of either state. Somebody with more alerts than that at once is helped by the count, not by the list.
MAX_ALERTS: Final = 30

# Every alert of one tenant, or of one series, that fires or fired at some time of a span.
_ALERTS = """
SELECT toString(alert_id) AS id, kind, measure, dimension, value, severity, state, window_size,
    JSONExtractString(record, 'ended') AS why_ended,
    toUnixTimestamp64Milli(started_at) AS started_ms, toUnixTimestamp64Milli(fired_at) AS fired_ms,
    toUnixTimestamp64Milli(resolved_at) AS resolved_ms,
    observed, expected, exposure, ratio, probability, tickets, summary,
    phrases.phrase AS words, phrases.share AS shares, phrases.usual AS usual_shares,
    count() OVER of_state AS alerts_of_state, countIf(severity = 'critical') OVER of_state AS critical_of_state
FROM alerts_now
WHERE tenant = {tenant:String}
    AND ({dimension:String} = '' OR (dimension, value) = ({dimension:String}, {value:String}))
    AND started_at < toDateTime({until:UInt32}, 'UTC')
    AND (state = 'firing' OR resolved_at >= toDateTime({since:UInt32}, 'UTC'))
WINDOW of_state AS (PARTITION BY state)
ORDER BY state = 'firing' DESC, (state = 'firing' AND severity = 'critical') DESC,
    coalesce(resolved_at, fired_at) DESC, id
LIMIT {rows:UInt32} BY state
"""


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class ShownPhrase(_Figures):
    """A phrase that is over-represented in an alert: its share of the texts and what is usual. 0 to 1."""

    phrase: str
    share: float
    usual: float


class ShownAlert(_Figures):
    """One episode of one series of windows, as `schemas.alerts` tells it. `observed` and `expected` are events, a share
    from 0 to 1 or points, as `measure` has it; `probability` is that of as much by chance.
    """

    alert_id: str
    kind: Kind
    measure: Measure
    dimension: str
    value: str
    severity: Severity
    state: State
    ended: Ended | None
    started_at: datetime
    fired_at: datetime
    resolved_at: datetime | None
    window_size: int
    observed: float
    expected: float
    exposure: float
    ratio: float
    probability: float
    summary: str
    tickets: list[str]
    phrases: list[ShownPhrase]


class Alerts(_Figures):
    """The newest of one tenant. `alerts` has those that fire first, critical ones before warnings, then those that were
    resolved at `since` or later, newest first; at most 30 of either. `firing`, `critical` (of
    those that fire) and `resolved` count all.
    """

    tenant: str
    minutes: int
    since: datetime
    generated_at: datetime
    firing: int
    critical: int
    resolved: int
    alerts: list[ShownAlert]


def read_alerts(client: Client, tenant: str, minutes: int, now: datetime) -> Alerts:
    """What fires as of `now` (aware), and what was resolved in the last `minutes`, the running minute included.

    Raises clickhouse_connect's errors when the database does not answer.
    """
    since, until = last_minutes(minutes, now)
    found = _read(client, {"tenant": tenant, "dimension": "", "value": ""}, since, until)
    return Alerts(
        tenant=tenant,
        minutes=minutes,
        since=since,
        generated_at=now,
        firing=_counted("firing", "alerts_of_state", found),
        critical=_counted("firing", "critical_of_state", found),
        resolved=_counted("resolved", "alerts_of_state", found),
        alerts=[_shown(row) for row in found],
    )


def read_alerts_of(
    client: Client, tenant: str, dimension: str, value: str, since: datetime, until: datetime
) -> list[ShownAlert]:
    """Those of one dimension's value that fire, or were resolved at `since` or later, and began before `until`."""
    found = _read(client, {"tenant": tenant, "dimension": dimension, "value": value}, since, until)
    return [_shown(row) for row in found]


def _read(client: Client, series: Bound, since: datetime, until: datetime) -> list[dict[str, Any]]:
    span = {"since": int(since.timestamp()), "until": int(until.timestamp())}
    return ask(client, _ALERTS, {**series, **span, "rows": MAX_ALERTS})


def _counted(state: State, what: str, found: list[dict[str, Any]]) -> int:
    return next((row[what] for row in found if row["state"] == state), 0)


def _shown(row: dict[str, Any]) -> ShownAlert:
    phrases = zip(row["words"], row["shares"], row["usual_shares"], strict=True)
    return ShownAlert(
        alert_id=row["id"],
        ended=row["why_ended"] or None,
        started_at=from_milliseconds(row["started_ms"]),
        fired_at=from_milliseconds(row["fired_ms"]),
        resolved_at=from_milliseconds_or_none(row["resolved_ms"]),
        phrases=[ShownPhrase(phrase=phrase, share=share, usual=usual) for phrase, share, usual in phrases],
        **{name: row[name] for name in ("kind", "measure", "dimension", "value", "severity", "state", "window_size")},
        **{name: row[name] for name in ("observed", "expected", "exposure", "ratio", "probability")},
        **{name: row[name] for name in ("tickets", "summary")},
    )

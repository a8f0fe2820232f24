"""One series of windows over a long span: its figures, their moving averages, and how the newest closed window stands
beside the one before it and those of the same time a day and a week before.
"""

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client
from pydantic import BaseModel, ConfigDict

from sinks.dashboard.alerts import ShownAlert, read_alerts_of
from sinks.dashboard.asking import Bound, ask, from_seconds

Dimension = Literal["overall", "channel", "category"]

MAX_WINDOWS: Final = 500
MAX_CHOICES: Final = 50


class Size(IntEnum):
    """The length of a window, in seconds."""

    FIVE_MINUTES = 300
    HOUR = 3_600
    DAY = 86_400


# What a moving average takes together (seconds), so that it has no rhythm of the day or of the week in it.
SMOOTHED_OVER: Final = {Size.FIVE_MINUTES: 3_600, Size.HOUR: 86_400, Size.DAY: 7 * 86_400}

_WINDOWS = """
SELECT toUnixTimestamp(start) AS started, final, events, scored, escalations, negative_share, escalation_rate, score_avg
FROM windows_now
WHERE tenant = {tenant:String} AND size = {size:UInt32} AND dimension = {dimension:String} AND value = {value:String}
    AND start >= toDateTime({since:UInt32}, 'UTC') AND start < toDateTime({until:UInt32}, 'UTC')
ORDER BY start
"""
_SMOOTHED = """
SELECT toUnixTimestamp(start) AS started, events_smoothed, negative_share_smoothed, escalation_rate_smoothed,
    score_avg_smoothed
FROM windows_smoothed(tenant = {tenant:String}, size = {size:UInt32}, dimension = {dimension:String},
    since = {since:UInt32}, until = {until:UInt32}, span = {smoothed_over:UInt32})
WHERE value = {value:String}
"""
_CHANGE = """
SELECT toFloat64(events) AS events, events_before, events_day_before, events_week_before,
    negative_share, negative_share_before, negative_share_day_before, negative_share_week_before,
    escalation_rate, escalation_rate_before, escalation_rate_day_before, escalation_rate_week_before,
    score_avg, score_avg_before, score_avg_day_before, score_avg_week_before
FROM windows_change(tenant = {tenant:String}, size = {size:UInt32}, dimension = {dimension:String},
    since = {since:UInt32}, until = {until:UInt32})
WHERE value = {value:String}
"""
_CHOICES = """
SELECT dimension, value, sum(w.events) AS events
FROM windows_now AS w
WHERE tenant = {tenant:String} AND size = {size:UInt32} AND dimension IN ('channel', 'category')
    AND start >= toDateTime({since:UInt32}, 'UTC') AND start < toDateTime({until:UInt32}, 'UTC')
GROUP BY dimension, value
ORDER BY events DESC, value
LIMIT {choices:UInt32} BY dimension
"""


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class TrendWindow(_Figures):
    """One window and the averages over `smoothed_over` that end with it. While it is not `final` its counts may rise.

    Events are counts (an average one has decimals), shares and rates 0 to 1 of `scored`, scores 0 to 10; None where
    nothing was scored. An average of shares or scores is that of all texts, not of the windows.
    """

    start: datetime
    final: bool
    events: int
    scored: int
    escalations: int
    negative_share: float | None
    escalation_rate: float | None
    score_avg: float | None
    events_smoothed: float
    negative_share_smoothed: float | None
    escalation_rate_smoothed: float | None
    score_avg_smoothed: float | None


class Compared(_Figures):
    """A figure of a window, of the window before it, and of those of the same time a day and a week before. A window
    that is missing had no events; its shares and averages are None.
    """

    now: float | None
    before: float | None
    day_before: float | None
    week_before: float | None


class Newest(_Figures):
    """The newest window of the span that is final."""

    start: datetime
    events: Compared
    negative_share: Compared
    escalation_rate: Compared
    score_avg: Compared


class Choices(_Figures):
    """The values that had events in the span, most events first, at most 50 of either dimension."""

    channel: list[str]
    category: list[str]


class Trends(_Figures):
    """Windows of `size` seconds of one dimension's value ("" for overall) from `since` to before `until`, oldest first.
    A window without events has no entry. `alerts` are those of the same value that fired at some time of the span.
    """

    tenant: str
    size: int
    dimension: Dimension
    value: str
    windows: int
    since: datetime
    until: datetime
    generated_at: datetime
    smoothed_over: int
    series: list[TrendWindow]
    newest: Newest | None
    choices: Choices
    alerts: list[ShownAlert]


class Series(_Figures):
    """What is asked for. `value` is "" for overall; `windows` counts the running one."""

    tenant: str
    size: Size
    dimension: Dimension
    value: str
    windows: int


def read_trends(client: Client, asked: Series, now: datetime) -> Trends:
    """The series as of `now` (aware). Raises clickhouse_connect's errors when the database does not answer."""
    began = int(now.timestamp()) // asked.size * asked.size
    until = datetime.fromtimestamp(began, UTC) + timedelta(seconds=asked.size)
    since = until - timedelta(seconds=asked.size * asked.windows)
    bound = _bind(asked, int(since.timestamp()), int(until.timestamp()))
    series = _read_windows(client, bound)
    return Trends(
        **asked.model_dump(),
        since=since,
        until=until,
        generated_at=now,
        smoothed_over=SMOOTHED_OVER[asked.size],
        series=series,
        newest=_read_newest(client, asked, series),
        choices=_read_choices(client, bound),
        alerts=read_alerts_of(client, asked.tenant, asked.dimension, asked.value, since, until),
    )


def _read_windows(client: Client, bound: Bound) -> list[TrendWindow]:
    smoothed = {row.pop("started"): row for row in ask(client, _SMOOTHED, bound)}
    windows = [(row.pop("started"), row) for row in ask(client, _WINDOWS, bound)]
    # A window that was stored between the two questions comes with the next answer.
    return [
        TrendWindow(start=from_seconds(started), **row, **smoothed[started])
        for started, row in windows
        if started in smoothed
    ]


def _read_newest(client: Client, asked: Series, series: list[TrendWindow]) -> Newest | None:
    start = max((window.start for window in series if window.final), default=None)
    if start is None:
        return None
    began = int(start.timestamp())
    row = ask(client, _CHANGE, _bind(asked, began, began + 1))[0]
    measures = ("events", "negative_share", "escalation_rate", "score_avg")
    return Newest(start=start, **{measure: _compared(row, measure) for measure in measures})


def _compared(row: dict[str, Any], measure: str) -> Compared:
    steps = ("before", "day_before", "week_before")
    return Compared(now=row[measure], **{step: row[f"{measure}_{step}"] for step in steps})


def _read_choices(client: Client, bound: Bound) -> Choices:
    values: dict[str, list[str]] = {"channel": [], "category": []}
    for row in ask(client, _CHOICES, bound):
        values[row["dimension"]].append(row["value"])
    return Choices(**values)


def _bind(asked: Series, since: int, until: int) -> Bound:
    return {
        "tenant": asked.tenant,
        "size": int(asked.size),
        "dimension": asked.dimension,
        "value": asked.value,
        "since": since,
        "until": until,
        "smoothed_over": SMOOTHED_OVER[asked.size],
        "choices": MAX_CHOICES,
    }

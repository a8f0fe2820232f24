"""The figures of the page, read from the views of ClickHouse. What is not in the database is not shown or estimated."""

from datetime import datetime, timedelta

from clickhouse_connect.driver.client import Client

from sinks.clickhouse import letters
from sinks.dashboard.asking import Bound, ask, from_milliseconds, from_seconds, last_minutes
from sinks.dashboard.figures import (
    Counts,
    Group,
    Live,
    Minute,
    NewestEscalation,
    Pipeline,
    ReasonCount,
    WorstTicket,
    Yesterday,
)

# What "just now" means where it is compared with the whole span.
LATEST_MINUTES = 5
ROWS = 10
EXCERPT_CHARS = 280

_SERIES = """
SELECT toUnixTimestamp(start) AS started, final, events, scored, very_negative, negative, neutral, positive,
    very_positive, escalations, resolved, negative_share, escalation_rate, score_avg
FROM windows_now
WHERE tenant = {tenant:String} AND size = 60 AND dimension = 'overall' AND value = ''
    AND start >= toDateTime({since:UInt32}, 'UTC') AND start < toDateTime({until:UInt32}, 'UTC')
ORDER BY start
"""
_TOTALS = """
SELECT dimension, value, sum(w.events) AS events, sum(w.scored) AS scored,
    sum(w.very_negative) AS very_negative, sum(w.negative) AS negative, sum(w.neutral) AS neutral,
    sum(w.positive) AS positive, sum(w.very_positive) AS very_positive,
    sum(w.escalations) AS escalations, sum(w.resolved) AS resolved,
    if(scored = 0, NULL, (very_negative + negative) / scored) AS negative_share,
    if(scored = 0, NULL, escalations / scored) AS escalation_rate,
    if(scored = 0, NULL, sum(w.score_sum) / 100 / scored) AS score_avg
FROM windows_now AS w
WHERE tenant = {tenant:String} AND size = 60 AND dimension IN ('overall', 'channel', 'category', 'priority')
    AND start >= toDateTime({since:UInt32}, 'UTC') AND start < toDateTime({until:UInt32}, 'UTC')
GROUP BY dimension, value
ORDER BY events DESC, value
"""
_WORST = """
SELECT ticket_id, event_id, channel, category, priority, toUnixTimestamp64Milli(occurred_at) AS occurred_ms,
    toFloat64(score) AS points, toString(label) AS label_name,
    substringUTF8(if(empty(text), subject, text), 1, {excerpt:UInt32}) AS excerpt
FROM scored_events_between(tenant = {tenant:String}, since = {since:UInt32}, until = {until:UInt32})
WHERE scored AND voice = 'customer'
ORDER BY score, occurred_at DESC, event_id
LIMIT 1 BY ticket_id
LIMIT {rows:UInt32}
"""
_ESCALATIONS = """
SELECT raised.*, held.agent AS agent
FROM (
SELECT toString(escalation_id) AS id, number, ticket_id, channel, category, priority, rule, reason, state,
    toUnixTimestamp64Milli(occurred_at) AS occurred_ms, if(label = 'unset', NULL, toFloat64(score)) AS points,
    substringUTF8(text, 1, {excerpt:UInt32}) AS excerpt
FROM escalations_now
WHERE tenant = {tenant:String}
    AND occurred_at >= toDateTime({since:UInt32}, 'UTC') AND occurred_at < toDateTime({until:UInt32}, 'UTC')
ORDER BY occurred_at DESC, id
LIMIT {rows:UInt32}
) AS raised
LEFT JOIN (
    SELECT ticket_id, argMax(agent, log_offset) AS agent
    FROM assignments_now
    WHERE tenant = {tenant:String} AND ticket_id IN (
        SELECT ticket_id FROM escalations
        WHERE tenant = {tenant:String}
            AND occurred_at >= toDateTime({since:UInt32}, 'UTC') AND occurred_at < toDateTime({until:UInt32}, 'UTC')
    )
    GROUP BY ticket_id
) AS held USING (ticket_id)
ORDER BY occurred_ms DESC, id
"""
_STORED = """
SELECT count() AS stored, countIf(scored) AS texts,
    if(stored = 0, NULL, toUnixTimestamp64Milli(max(received_at))) AS newest_ms
FROM scored_events_between(tenant = {tenant:String}, since = {since:UInt32}, until = {until:UInt32})
"""
_DEAD_LETTERS = f"""
WITH {letters.TENANT} AS tenant
SELECT reason, count() AS records
FROM dead_letters_now
WHERE tenant = {{tenant:String}}
    AND failed_at >= toDateTime({{since:UInt32}}, 'UTC') AND failed_at < toDateTime({{until:UInt32}}, 'UTC')
GROUP BY reason
ORDER BY records DESC, reason
"""  # noqa: S608 - of parts that are written here


def read_live(client: Client, tenant: str, minutes: int, now: datetime) -> Live:
    """The figures of the last `minutes`, the running minute included, as of `now` (aware).

    Raises clickhouse_connect's errors when the database does not answer.
    """
    since, until = last_minutes(minutes, now)
    bound = _bind(tenant, since, until)
    totals = read_totals(client, bound)
    latest = read_totals(client, _bind(tenant, max(since, until - timedelta(minutes=LATEST_MINUTES)), until))
    return Live(
        tenant=tenant,
        minutes=minutes,
        since=since,
        until=until,
        generated_at=now,
        totals=_overall(totals),
        latest=_overall(latest),
        yesterday=read_yesterday(client, tenant, since, until),
        series=read_series(client, bound),
        channels=totals["channel"],
        categories=totals["category"],
        priorities=totals["priority"],
        worst=read_worst(client, bound),
        escalations=read_escalations(client, bound),
        pipeline=read_pipeline(client, bound, now),
    )


def read_series(client: Client, bound: Bound) -> list[Minute]:
    """The windows of one minute over everything, oldest first. A minute without a window has no row."""
    return [Minute(start=from_seconds(row.pop("started")), **row) for row in ask(client, _SERIES, bound)]


def read_totals(client: Client, bound: Bound) -> dict[str, list[Group]]:
    """The sums of the one-minute windows by dimension (overall has the one value ""), most events first."""
    groups: dict[str, list[Group]] = {"overall": [], "channel": [], "category": [], "priority": []}
    for row in ask(client, _TOTALS, bound):
        groups[row.pop("dimension")].append(Group(**row))
    return groups


def read_yesterday(client: Client, tenant: str, since: datetime, until: datetime) -> Yesterday:
    """The sums a day before a span, without the minute that runs at its end: that of yesterday is over."""
    began = since - timedelta(days=1)
    ended = max(began, until - timedelta(days=1, minutes=1))
    counts = _overall(read_totals(client, _bind(tenant, began, ended)))
    return Yesterday(since=began, until=ended, **counts.model_dump(include=set(Counts.model_fields)))


def read_worst(client: Client, bound: Bound) -> list[WorstTicket]:
    """The tickets with the lowest-scored customer messages, lowest first; each ticket once."""
    return [
        WorstTicket(
            occurred_at=from_milliseconds(row.pop("occurred_ms")),
            score=row.pop("points"),
            label=row.pop("label_name"),
            **row,
        )
        for row in ask(client, _WORST, bound)
    ]


def read_escalations(client: Client, bound: Bound) -> list[NewestEscalation]:
    """The newest escalations, newest first."""
    return [
        NewestEscalation(
            escalation_id=row.pop("id"),
            occurred_at=from_milliseconds(row.pop("occurred_ms")),
            score=row.pop("points"),
            **row,
        )
        for row in ask(client, _ESCALATIONS, bound)
    ]


def read_pipeline(client: Client, bound: Bound, now: datetime) -> Pipeline:
    """What is stored of the span, how old the newest of it is (seconds), and what could not be processed."""
    stored = ask(client, _STORED, bound)[0]
    newest = None if stored["newest_ms"] is None else from_milliseconds(stored["newest_ms"])
    return Pipeline(
        stored=stored["stored"],
        scored=stored["texts"],
        newest_event_at=newest,
        newest_event_age=None if newest is None else max(0.0, (now - newest).total_seconds()),
        dead_letters=[
            ReasonCount(reason=row["reason"], count=row["records"]) for row in ask(client, _DEAD_LETTERS, bound)
        ],
    )


def _overall(groups: dict[str, list[Group]]) -> Counts:
    return groups["overall"][0] if groups["overall"] else Counts()


def _bind(tenant: str, since: datetime, until: datetime) -> Bound:
    span = {"since": int(since.timestamp()), "until": int(until.timestamp())}
    return {"tenant": tenant, **span, "rows": ROWS, "excerpt": EXCERPT_CHARS}

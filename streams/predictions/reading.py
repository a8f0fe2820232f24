"""Rows of ClickHouse as a history, wherever the engine is: of a span, or of some tickets and their customers."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa

from schemas.events import CHANNELS, EVENT_TYPES, PRIORITIES, STATUSES
from sinks.clickhouse.console import query
from streams.predictions.building import Rows, history_of
from streams.predictions.foretelling import Due
from streams.predictions.history import SIGNALS, URGENCIES, History

# As many events as one answer may have.
_AT_ONCE: Final = 400_000
_UPSET: Final = ("angry", "anger", "frustrated", "frustration")
_MEDIUM: Final = 1


def _coded(column: str, names: Sequence[str], otherwise: int) -> str:
    return f"toInt64(transform(toString({column}), {list(names)}, {list(range(len(names)))}, {otherwise}))"


_SIGNALS: Final = " + ".join(f"has(signals, '{name}') * {1 << bit}" for bit, name in enumerate(SIGNALS))
_EVENTS: Final = f"""
SELECT
    concat(tenant, '/', ticket_id) AS ticket, toUnixTimestamp64Milli(received_at) AS known,
    toUnixTimestamp64Milli(occurred_at) AS at, toInt64(log_offset) AS place,
    {_coded("type", EVENT_TYPES, 1)} AS kind, toUInt8(voice = 'customer') AS customer_voice,
    toUInt8(voice = 'agent' AND author NOT IN ('bot', 'system') AND type IN ('created', 'message', 'agent_reply'))
        AS human,
    toUInt8(scored) AS scored, toInt64(score * 100) AS score, toInt64(round(polarity * 10000)) AS polarity,
    {_coded("urgency", URGENCIES, _MEDIUM)} AS urgency, {_coded("priority", PRIORITIES, _MEDIUM)} AS priority,
    {_coded("channel", CHANNELS, 0)} AS channel, if(voice = 'customer', toString(category), '') AS category,
    {_coded("status", STATUSES, -1)} AS status, toUInt8(emotion IN {_UPSET}) AS upset,
    toInt64({_SIGNALS}) AS signals, toInt64(least(questions, 1000)) AS questions, toInt64(satisfaction) AS rating,
    concat(tenant, '/', customer_id) AS customer
FROM scored_events FINAL
WHERE {{which}}"""  # noqa: S608 - of parts that are written here
_TEXTS: Final = """
SELECT ticket, words AS text
FROM
(
    SELECT concat(tenant, '/', ticket_id) AS ticket,
        argMin(substringUTF8(if(empty(subject), text, concat(subject, '\\n', text)), 1, 2000),
            (received_at, log_offset)) AS words
    FROM scored_events FINAL
    WHERE {which} AND voice = 'customer' AND (notEmpty(text) OR notEmpty(subject))
    GROUP BY tenant, ticket_id
)"""
# Known when it was raised, or when what caused it was received, whichever is later.
_ESCALATIONS: Final = """
SELECT concat(raised.tenant, '/', raised.ticket_id) AS ticket,
    toUnixTimestamp64Milli(greatest(raised.occurred_at, cause.received_at)) AS known,
    concat(raised.tenant, '/', raised.customer_id) AS customer
FROM (SELECT tenant, ticket_id, event_id, occurred_at, customer_id FROM escalations FINAL WHERE {which}) AS raised
LEFT JOIN
(
    SELECT tenant, ticket_id, event_id, received_at FROM scored_events FINAL
    WHERE (tenant, ticket_id) IN (SELECT tenant, ticket_id FROM escalations WHERE {which})
) AS cause
    ON cause.tenant = raised.tenant AND cause.ticket_id = raised.ticket_id AND cause.event_id = raised.event_id"""
_CONTACTS: Final = """
SELECT concat(tenant, '/', customer_id) AS customer, toUnixTimestamp64Milli(min(received_at)) AS known
FROM scored_events
WHERE notEmpty(customer_id) AND {which}
GROUP BY tenant, customer_id, ticket_id"""
_DUE: Final = """
SELECT active.tenant AS tenant, active.ticket_id AS ticket, active.ended AS ended,
    greatest(active.last, foretold.as_of, if(active.ended, toInt64(0), toInt64({bucket}))) AS as_of
FROM
(
    SELECT tenant, ticket_id, toUnixTimestamp64Milli(max(received_at)) AS last,
        toUInt8(argMaxIf(status, (received_at, log_offset), status != '') IN ('resolved', 'closed')) AS ended
    FROM scored_events FINAL
    WHERE occurred_at >= fromUnixTimestamp64Milli({since})
    GROUP BY tenant, ticket_id
) AS active
LEFT JOIN
(
    SELECT tenant, ticket_id, toUnixTimestamp64Milli(as_of) AS as_of, ended FROM predictions_standing
) AS foretold ON foretold.tenant = active.tenant AND foretold.ticket_id = active.ticket_id
WHERE if(active.ended, foretold.as_of > 0 AND NOT foretold.ended,
    active.last > foretold.as_of OR foretold.as_of < toInt64({bucket}))
ORDER BY tenant, ticket
LIMIT {most}"""
_MEANS: Final = """
SELECT tenant, category, avg(took) AS mean, count() AS resolutions
FROM
(
    SELECT tenant, ticket_id,
        argMaxIf(category, received_at, voice = 'customer' AND type IN ('created', 'message')) AS category,
        dateDiff('millisecond', min(occurred_at), minIf(occurred_at, type = 'status_changed' AND status = 'resolved'))
            AS took
    FROM scored_events FINAL
    WHERE occurred_at >= fromUnixTimestamp64Milli({since})
    GROUP BY tenant, ticket_id
    HAVING countIf(type = 'status_changed' AND status = 'resolved') > 0 AND countIf(type = 'created') > 0
)
GROUP BY tenant, category"""


def read_history(url: str, since_ms: int, tenant: str | None = None) -> History:
    """All tickets with an event since then. Raises QueryFailed and CannotOpen."""
    which = f"occurred_at >= fromUnixTimestamp64Milli({int(since_ms)})"
    if tenant is not None:
        which += f" AND tenant = {quoted(tenant)}"
    part = _parts(url, which)
    return history_of(
        Rows(
            events=_together(url, (_EVENTS.replace("{which}", each) for each in part)),
            texts=_together(url, (_TEXTS.replace("{which}", each) for each in part)),
            escalations=_together(url, [_ESCALATIONS.replace("{which}", which)]),
            contacts=_together(url, (_CONTACTS.replace("{which}", each) for each in part)),
        )
    )


def read_tickets(url: str, tickets: Sequence[Due]) -> History:
    """All that is stored of some tickets, and of their customers what else they have. Raises as `read_history`."""
    which = of_tickets(tickets)
    customers = f"""(tenant, customer_id) IN
        (SELECT tenant, customer_id FROM scored_events WHERE ({which}) AND notEmpty(customer_id))"""  # noqa: S608
    return history_of(
        Rows(
            events=_together(url, [_EVENTS.replace("{which}", which)]),
            texts=_together(url, [_TEXTS.replace("{which}", f"({which})")]),
            escalations=_together(url, [_ESCALATIONS.replace("{which}", f"(({which}) OR {customers})")]),
            # One id may stand for many: that of whoever gave no name has a million tickets some day.
            contacts=_together(url, (_CONTACTS.replace("{which}", each) for each in _parts(url, customers))),
        )
    )


def read_due(url: str, since_ms: int, bucket_ms: int, most: int) -> list[Due]:
    """Tickets with an event since then of which something came after their newest prediction, and open ones whose
    newest prediction is of before `bucket_ms`. Raises as `read_history`.
    """
    sql = _DUE.replace("{since}", str(int(since_ms))).replace("{bucket}", str(int(bucket_ms)))
    rows = _table(url, sql.replace("{most}", str(int(most)))).to_pylist()
    return [Due(row["tenant"], row["ticket"], int(row["as_of"]), bool(row["ended"])) for row in rows]


def read_means(url: str, since_ms: int) -> dict[tuple[str, str], tuple[float, int]]:
    """By tenant and category: the mean time from a ticket's first event to its first resolution, in ms, and of how
    many. Raises as `read_history`.
    """
    rows = _table(url, _MEANS.replace("{since}", str(int(since_ms)))).to_pylist()
    return {(row["tenant"], row["category"]): (float(row["mean"]), int(row["resolutions"])) for row in rows}


def of_tickets(tickets: Sequence[Due]) -> str:
    """A condition for these tickets."""
    by_tenant: dict[str, list[str]] = {}
    for each in tickets:
        by_tenant.setdefault(each.tenant, []).append(quoted(each.ticket))
    parts = [f"(tenant = {quoted(name)} AND ticket_id IN ({', '.join(ids)}))" for name, ids in by_tenant.items()]
    return " OR ".join(parts)


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _parts(url: str, which: str) -> list[str]:
    """Conditions that together choose the same events, each no more of them than one answer may have."""
    rows = int(_table(url, f"SELECT count() AS rows FROM scored_events WHERE {which}")["rows"][0].as_py())  # noqa: S608
    parts = rows // _AT_ONCE + 1
    return [f"{which} AND cityHash64(tenant, ticket_id) % {parts} = {number}" for number in range(parts)]


def _together(url: str, questions: Iterator[str] | Sequence[str]) -> dict[str, Any]:
    tables = [_table(url, each) for each in questions]
    table = pa.concat_tables(tables)
    return {name: table[name].combine_chunks() for name in table.column_names}


def _table(url: str, sql: str) -> Any:
    return pa.ipc.open_stream(query(url, sql, "ArrowStream")).read_all()

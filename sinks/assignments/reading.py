"""What is stored of assignments."""

from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from sinks.analytics.cursors import Place, read_cursor, write_cursor
from sinks.analytics.selection import EARLIEST, LATEST
from sinks.analytics.tickets import conversation_url
from sinks.assignments.models import Assigned, Assignments, Load, Step, TicketAssignment
from sinks.dashboard.asking import Bound, ask, from_milliseconds

# What a list may be of: what is over is history.
Listed = Literal["waiting", "assigned", "handled"]

_MOST_AGENTS: Final = 1_000
_TICKET: Final = """
SELECT state, reason, queue, agent, previous,
    toUnixTimestamp64Milli(since) AS since_ms, toUnixTimestamp64Milli(at) AS at_ms
FROM assignments FINAL
PREWHERE tenant = {tenant:String} AND ticket_id = {ticket:String}
ORDER BY log_offset DESC
LIMIT 50
"""
# A ticket is in one partition of the log, so positions tell which record is its newest.
_NEWEST: Final = """
(
    SELECT * FROM assignments FINAL
    PREWHERE tenant = {tenant:String}
    ORDER BY log_offset DESC
    LIMIT 1 BY ticket_id
)
"""
_LIST: Final = f"""
SELECT ticket_id, queue, agent, reason, channel, category, language, priority, is_escalated,
    toUnixTimestamp64Milli(since) AS since_ms, toUnixTimestamp64Milli(at) AS at_ms
FROM {_NEWEST}
WHERE state = {{state:String}}
    AND ({{agent:String}} = '' OR agent = {{agent:String}})
    AND ({{queue:String}} = '' OR queue = {{queue:String}})
    AND (since_ms, ticket_id) > ({{last_ms:Int64}}, {{last_id:String}})
ORDER BY since_ms, ticket_id
LIMIT {{most:UInt32}}
"""  # noqa: S608 - fixed fragments
_STATES: Final = f"SELECT state, count() AS tickets FROM {_NEWEST} WHERE state != 'over' GROUP BY state ORDER BY state"  # noqa: S608
_AGENTS: Final = f"""
SELECT agent, count() AS tickets FROM {_NEWEST}
WHERE state = 'assigned' GROUP BY agent ORDER BY tickets DESC, agent LIMIT {_MOST_AGENTS}
"""  # noqa: S608


def read_ticket(client: Client, tenant: str, ticket: str) -> TicketAssignment:
    """Who has a ticket, and who had it. Raises clickhouse_connect's errors."""
    rows = ask(client, _TICKET, {"tenant": tenant, "ticket": ticket})
    if not rows:
        return TicketAssignment(tenant=tenant, ticket_id=ticket)
    return TicketAssignment(
        tenant=tenant,
        ticket_id=ticket,
        **{name: rows[0][name] for name in ("state", "reason", "queue", "agent")},
        since=from_milliseconds(rows[0]["since_ms"]),
        at=from_milliseconds(rows[0]["at_ms"]),
        history=[_step(row) for row in rows],
    )


def read_list(
    client: Client, tenant: str, state: Listed, agent: str, queue: str, limit: int, cursor: str | None
) -> Assignments:
    """One page. Raises InvalidCursor, and clickhouse_connect's errors."""
    order = f"assignments {state}"
    last: tuple[Any, ...] = (-(2**62), "")
    if cursor is not None:
        last = tuple(read_cursor(order, cursor, (int, str)).last)
    bound: Bound = {"tenant": tenant, "state": state, "agent": agent, "queue": queue, "most": limit + 1}
    found = ask(client, _LIST, {**bound, "last_ms": last[0], "last_id": last[1]})
    shown = found[:limit]
    following = None
    if len(found) > limit:
        place = Place(EARLIEST, LATEST, (int(shown[-1]["since_ms"]), shown[-1]["ticket_id"]))
        following = write_cursor(order, place)
    return Assignments(
        tenant=tenant,
        state=state,
        tickets=[_ticket(tenant, row) for row in shown],
        states={row["state"]: row["tickets"] for row in ask(client, _STATES, {"tenant": tenant})},
        agents=[Load(**row) for row in ask(client, _AGENTS, {"tenant": tenant})],
        next_cursor=following,
    )


def _step(row: dict[str, Any]) -> Step:
    names = ("state", "reason", "queue", "agent", "previous")
    return Step(at=from_milliseconds(row["at_ms"]), **{name: row[name] for name in names})


def _ticket(tenant: str, row: dict[str, Any]) -> Assigned:
    times = {name: from_milliseconds(row.pop(f"{name}_ms")) for name in ("since", "at")}
    return Assigned(**row, **times, conversation_url=conversation_url(tenant, row["ticket_id"]))

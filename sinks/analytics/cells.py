"""Figures for each value of a dimension, and for each pair of values of two."""

from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from sinks.analytics.facts import EVENTS, bound, escalations, facts, matching, of_tickets
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import Selection
from sinks.dashboard.asking import ask

Dimension = Literal["channel", "category", "priority", "agent", "subcategory", "product"]
Axis = Literal["channel", "category", "priority", "subcategory", "product"]

MAX_CELLS: Final = 2_000

_FELT: Final = """
    countIf(is_text) AS messages,
    countIf(is_text AND label IN ('very_negative', 'negative')) AS negative,
    negative / nullIf(messages, 0) AS negative_share,
    toInt64(sumIf(score, is_text) * 100) / 100 / nullIf(messages, 0) AS score_avg"""
_RATE: Final = "escalated_tickets / nullIf(tickets, 0) AS escalation_rate"
# An escalation has a channel, a category and a priority of its own. By what it has not, its ticket counts.
_BY_ITSELF: Final = f"""
    uniqExact(ticket) AS tickets, uniqExactIf(ticket, is_escalation) AS escalated_tickets, {_RATE}, {_FELT}"""
_BY_TICKET: Final = f"""
    uniqExact(ticket) AS tickets,
    uniqExactIf(ticket, ticket IN (SELECT ticket FROM {{escalations}})) AS escalated_tickets, {_RATE}, {_FELT}"""


class _Cell(Part):
    messages: int
    negative: int
    tickets: int
    negative_share: float | None
    score_avg: float | None
    escalated_tickets: int
    escalation_rate: float | None
    tickets_url: str


class Group(_Cell):
    """One value. Its tickets have a message, or an escalation, of that value in the span; an agent's have an event with
    the agent's id.
    """

    value: str


class Breakdown(Answer):
    """The values with most tickets first, at most 2,000. A ticket may count for several."""

    by: Dimension
    groups: list[Group]


class Cell(_Cell):
    """One pair of values."""

    row: str
    column: str


class Heatmap(Answer):
    """The pairs that occur, by row and column. A ticket may count for several."""

    rows: Axis
    columns: Axis
    cells: list[Cell]


def read_breakdown(client: Client, selection: Selection, by: Dimension = "channel") -> Breakdown:
    """Of the messages and escalations of the selection."""
    values = bound(selection, most=MAX_CELLS)
    order = "GROUP BY value ORDER BY tickets DESC, value LIMIT {most:UInt32}"
    if by == "agent":
        rows = ask(client, f"SELECT value, {_measures(selection, by)} FROM {_of_agents(selection)} {order}", values)
    else:
        rows = ask(
            client, f"SELECT {by} AS value, {_measures(selection, by)} FROM {_rows(selection, by)} {order}", values
        )
    groups = [Group(tickets_url=selection.tickets(**{by: row["value"]}), **row) for row in rows]
    return Breakdown(**about(selection), by=by, groups=groups)


def read_heatmap(client: Client, selection: Selection, rows: Axis = "channel", columns: Axis = "category") -> Heatmap:
    """Of the messages and escalations of the selection."""
    sql = f"""
    SELECT {rows} AS row, {columns} AS column, {_measures(selection, rows, columns)}
    FROM {_rows(selection, rows, columns)}
    GROUP BY row, column ORDER BY row, column LIMIT {{most:UInt32}}"""
    cells = [
        Cell(tickets_url=_address(selection, rows, columns, row), **row)
        for row in ask(client, sql, bound(selection, most=MAX_CELLS))
    ]
    return Heatmap(**about(selection), rows=rows, columns=columns, cells=cells)


def _address(selection: Selection, rows: Axis, columns: Axis, row: dict[str, Any]) -> str:
    return selection.tickets(**{rows: row["row"], columns: row["column"]})


def _own(*dimensions: str) -> bool:
    return all(dimension in ("channel", "category", "priority") for dimension in dimensions)


def _measures(selection: Selection, *dimensions: str) -> str:
    if _own(*dimensions):
        return _BY_ITSELF
    return _BY_TICKET.replace("{escalations}", escalations(selection))


def _rows(selection: Selection, *dimensions: str) -> str:
    rows = matching(selection)
    return rows if _own(*dimensions) else f"(SELECT * FROM {rows} WHERE is_message)"


def _of_agents(selection: Selection) -> str:
    chosen = "agent_id IN {agents:Array(String)}" if selection.agents else "agent_id != ''"
    return f"""
    (
        SELECT value, ticket, is_text AND matches AS is_text, label, score
        FROM {facts(selection)} AS facts
        INNER JOIN
        (
            SELECT DISTINCT ticket, agent_id AS value FROM {EVENTS} AND {chosen} {of_tickets(selection)}
        ) AS parts USING (ticket)
    )"""

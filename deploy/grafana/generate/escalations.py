"""Who was called, why, and how long customers waited."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.models.units import PercentUnit, Seconds, Short

from deploy.grafana.generate.board import board, with_panels
from deploy.grafana.generate.links import ESCALATIONS, cell, to_conversation, to_tickets
from deploy.grafana.generate.panels import figure, rows, series
from deploy.grafana.generate.queries import FILTERS, OF_TENANT, Sql

_ESCALATED: Final = ("yes",)
_RAISED: Final = f"""FROM escalations_between(
    tenant = ${{tenant:sqlstring}}, since = ${{__from:date:seconds}}, until = ${{__to:date:seconds}})
WHERE {FILTERS}"""
# Nothing is late before its time; what was answered is judged by when, what was not by now.
_LATE: Final = "isNotNull(respond_by) AND coalesce(first_response_at, resolved_at, now64(3, 'UTC')) > respond_by"


def _quantile(share: float, column: str) -> str:
    """Of those that have the column, else NULL."""
    return f"quantileIf({share})({column}, isNotNull({column}))"


def _within(seconds: str) -> str:
    """Within how long half of them, and nearly all."""
    return f"""
SELECT $__timeInterval(occurred_at) AS time,
    {_quantile(0.5, seconds)} AS "half within",
    {_quantile(0.95, seconds)} AS "95 % within"
{_RAISED}
GROUP BY time
ORDER BY time
"""


_WAITED: Final = _within("first_response_seconds")
_RESOLVED: Final = _within("resolution_seconds")
_BY_RULE: Final = f"""
SELECT $__timeInterval(occurred_at) AS time, rule, count() AS escalations
{_RAISED}
GROUP BY time, rule
ORDER BY time, rule
"""
# Who has each of these tickets, or had it last: empty where nobody has, or nobody is given tickets.
_WITH_AGENT: Final = f"""LEFT JOIN (
    SELECT ticket_id, argMax(agent, log_offset) AS agent
    FROM assignments_now
    WHERE {OF_TENANT} AND ticket_id IN (SELECT ticket_id {_RAISED})
    GROUP BY ticket_id
) AS held USING (ticket_id)"""
_OPEN: Final = f"""
SELECT occurred_at AS time, number, ticket_id AS ticket, channel, category, priority, rule, reason, state, queue, agent,
    respond_by AS "respond by", {_LATE} AS late
FROM (SELECT * {_RAISED} AND state != 'resolved') AS raised
{_WITH_AGENT}
ORDER BY late DESC, coalesce(respond_by, occurred_at), occurred_at
LIMIT 200
"""
_NEWEST: Final = f"""
SELECT occurred_at AS time, number, ticket_id AS ticket, channel, category, priority, rule, reason, state, agent,
    first_response_seconds AS "first response", resolution_seconds AS resolution, reopened
FROM (SELECT * {_RAISED}) AS raised
{_WITH_AGENT}
ORDER BY occurred_at DESC, number
LIMIT 200
"""


def escalations() -> Dashboard:
    """Escalations that were raised in the span, as they stand now."""
    escalated = [to_tickets("Tickets that escalated", escalated=_ESCALATED)]
    return with_panels(
        board(ESCALATIONS, "escalations and response times", "Who was called, why, and how long customers waited."),
        [
            _figure("Escalations", "count() AS escalations", "Raised in the span."),
            _figure("Open", "countIf(state = 'open') AS open", "Neither acknowledged nor answered."),
            _figure("Late", f"countIf({_LATE}) AS late", "Not answered by when the policy promised."),
            _figure(
                "Answered in time",
                f"countIf(isNotNull(first_response_at) AND NOT ({_LATE}))"
                " / nullIf(countIf(isNotNull(respond_by)), 0) AS share",
                "Of those with a promise.",
                PercentUnit,
            ),
            _figure(
                "First response, half within",
                f"{_quantile(0.5, 'first_response_seconds')} AS seconds",
                "From the escalation to an agent's first answer.",
                Seconds,
            ),
            _figure(
                "Resolution, half within",
                f"{_quantile(0.5, 'resolution_seconds')} AS seconds",
                "From the escalation to its end.",
                Seconds,
            ),
            series("First response", Sql(_WAITED, series=True), unit=Seconds, links=escalated),
            series("Resolution", Sql(_RESOLVED, series=True), unit=Seconds, links=escalated),
            series(
                "Escalations by rule",
                Sql(_BY_RULE, series=True),
                stacked=True,
                name="${__field.labels.rule}",
                links=escalated,
                width=24,
            ),
            _table("Rules", "rule", "Rule"),
            _table("Priorities", "priority", "Priority"),
            _table("Queues", "queue", "Queue"),
            _table("Categories", "category", "Category"),
            rows("Not resolved, the latest first", Sql(_OPEN), cells={"ticket": to_conversation()}, width=24),
            rows(
                "Newest escalations",
                Sql(_NEWEST),
                units={"first response": Seconds, "resolution": Seconds},
                cells={"ticket": to_conversation()},
                width=24,
            ),
        ],
    )


def _figure(title: str, select: str, description: str, unit: str = Short) -> Stat:
    return figure(
        title,
        Sql(f"SELECT {select}\n{_RAISED}"),
        unit=unit,
        description=description,
        links=[to_tickets("Tickets that escalated", escalated=_ESCALATED)],
    )


def _table(title: str, column: str, named: str) -> Table:
    query = Sql(f"""
SELECT toString({column}) AS "{named}", count() AS escalations, countIf(state != 'resolved') AS "not resolved",
    countIf({_LATE}) AS late,
    {_quantile(0.5, "first_response_seconds")} AS "first response",
    {_quantile(0.5, "resolution_seconds")} AS resolution
{_RAISED}
GROUP BY 1
ORDER BY escalations DESC
LIMIT 50
""")
    ways = to_tickets(
        "Tickets that escalated", escalated=_ESCALATED, **{column: cell(named)} if column == "category" else {}
    )
    return rows(
        title,
        query,
        units={"first response": Seconds, "resolution": Seconds},
        links=[to_tickets("Tickets that escalated", escalated=_ESCALATED)],
        cells={named: [ways]},
    )

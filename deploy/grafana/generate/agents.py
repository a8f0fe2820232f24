"""What agents do, and how customers feel who were answered by them."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.units import PercentUnit, Seconds

from deploy.grafana.generate.board import board, with_panels
from deploy.grafana.generate.links import AGENTS, cell, to_tickets
from deploy.grafana.generate.panels import figure, rows, series
from deploy.grafana.generate.queries import FILTERS, Sql

_EVENTS: Final = f"""FROM events_by_time_now
WHERE {FILTERS}
    AND $__timeFilter_ms(occurred_at)"""
_REPLIES: Final = f"{_EVENTS} AND voice = 'agent' AND agent_id != ''"
# A ticket counts for the agent who answered first, by what the span has of it.
_TICKETS: Final = f"""
SELECT
    argMinIf(agent_id, occurred_at, voice = 'agent' AND agent_id != '') AS agent,
    minIf(occurred_at, scored AND voice = 'customer') AS asked,
    minIf(occurred_at, voice = 'agent' AND agent_id != '') AS answered,
    countIf(scored AND voice = 'customer') AS texts,
    sumIf(toFloat64(score), scored AND voice = 'customer') AS points,
    countIf(scored AND voice = 'customer' AND label IN ('very_negative', 'negative')) AS unhappy,
    countIf(satisfaction > 0) AS ratings,
    sum(satisfaction) AS stars
{_EVENTS}
GROUP BY ticket_id
HAVING agent != ''
"""
_WAIT: Final = "dateDiff('millisecond', asked, answered) / 1000"
_WAITED: Final = "texts > 0 AND answered >= asked"
_AGENTS: Final = f"""
SELECT
    agent, count() AS tickets,
    quantileIf(0.5)({_WAIT}, {_WAITED}) AS "first answer",
    quantileIf(0.95)({_WAIT}, {_WAITED}) AS "first answer, 95 %",
    sum(points) / nullIf(sum(texts), 0) AS "average score",
    sum(unhappy) / nullIf(sum(texts), 0) AS "negative share",
    sum(stars) / nullIf(sum(ratings), 0) AS rating
FROM ({_TICKETS})
GROUP BY agent
ORDER BY tickets DESC, agent
LIMIT 200
"""
_BUSY: Final = f"""
SELECT $__timeInterval(occurred_at) AS time, count() AS replies, uniq(agent_id) AS agents
{_REPLIES}
GROUP BY time
ORDER BY time
"""
_WORK: Final = f"""
SELECT agent_id AS agent, count() AS replies, uniq(ticket_id) AS tickets, max(occurred_at) AS "last reply"
{_REPLIES}
GROUP BY agent
ORDER BY replies DESC, agent
LIMIT 200
"""


def agents() -> Dashboard:
    """Read from the events, until windows count agents too."""
    one = {"agent": [to_tickets("Tickets of this agent", agent=cell("agent"))]}
    answered = [to_tickets()]
    return with_panels(
        board(AGENTS, "agents", "What agents do, and how customers feel who were answered by them."),
        [
            figure("Replies", Sql(f"SELECT count() AS replies\n{_REPLIES}"), width=6, links=answered),
            figure("Agents", Sql(f"SELECT uniq(agent_id) AS agents\n{_REPLIES}"), width=6, links=answered),
            figure("Tickets answered", Sql(f"SELECT uniq(ticket_id) AS tickets\n{_REPLIES}"), width=6, links=answered),
            figure(
                "First answer, half within",
                Sql(f"SELECT quantileIf(0.5)({_WAIT}, {_WAITED}) AS seconds FROM ({_TICKETS})"),
                unit=Seconds,
                description="From a customer's first text in the span to the first reply after it.",
                width=6,
                links=answered,
            ),
            series("Replies and agents", Sql(_BUSY, series=True), width=24, links=answered),
            rows(
                "How it went",
                Sql(_AGENTS),
                units={"first answer": Seconds, "first answer, 95 %": Seconds, "negative share": PercentUnit},
                cells=one,
                description="Tickets by the agent who answered first. Few tickets say little about an agent.",
                width=24,
                links=answered,
            ),
            rows("Replies by agent", Sql(_WORK), cells=one, width=24, links=answered),
        ],
    )

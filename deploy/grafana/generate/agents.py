"""What agents do, and how customers feel who were answered by them."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.units import PercentUnit, Seconds

from deploy.grafana.generate.board import board, with_panels
from deploy.grafana.generate.links import AGENTS, cell, to_tickets
from deploy.grafana.generate.panels import figure, rows, series
from deploy.grafana.generate.queries import CUSTOMERS_TEXT, FILTERS, OF_TENANT, Sql

_EVENTS: Final = f"""FROM events_by_time_now
WHERE {FILTERS}
    AND $__timeFilter_ms(occurred_at)"""
_REPLIES: Final = f"{_EVENTS} AND voice = 'agent' AND agent_id != ''"
# A ticket counts for the agent who answered first, by what the span has of it. A month has a million tickets, so they
# and the agents are told apart by hashes, and times are whole seconds: with texts it took twice as long.
_TICKETS: Final = f"""
SELECT
    argMinIf(hash_of_agent, at, by_agent) AS first_agent,
    minIf(at, is_text) AS asked,
    minIf(at, by_agent) AS answered,
    sum(is_text) AS texts,
    sum(points) AS points_of_texts,
    sum(is_unhappy) AS unhappy,
    sum(satisfaction > 0) AS ratings,
    sum(satisfaction) AS stars
FROM
(
    SELECT
        cityHash64(ticket_id) AS hash_of_ticket, cityHash64(agent_id) AS hash_of_agent, satisfaction,
        toUInt32(toUnixTimestamp(occurred_at)) AS at,
        {CUSTOMERS_TEXT} AS is_text,
        voice = 'agent' AND agent_id != '' AS by_agent,
        is_text AND label IN ('very_negative', 'negative') AS is_unhappy,
        if(is_text, toInt32(score * 100), 0) AS points
    {_EVENTS}
)
GROUP BY hash_of_ticket
"""
_WAIT: Final = "answered - asked"
_WAITED: Final = "texts > 0 AND first_agent != 0 AND answered >= asked"
_AGENTS: Final = f"""
SELECT agent, tickets, "first answer", "first answer, 95 %", "average score", "negative share", rating
FROM
(
    SELECT
        first_agent, count() AS tickets,
        quantileIf(0.5)({_WAIT}, {_WAITED}) AS "first answer",
        quantileIf(0.95)({_WAIT}, {_WAITED}) AS "first answer, 95 %",
        sum(points_of_texts) / 100 / nullIf(sum(texts), 0) AS "average score",
        sum(unhappy) / nullIf(sum(texts), 0) AS "negative share",
        sum(stars) / nullIf(sum(ratings), 0) AS rating
    FROM ({_TICKETS})
    GROUP BY first_agent
) AS answers
INNER JOIN
(
    SELECT agent_id AS agent, cityHash64(agent_id) AS hash_of_agent
    FROM
    (
        SELECT DISTINCT agent_id
        FROM events_by_time
        WHERE {OF_TENANT} AND $__timeFilter_ms(occurred_at) AND agent_id != ''
    )
) AS agents ON agents.hash_of_agent = answers.first_agent
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

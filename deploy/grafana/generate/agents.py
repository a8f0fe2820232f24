"""What agents do, and how customers feel who were answered by them."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.units import PercentUnit, Seconds

from deploy.grafana.generate.board import board, with_panels
from deploy.grafana.generate.links import AGENTS, cell, to_tickets
from deploy.grafana.generate.panels import figure, rows, series
from deploy.grafana.generate.queries import CUSTOMERS_TEXT, FILTERS, OF_TENANT, SIZE_OF_SPAN, Sql, quantile

_EVENTS: Final = f"""FROM events_by_time_now
WHERE {FILTERS}
    AND $__timeFilter_ms(occurred_at)"""
_REPLIES: Final = f"{_EVENTS} AND voice = 'agent' AND agent_id != ''"
# Of a long span a part of the tickets, chosen by their ids: a month has a million of them, and thousands for each agent
# tell as much. They and the agents are told apart by hashes: with texts it took twice as long.
_SAMPLE: Final = "cityHash64(ticket_id) % greatest(1, intDiv($__toTime - $__fromTime, 172800)) = 0"
# A ticket counts for the agent who answered first, by what the span has of it.
_TICKETS: Final = f"""
SELECT
    argMinIf(hash_of_agent, at, by_agent) AS first_agent,
    sum(is_text) AS texts,
    sum(points) AS points_of_texts,
    sum(is_unhappy) AS unhappy
FROM
(
    SELECT
        cityHash64(ticket_id) AS hash_of_ticket, cityHash64(agent_id) AS hash_of_agent,
        toUInt32(toUnixTimestamp(occurred_at)) AS at,
        {CUSTOMERS_TEXT} AS is_text,
        voice = 'agent' AND agent_id != '' AS by_agent,
        is_text AND label IN ('very_negative', 'negative') AS is_unhappy,
        if(is_text, toInt32(score * 100), 0) AS points
    {_EVENTS} AND {_SAMPLE}
)
GROUP BY hash_of_ticket
"""
_FELT: Final = f"""
SELECT agent, tickets, texts, "average score", "negative share"
FROM
(
    SELECT
        first_agent, count() AS tickets, sum(of_ticket.texts) AS texts,
        sum(points_of_texts) / 100 / nullIf(texts, 0) AS "average score",
        sum(unhappy) / nullIf(texts, 0) AS "negative share"
    FROM ({_TICKETS}) AS of_ticket
    GROUP BY first_agent
) AS answers
INNER JOIN
(
    SELECT value AS agent, cityHash64(value) AS hash_of_agent
    FROM (SELECT DISTINCT value FROM windows WHERE {OF_TENANT} AND size = 86400 AND dimension = 'agent')
) AS agents ON agents.hash_of_agent = answers.first_agent
ORDER BY tickets DESC, agent
LIMIT 200
"""
# A row for each agent and window: by minutes, a day of 200 agents takes 0.4 s.
_BY_HOURS: Final = "size = if($__toTime - $__fromTime > 21600, 3600, 60)"
_WENT: Final = f"""
SELECT
    agent, arraySum(mapValues(responses)) AS "first answers",
    {quantile("responses", 0.5)} AS "first answer",
    {quantile("responses", 0.95)} AS "first answer, 95 %",
    responded_in_time / nullIf("first answers", 0) AS "in time",
    resolved, {quantile("resolutions", 0.5)} AS resolution, reopened, stars / nullIf(ratings, 0) AS rating
FROM
(
    SELECT
        value AS agent, sumMap(w.response_times) AS responses, sumMap(w.resolution_times) AS resolutions,
        sum(w.responded_in_time) AS responded_in_time, sum(w.resolved) AS resolved, sum(w.reopened) AS reopened,
        sum(w.ratings) AS ratings, sum(w.satisfaction) AS stars
    FROM windows_now AS w
    WHERE {OF_TENANT} AND dimension = 'agent' AND $__timeFilter(start) AND {_BY_HOURS}
    GROUP BY agent
)
ORDER BY "first answers" DESC, agent
LIMIT 200
"""
_FIRST_ANSWER: Final = f"""
SELECT {quantile("responses", 0.5)} AS seconds
FROM
(
    SELECT sumMap(w.response_times) AS responses
    FROM windows_now AS w
    WHERE {OF_TENANT} AND dimension = 'overall' AND $__timeFilter(start) AND {SIZE_OF_SPAN}
)
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
    """How it went is read from the windows by agent; what customers felt, who name no agent, from their tickets."""
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
                Sql(_FIRST_ANSWER),
                unit=Seconds,
                description="From a ticket's first event to the first reply of an agent, within 2 %; all channels.",
                width=6,
                links=answered,
            ),
            series("Replies and agents", Sql(_BUSY, series=True), width=24, links=answered),
            rows(
                "How it went",
                Sql(_WENT),
                units={
                    "first answer": Seconds,
                    "first answer, 95 %": Seconds,
                    "in time": PercentUnit,
                    "resolution": Seconds,
                },
                cells=one,
                description="By windows: all channels and categories. Times within 2 %; ratings that name an agent.",
                width=24,
                links=answered,
            ),
            rows(
                "How customers felt",
                Sql(_FELT),
                units={"negative share": PercentUnit},
                cells=one,
                description="By the agent who answered first; of a long span a part of the tickets. Few say little.",
                width=24,
                links=answered,
            ),
            rows("Replies by agent", Sql(_WORK), cells=one, width=24, links=answered),
        ],
    )

"""What became of tickets, for each value of a dimension: answered, resolved, rated, and after how long."""

from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from sinks.analytics.cells import MAX_CELLS
from sinks.analytics.facts import (
    ESCALATIONS,
    EVENTS,
    EVENTS_SINCE_BEFORE,
    bound,
    facts,
    matching_escalation,
    matching_message,
    of_agents,
    of_tickets,
)
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import Selection
from sinks.analytics.times import MEASURES, times
from sinks.dashboard.asking import ask

OutcomesBy = Literal["channel", "category", "priority", "label", "agent", "subcategory", "product"]

# A ticket is resolved at the first contact if its customer wrote no more than that.
FIRST_CONTACT_MESSAGES: Final = 2

_OUTCOMES: Final = f"""
SELECT
    value,
    uniqExact(of_value.ticket) AS tickets,
    countIf(is_resolved) AS resolved,
    resolved / nullIf(tickets, 0) AS resolution_rate,
    {MEASURES},
    avg(response) / 1000 AS first_response_avg,
    arraySum(groupArrayArray(resolutions)) / 1000 / nullIf(resolutions_made, 0) AS resolution_avg,
    countIf(is_resolved AND wrote.written <= {FIRST_CONTACT_MESSAGES}) / nullIf(resolved, 0) AS first_contact_rate,
    sum(outcomes.ratings) AS number_of_ratings,
    sum(stars) / nullIf(number_of_ratings, 0) AS satisfaction_avg
FROM {{owners}} AS of_value
INNER JOIN
(
    SELECT
        ticket, max(is_resolution) AS is_resolved, countIf(satisfaction > 0) AS ratings, sum(satisfaction) AS stars
    FROM {{facts}}
    GROUP BY ticket
) AS outcomes ON outcomes.ticket = of_value.ticket
LEFT JOIN {{times}} AS waited ON waited.ticket = of_value.ticket
LEFT JOIN {{messages}} AS wrote ON wrote.ticket = of_value.ticket
GROUP BY value
ORDER BY tickets DESC, value
LIMIT {{most}}
"""


class Outcome(Part):
    """The tickets of one value: how many there are, what became of them in the span, and after how many seconds.

    Rates are of `tickets`; `first_contact_rate` is of `resolved`: those whose customer had written at most twice.
    """

    value: str
    tickets: int
    resolved: int
    resolution_rate: float | None
    first_responses: int
    first_response_avg: float | None
    first_response_p50: float | None
    first_response_p95: float | None
    resolution_avg: float | None
    resolution_p50: float | None
    resolution_p95: float | None
    first_contact_rate: float | None
    ratings: int
    satisfaction_avg: float | None
    tickets_url: str
    resolved_url: str


class Resolution(Answer):
    """The values with most tickets first, at most 2,000. A ticket may count for several."""

    by: OutcomesBy
    groups: list[Outcome]


def read_resolution(client: Client, selection: Selection, by: OutcomesBy = "category") -> Resolution:
    """What became of the selection's tickets."""
    sql = (
        _OUTCOMES.replace("{owners}", _owners(selection, by))
        .replace("{facts}", facts(selection))
        .replace("{times}", times(selection))
        .replace("{messages}", _messages_of_resolved(selection))
        .replace("{most}", str(MAX_CELLS))
    )
    groups = [_outcome(selection, by, row) for row in ask(client, sql, bound(selection))]
    return Resolution(**about(selection), by=by, groups=groups)


def _outcome(selection: Selection, by: OutcomesBy, row: dict[str, Any]) -> Outcome:
    address = {by: row["value"]}
    return Outcome(
        **row,
        ratings=row["number_of_ratings"],
        tickets_url=selection.tickets(**address),
        resolved_url=selection.tickets(**address, has="resolutions"),
    )


def _messages_of_resolved(selection: Selection) -> str:
    """How many messages the customer of each resolved ticket had written."""
    resolved = f"SELECT ticket FROM {EVENTS} AND is_resolution {of_tickets(selection)}"
    return f"""
    (
        SELECT ticket, countIf(is_message) AS written
        FROM {EVENTS_SINCE_BEFORE} AND ticket IN ({resolved})
        GROUP BY ticket
    )"""


def _owners(selection: Selection, by: OutcomesBy) -> str:
    """Each ticket beside each of its values: those of its messages and escalations, or who had a part in it."""
    if by == "agent":
        chosen = "agent_id IN {agents:Array(String)}" if selection.agents else "agent_id != ''"
        return f"(SELECT DISTINCT ticket, agent_id AS value FROM {EVENTS} AND {chosen} {of_tickets(selection)})"
    message = f"{EVENTS} AND {matching_message(selection)} {of_agents(selection)}"
    escalation = f"{ESCALATIONS} AND {matching_escalation(selection)} {of_agents(selection)}"
    if by in ("subcategory", "product"):
        return f"(SELECT DISTINCT ticket, {by} AS value FROM {message})"
    if by == "label":
        message, escalation = (f"{rows} AND label != 'unset'" for rows in (message, escalation))
    of_message = "toString(label)" if by == "label" else f"toString({by})"
    of_escalation = "toString(priority_before)" if by == "priority" else of_message
    return f"""
    (
        SELECT DISTINCT ticket, value FROM
        (
            SELECT ticket, {of_message} AS value FROM {message}
            UNION ALL
            SELECT ticket, {of_escalation} AS value FROM {escalation}
        )
    )"""

"""What became of tickets, for each value of a dimension: answered, resolved, rated, and after how long."""

from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from sinks.analytics.cells import MAX_CELLS
from sinks.analytics.facts import bound
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.per_ticket import MEASURES, per_ticket_with
from sinks.analytics.selection import Selection
from sinks.dashboard.asking import ask

OutcomesBy = Literal["channel", "category", "priority", "label", "agent", "subcategory", "product"]

# A ticket is resolved at the first contact if its customer wrote no more than that.
FIRST_CONTACT_MESSAGES: Final = 2

_OUTCOMES: Final = f"""
SELECT
    value,
    count() AS tickets,
    countIf(notEmpty(resolutions)) AS resolved,
    resolved / nullIf(tickets, 0) AS resolution_rate,
    {MEASURES},
    avg(response) / 1000 AS first_response_avg,
    sum(arraySum(resolutions)) / 1000 / nullIf(resolutions_made, 0) AS resolution_avg,
    countIf(notEmpty(resolutions) AND written <= {FIRST_CONTACT_MESSAGES}) / nullIf(resolved, 0) AS first_contact_rate,
    sum(its_ratings) AS ratings,
    sum(its_stars) / nullIf(ratings, 0) AS satisfaction_avg{{more}}
FROM {{tickets}}
ARRAY JOIN values AS value
GROUP BY value
ORDER BY tickets DESC, value
LIMIT {{most}}
"""
# Of which values a ticket is: those of its messages and escalations that the selection is of, or who had a part in it.
_OWN: Final = "is_of_it OR is_escalation_of_it"
_VALUES: Final[dict[OutcomesBy, str]] = {
    "channel": f"groupUniqArrayIf(toString(channel), {_OWN})",
    "category": f"groupUniqArrayIf(toString(category), {_OWN})",
    "priority": f"groupUniqArrayIf(toString(priority), {_OWN})",
    "label": f"groupUniqArrayIf(label, ({_OWN}) AND label != 'unset')",
    "subcategory": "groupUniqArrayIf(toString(subcategory), is_of_it)",
    "product": "groupUniqArrayIf(toString(product), is_of_it)",
    "agent": "groupUniqArrayIf(toString(agent_id), agent_id != '')",
}
_CHOSEN_AGENTS: Final = "groupUniqArrayIf(toString(agent_id), agent_id IN {agents:Array(String)})"


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
    groups = [Outcome(**row, **links(selection, by, row["value"])) for row in outcomes(client, selection, by)]
    return Resolution(**about(selection), by=by, groups=groups)


def outcomes(client: Client, selection: Selection, by: OutcomesBy, more: str = "") -> list[dict[str, Any]]:
    """The figures of an Outcome and `more` aggregates of what `per_ticket` gives; most tickets first."""
    values = _CHOSEN_AGENTS if by == "agent" and selection.agents else _VALUES[by]
    sql = (
        _OUTCOMES.replace("{tickets}", per_ticket_with(selection, values))
        .replace("{more}", more)
        .replace("{most}", str(MAX_CELLS))
    )
    return ask(client, sql, bound(selection))


def links(selection: Selection, by: OutcomesBy, value: str) -> dict[str, str]:
    """The addresses of an Outcome."""
    address = {by: value}
    return {
        "tickets_url": selection.tickets(**address),
        "resolved_url": selection.tickets(**address, has="resolutions"),
    }

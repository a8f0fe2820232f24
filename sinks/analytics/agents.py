"""How agents do: their tickets, how these went, and one figure for the quality of it."""

from collections.abc import Mapping
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.figures import Answer, about
from sinks.analytics.outcomes import Outcome, links, outcomes
from sinks.analytics.selection import Selection

# What a good agent reaches, and what each part weighs.
RESPONSE_TARGET: Final = 2 * 3600.0
RESOLUTION_TARGET: Final = 24 * 3600.0
SATISFACTION_TARGET: Final = 5.0
FIRST_CONTACT_TARGET: Final = 0.7
WEIGHTS: Final = (0.2, 0.2, 0.3, 0.3)

_FELT: Final = """,
    sum(its_messages) AS messages,
    (sum(its_very_negative) + sum(its_negative)) / nullIf(messages, 0) AS negative_share,
    toInt64(sum(its_scores) * 100) / 100 / nullIf(messages, 0) AS score_avg,
    countIf(its_escalations > 0) AS escalated_tickets, escalated_tickets / nullIf(tickets, 0) AS escalation_rate"""


class Agent(Outcome):
    """An agent (`value` is the id) and the tickets in which the agent had a part, as under the filter `agent`.

    `quality` is 0 to 1: 0.2 for answering first within 2 hours on average, 0.2 for resolving within 24 hours, 0.3 for a
    satisfaction of 5, 0.3 for resolving 70 % at the first contact; less in proportion. Parts of which nothing is
    known are left out, and the others weigh more; null where nothing is known.
    """

    messages: int
    negative_share: float | None
    score_avg: float | None
    escalated_tickets: int
    escalation_rate: float | None
    quality: float | None


class Agents(Answer):
    """Those with most tickets first, at most 2,000. A ticket counts for each of its agents."""

    agents: list[Agent]


def read_agents(client: Client, selection: Selection) -> Agents:
    """Of the selection's tickets."""
    return Agents(
        **about(selection),
        agents=[
            Agent(**row, **links(selection, "agent", row["value"]), quality=quality(row))
            for row in outcomes(client, selection, "agent", _FELT)
        ],
    )


def quality(outcome: Mapping[str, Any]) -> float | None:
    """0 to 1, with four decimals, of the fields of an Outcome."""
    satisfaction, first_contact = outcome["satisfaction_avg"], outcome["first_contact_rate"]
    parts = (
        _kept(RESPONSE_TARGET, outcome["first_response_avg"]),
        _kept(RESOLUTION_TARGET, outcome["resolution_avg"]),
        None if satisfaction is None else satisfaction / SATISFACTION_TARGET,
        None if first_contact is None else min(1.0, first_contact / FIRST_CONTACT_TARGET),
    )
    known = [(weight, part) for weight, part in zip(WEIGHTS, parts, strict=True) if part is not None]
    if not known:
        return None
    return round(sum(weight * part for weight, part in known) / sum(weight for weight, _ in known), 4)


def _kept(target: float, seconds: float | None) -> float | None:
    return None if seconds is None else min(1.0, target / seconds) if seconds else 1.0

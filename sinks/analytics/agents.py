"""How agents do: their tickets, how these went, and one figure for the quality of it."""

from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.cells import read_breakdown
from sinks.analytics.figures import Answer, about
from sinks.analytics.outcomes import Outcome, read_resolution
from sinks.analytics.selection import Selection

# What a good agent reaches, and what each part weighs.
RESPONSE_TARGET: Final = 2 * 3600.0
RESOLUTION_TARGET: Final = 24 * 3600.0
SATISFACTION_TARGET: Final = 5.0
FIRST_CONTACT_TARGET: Final = 0.7
WEIGHTS: Final = (0.2, 0.2, 0.3, 0.3)


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
    felt = {group.value: group for group in read_breakdown(client, selection, "agent").groups}
    names = {"messages", "negative_share", "score_avg", "escalated_tickets", "escalation_rate"}
    return Agents(
        **about(selection),
        agents=[
            Agent(**outcome.model_dump(), **felt[outcome.value].model_dump(include=names), quality=quality(outcome))
            for outcome in read_resolution(client, selection, "agent").groups
            if outcome.value in felt
        ],
    )


def quality(outcome: Outcome) -> float | None:
    """0 to 1, with four decimals."""
    parts = (
        _kept(RESPONSE_TARGET, outcome.first_response_avg),
        _kept(RESOLUTION_TARGET, outcome.resolution_avg),
        None if outcome.satisfaction_avg is None else outcome.satisfaction_avg / SATISFACTION_TARGET,
        None if outcome.first_contact_rate is None else min(1.0, outcome.first_contact_rate / FIRST_CONTACT_TARGET),
    )
    known = [(weight, part) for weight, part in zip(WEIGHTS, parts, strict=True) if part is not None]
    if not known:
        return None
    return round(sum(weight * part for weight, part in known) / sum(weight for weight, _ in known), 4)


def _kept(target: float, seconds: float | None) -> float | None:
    return None if seconds is None else min(1.0, target / seconds) if seconds else 1.0

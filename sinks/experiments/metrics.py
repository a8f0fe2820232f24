"""The metrics of an experiment: what a ticket counts for each, and which tickets count. Pure."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from schemas.experiments import MetricName
from sinks.experiments.tickets import Settled
from sinks.reports.model import Unit


class Metric(NamedTuple):
    """`value` is what a ticket counts, None where it does not count; the metric is the mean. `meaning` names the
    denominator. `chosen` says that which tickets count depends on what the arm did.
    """

    title: str
    unit: Unit
    meaning: str
    value: Callable[[Settled], float | None]
    is_share: bool = False
    chosen: bool = False


def _first_response(ticket: Settled) -> float | None:
    if not ticket.asked:
        return None
    return ((ticket.replied or ticket.settled) - ticket.opened) / 1000


def _resolution(ticket: Settled) -> float:
    return ((ticket.resolved or ticket.settled) - ticket.opened) / 1000


def _missed(ticket: Settled) -> float:
    return float(bool(ticket.bad) and not 0 < ticket.escalated < ticket.bad)


METRICS: Final[Mapping[MetricName, Metric]] = {
    "escalation_rate": Metric(
        "Escalation rate",
        "share",
        "Tickets that were escalated, of all tickets.",
        lambda ticket: float(ticket.escalations > 0),
        is_share=True,
    ),
    "precision": Metric(
        "Precision",
        "share",
        "Tickets with an escalation that somebody acknowledged, answered as soon as was promised, or confirmed by "
        "correcting a message to negative; of the tickets that were escalated.",
        lambda ticket: float(ticket.confirmed) if ticket.escalations else None,
        is_share=True,
        chosen=True,
    ),
    "missed": Metric(
        "Missed",
        "share",
        "Tickets that were rated 1 or 2, were reopened, or whose customer said that he leaves, without an escalation "
        "before the first of that; of all tickets.",
        _missed,
        is_share=True,
    ),
    "first_response": Metric(
        "Time to first response",
        "seconds",
        "From the ticket's first event to the first word of a person, and the whole time that is looked at where "
        "there was none; mean of the tickets whose customer wrote.",
        _first_response,
    ),
    "resolution": Metric(
        "Time to resolution",
        "seconds",
        "From the ticket's first event until it was first resolved, and the whole time that is looked at where it was "
        "not; mean of all tickets.",
        _resolution,
    ),
    "satisfaction": Metric(
        "Satisfaction",
        "points",
        "The last rating, 1 to 5; mean of the tickets that were rated.",
        lambda ticket: float(ticket.rating) if ticket.rating else None,
        chosen=True,
    ),
    "pages": Metric(
        "Pages a ticket",
        "points",
        "Escalations, each of which calls somebody; mean of all tickets.",
        lambda ticket: float(ticket.escalations),
    ),
}

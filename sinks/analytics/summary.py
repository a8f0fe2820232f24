"""The figures of a span beside those of the span of equal length just before."""

from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.facts import bound, facts
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import Selection
from sinks.analytics.times import MEASURES, times
from sinks.dashboard.asking import ask

COUNTS: Final = """
    countIf(is_event) AS events,
    uniqExact(ticket) AS tickets,
    countIf(is_text AND matches) AS messages,
    countIf(is_text AND matches AND label = 'very_negative') AS very_negative,
    countIf(is_text AND matches AND label = 'negative') AS negative,
    (very_negative + negative) / nullIf(messages, 0) AS negative_share,
    toInt64(sumIf(score, is_text AND matches) * 100) / 100 / nullIf(messages, 0) AS score_avg,
    countIf(is_escalation AND matches) AS escalations,
    uniqExactIf(ticket, is_escalation AND matches) AS escalated_tickets,
    escalated_tickets / nullIf(tickets, 0) AS escalation_rate,
    uniqExactIf(ticket, is_resolution) AS resolved"""
_RATINGS: Final = """
    resolved / nullIf(tickets, 0) AS resolution_rate,
    countIf(satisfaction > 0) AS ratings,
    sum(satisfaction) / nullIf(ratings, 0) AS satisfaction_avg"""


class TicketsBehind(Part):
    """Addresses of lists of tickets: all of the span, and those that a figure is about."""

    tickets: str
    messages: str
    very_negative: str
    negative: str
    escalated_tickets: str
    resolved: str
    first_response: str
    ratings: str


class Figures(Part):
    """What a span comes to. `score_avg` is 0 to 10, shares and rates 0 to 1, times are seconds, `satisfaction_avg` is
    1 to 5. `negative` leaves out `very_negative`; `negative_share` is of both. Rates are of `tickets`.
    """

    events: int
    tickets: int
    messages: int
    very_negative: int
    negative: int
    negative_share: float | None
    score_avg: float | None
    escalations: int
    escalated_tickets: int
    escalation_rate: float | None
    resolved: int
    resolution_rate: float | None
    first_responses: int
    first_response_p50: float | None
    first_response_p95: float | None
    resolution_p50: float | None
    resolution_p95: float | None
    ratings: int
    satisfaction_avg: float | None
    links: TicketsBehind


class Summary(Answer):
    """A span and the one of equal length just before it."""

    current: Figures
    previous: Figures


def read_summary(client: Client, selection: Selection) -> Summary:
    """Raises clickhouse_connect's errors when the database does not answer, as does every `read_…` of analytics."""
    return Summary(
        **about(selection),
        current=read_figures(client, selection),
        previous=read_figures(client, selection.previous()),
    )


def read_figures(client: Client, selection: Selection) -> Figures:
    """Of one span."""
    [counts] = ask(client, f"SELECT {COUNTS}, {_RATINGS} FROM {facts(selection)}", bound(selection))
    [waited] = ask(client, f"SELECT {MEASURES} FROM {times(selection)}", bound(selection))
    return Figures(**counts, **waited, links=_links(selection))


def _links(selection: Selection) -> TicketsBehind:
    tickets = selection.tickets
    return TicketsBehind(
        tickets=tickets(),
        messages=tickets(has="messages"),
        very_negative=tickets(has="very_negative"),
        negative=tickets(has="negative"),
        escalated_tickets=tickets(has="escalations"),
        resolved=tickets(has="resolutions"),
        first_response=tickets(has="first_response"),
        ratings=tickets(has="ratings"),
    )

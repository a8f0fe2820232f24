"""The figures of a span beside those of the span of equal length just before."""

from datetime import datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.facts import bound, milliseconds
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.per_ticket import MEASURES, per_ticket
from sinks.analytics.selection import Selection
from sinks.dashboard.asking import ask

_FIGURES: Final = f"""
SELECT
    is_current, sum(its_events) AS events, count() AS tickets, sum(its_messages) AS messages,
    sum(its_very_negative) AS very_negative, sum(its_negative) AS negative,
    (very_negative + negative) / nullIf(messages, 0) AS negative_share,
    toInt64(sum(its_scores) * 100) / 100 / nullIf(messages, 0) AS score_avg,
    sum(its_escalations) AS escalations, countIf(its_escalations > 0) AS escalated_tickets,
    escalated_tickets / nullIf(tickets, 0) AS escalation_rate,
    countIf(notEmpty(resolutions)) AS resolved, resolved / nullIf(tickets, 0) AS resolution_rate,
    {MEASURES},
    sum(its_ratings) AS ratings, sum(its_stars) / nullIf(ratings, 0) AS satisfaction_avg
FROM {{tickets}}
GROUP BY is_current
"""


class TicketsBehind(Part):
    """Addresses of lists of tickets: all of the span, and those that a figure is about."""

    tickets: str
    messages: str
    very_negative: str
    negative: str
    any_negative: str
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


# What there is to tell of a span in which nothing happened.
_COUNTED: Final = (
    *("events", "tickets", "messages", "very_negative", "negative", "escalations", "escalated_tickets", "resolved"),
    *("first_responses", "ratings"),
)
_NOTHING: Final[dict[str, Any]] = {
    name: 0 if name in _COUNTED else None for name in Figures.model_fields if name != "links"
}


class Summary(Answer):
    """A span and the one of equal length just before it."""

    current: Figures
    previous: Figures


def read_summary(client: Client, selection: Selection) -> Summary:
    """Raises clickhouse_connect's errors when the database does not answer, as does every `read_…` of analytics."""
    before = selection.previous()
    found = _read(client, selection, before.since)
    return Summary(
        **about(selection),
        current=_figures(selection, found.get(True)),
        previous=_figures(before, found.get(False)),
    )


def read_figures(client: Client, selection: Selection) -> Figures:
    """Of one span."""
    return _figures(selection, _read(client, selection).get(True))


def _read(client: Client, selection: Selection, earlier: datetime | None = None) -> dict[bool, dict[str, Any]]:
    """Of the span, and of the time from `earlier` to its beginning."""
    both = selection if earlier is None else selection.of_span(earlier, selection.until)
    sql = _FIGURES.replace("{tickets}", per_ticket(selection, earlier))
    rows = ask(client, sql, bound(both, split_ms=milliseconds(selection.since)))
    return {bool(row.pop("is_current")): row for row in rows}


def _figures(selection: Selection, found: dict[str, Any] | None) -> Figures:
    return Figures(**(found or _NOTHING), links=_links(selection))


def _links(selection: Selection) -> TicketsBehind:
    tickets = selection.tickets
    return TicketsBehind(
        tickets=tickets(),
        messages=tickets(has="messages"),
        very_negative=tickets(has="very_negative"),
        negative=tickets(has="negative"),
        any_negative=tickets(has="any_negative"),
        escalated_tickets=tickets(has="escalations"),
        resolved=tickets(has="resolutions"),
        first_response=tickets(has="first_response"),
        ratings=tickets(has="ratings"),
    )

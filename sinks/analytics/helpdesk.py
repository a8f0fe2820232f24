"""Statistics and alerts as helpdesks know them: of tickets, with rates in percent."""

from datetime import date, datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from schemas.events import PRIORITIES
from schemas.scored import Label
from sinks.analytics.distribution import percentage
from sinks.analytics.emotions import FELT
from sinks.analytics.facts import bound, facts, texts
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.narrowing import Narrowing
from sinks.analytics.selection import Selection
from sinks.analytics.tickets import Listed, Ticket, read_tickets
from sinks.analytics.trends import read_points
from sinks.dashboard.asking import ask

ALERTS: Final = 20
TEXT_CHARS: Final = 2_000

_COUNTS: Final = """
SELECT
    uniqExact(ticket) AS total, uniqExactIf(ticket, is_text AND matches) AS analyzed,
    toInt64(sumIf(score, is_text AND matches) * 100) AS points, countIf(is_text AND matches) AS scored,
    uniqExactIf(ticket, is_text AND matches AND label IN ('very_negative', 'negative')) AS negative,
    uniqExactIf(ticket, is_escalation AND matches) AS escalated
FROM {facts}
"""
_PRIORITIES: Final = """
SELECT priority, uniqExact(ticket) AS tickets FROM {facts} WHERE matches AND (is_message OR is_escalation)
GROUP BY priority
"""
_WORST: Final = f"""
SELECT
    ticket_id, argMin(event_id, (score, at, event_id)) AS worst,
    argMin({FELT}, (score, at, event_id)) AS felt
FROM {{texts}} AND ticket_id IN {{ids:Array(String)}}
GROUP BY ticket_id
"""
_WORDS: Final = """
SELECT ticket_id, event_id, substringUTF8(if(empty(text), subject, text), 1, {chars:UInt32}) AS words
FROM scored_events FINAL
PREWHERE tenant = {tenant:String} AND ticket_id IN {ids:Array(String)}
WHERE event_id IN {events:Array(String)}
"""


class Statistics(Answer):
    """Tickets: all, those with a scored text, those with one that sounds negative or worse, and those that were
    escalated. Rates are percentages; `avg_sentiment` is the mean score (0 to 10) of their texts.
    """

    total: int
    analyzed: int
    analysis_rate: float
    avg_sentiment: float | None
    negative: int
    escalated: int
    escalation_rate: float
    priority_distribution: dict[str, int]


class DayOfTrend(Part):
    """`avg_sentiment` is 0 to 10; null for a day without a scored text."""

    date: date
    avg_sentiment: float | None
    ticket_count: int
    tickets_url: str


class DailyTrends(Answer):
    """Each day of the span, the first first."""

    trends: list[DayOfTrend]


class WorstTicket(Part):
    """A ticket by its lowest-scored text. `emotions` are strengths from 0 to 1; `is_escalated` in the span."""

    ticket_id: str
    text: str
    score: float
    label: Label
    emotions: dict[str, float]
    status: str
    priority: str
    is_escalated: bool
    created_at: datetime
    conversation_url: str


class WorstTickets(Answer):
    """The 20 tickets with the lowest-scored of the very negative texts, the worst first."""

    total: int
    alerts: list[WorstTicket]


def read_statistics(client: Client, selection: Selection) -> Statistics:
    """Of the selection's tickets."""
    values = bound(selection)
    [counts] = ask(client, _COUNTS.replace("{facts}", facts(selection)), values)
    priorities = {
        row["priority"]: row["tickets"] for row in ask(client, _PRIORITIES.replace("{facts}", facts(selection)), values)
    }
    total = counts["total"]
    return Statistics(
        **about(selection),
        **{name: counts[name] for name in ("total", "analyzed", "negative", "escalated")},
        analysis_rate=percentage(counts["analyzed"], total),
        avg_sentiment=round(counts["points"] / 100 / counts["scored"], 2) if counts["scored"] else None,
        escalation_rate=percentage(counts["escalated"], total),
        priority_distribution={name: priorities.get(name, 0) for name in PRIORITIES},
    )


def read_daily(client: Client, selection: Selection) -> DailyTrends:
    """Of the selection's texts."""
    points = read_points(client, selection, "day")
    return DailyTrends(
        **about(selection),
        trends=[
            DayOfTrend(
                date=point.start.date(),
                avg_sentiment=None if point.score_avg is None else round(point.score_avg, 2),
                ticket_count=point.tickets,
                tickets_url=point.tickets_url,
            )
            for point in points
        ],
    )


def read_worst(client: Client, selection: Selection) -> WorstTickets:
    """Of the selection's texts."""
    listed = Listed(narrowing=Narrowing(has="very_negative"), sort="negative_first", limit=ALERTS)
    tickets = read_tickets(client, selection, listed).tickets
    if not tickets:
        return WorstTickets(**about(selection), total=0, alerts=[])
    values = bound(selection, ids=[ticket.ticket_id for ticket in tickets], chars=TEXT_CHARS)
    worst = {row["ticket_id"]: row for row in ask(client, _WORST.replace("{texts}", texts(selection)), values)}
    events = [row["worst"] for row in worst.values()]
    words = {
        (row["ticket_id"], row["event_id"]): row["words"] for row in ask(client, _WORDS, values | {"events": events})
    }
    alerts = [_alert(ticket, worst[ticket.ticket_id], words) for ticket in tickets if ticket.ticket_id in worst]
    return WorstTickets(**about(selection), total=len(alerts), alerts=alerts)


def _alert(ticket: Ticket, worst: dict[str, Any], words: dict[tuple[str, str], str]) -> WorstTicket:
    assert ticket.score is not None  # noqa: S101 - it has a very negative text
    assert ticket.label is not None  # noqa: S101
    return WorstTicket(
        text=words.get((ticket.ticket_id, worst["worst"]), ""),
        score=ticket.score,
        label=ticket.label,
        emotions=worst["felt"],
        is_escalated=ticket.escalations > 0,
        created_at=ticket.opened_at,
        **ticket.model_dump(include={"ticket_id", "status", "priority", "conversation_url"}),
    )

"""What was escalated, how fast somebody answered, and whether it came to an end."""

from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.distribution import percentage
from sinks.analytics.facts import bound, escalations
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import Selection
from sinks.analytics.summary import read_figures
from sinks.dashboard.asking import ask

_CATEGORIES: Final = "SELECT category, count() AS times FROM {rows} GROUP BY category ORDER BY times DESC, category"
_RESPONSES: Final = """
SELECT priority, count() AS times, countIf(isNotNull(first_response_seconds)) AS answered,
    round(avg(first_response_seconds) / 60, 4) AS minutes
FROM {rows}
GROUP BY priority
ORDER BY indexOf(['urgent', 'high', 'medium', 'low'], toString(priority))
"""
_RESOLVED: Final = """
SELECT toString(label) AS sentiment, count() AS times, countIf(state = 'resolved') AS ended
FROM {rows}
GROUP BY label
ORDER BY label
"""
_TIMES: Final = """
SELECT count() AS times, uniqExact(ticket) AS tickets, countIf(state = 'resolved') AS ended,
    round(avg(resolution_seconds), 3) AS seconds
FROM {rows}
"""


class OfCategory(Part):
    """`percentage` is of all escalations, 0 to 100."""

    category: str
    count: int
    percentage: float
    tickets_url: str


class OfPriority(Part):
    """By the priority that the escalation gave; the mean is of those that were answered."""

    priority: str
    count: int
    answered: int
    first_response_minutes_avg: float | None


class OfSentiment(Part):
    """By the label of the text that was the cause; `unset` where none was."""

    sentiment: str
    count: int
    resolved: int
    resolution_rate: float


class EscalationReports(Answer):
    """The span's escalations as they stand now. `escalation_rate` is escalated tickets of all tickets; the mean time to
    resolution is seconds from an escalation to its end; `satisfaction_avg` (1 to 5) is of all ratings of the span.
    """

    escalations: int
    escalated_tickets: int
    escalation_rate: float | None
    resolved: int
    resolution_seconds_avg: float | None
    satisfaction_avg: float | None
    by_category: list[OfCategory]
    first_response_by_priority: list[OfPriority]
    resolution_by_sentiment: list[OfSentiment]
    escalated_url: str


def read_escalation_reports(client: Client, selection: Selection) -> EscalationReports:
    """Of the selection's escalations."""
    values, rows = bound(selection), escalations(selection)
    [all_of_them] = ask(client, _TIMES.replace("{rows}", rows), values)
    figures = read_figures(client, selection)
    return EscalationReports(
        **about(selection),
        escalations=all_of_them["times"],
        escalated_tickets=all_of_them["tickets"],
        escalation_rate=figures.escalation_rate,
        resolved=all_of_them["ended"],
        resolution_seconds_avg=all_of_them["seconds"],
        satisfaction_avg=figures.satisfaction_avg,
        by_category=[
            OfCategory(
                category=row["category"],
                count=row["times"],
                percentage=percentage(row["times"], all_of_them["times"]),
                tickets_url=selection.tickets(category=row["category"], has="escalations"),
            )
            for row in ask(client, _CATEGORIES.replace("{rows}", rows), values)
        ],
        first_response_by_priority=[
            OfPriority(
                priority=row["priority"],
                count=row["times"],
                answered=row["answered"],
                first_response_minutes_avg=row["minutes"],
            )
            for row in ask(client, _RESPONSES.replace("{rows}", rows), values)
        ],
        resolution_by_sentiment=[
            OfSentiment(
                sentiment=row["sentiment"],
                count=row["times"],
                resolved=row["ended"],
                resolution_rate=row["ended"] / row["times"],
            )
            for row in ask(client, _RESOLVED.replace("{rows}", rows), values)
        ],
        escalated_url=selection.tickets(has="escalations"),
    )

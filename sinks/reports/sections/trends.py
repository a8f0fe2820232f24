"""Volume and trends."""

from collections.abc import Sequence
from datetime import datetime

from sinks.analytics.trends import Point, Step, Trends
from sinks.reports.model import Bar, Chart, Column, Row, Section, Table
from sinks.reports.sections.naming import NEGATIVE, negative_parts


def trends_section(trends: Trends) -> Section:
    """How many messages came when, and how many of them are negative."""
    points = trends.points
    busiest = max(points, key=lambda point: point.messages, default=None)
    messages = sum(point.messages for point in points)
    seen = f"{messages:,} messages of customers"
    if busiest is not None and busiest.messages:
        seen += f", most of them ({busiest.messages:,}) {_in_words(busiest.start, trends.step)}"
    chart = Chart(
        form="columns",
        title=f"Customers' messages by {trends.step}",
        summary=f"{seen}.",
        bars=tuple(
            Bar(
                label=_label(point.start, trends.step),
                parts=negative_parts(point.negative + point.very_negative, point.messages),
            )
            for point in points
        ),
        legend=NEGATIVE,
        table=_by_time(points, trends.step),
    )
    return Section(key="trends", title="Volume and trends", lead=f"{seen}.", blocks=(chart,))


def _by_time(points: Sequence[Point], step: Step) -> Table:
    return Table(
        key=f"by_{step}",
        title=f"By {step}",
        columns=(
            Column(name=step, unit="text"),
            Column(name="tickets"),
            Column(name="messages"),
            Column(name="negative", unit="share"),
            Column(name="escalated"),
            Column(name="resolved"),
        ),
        rows=tuple(
            Row(
                values=(
                    _long_label(point.start, step),
                    point.tickets,
                    point.messages,
                    point.negative_share,
                    point.escalated_tickets,
                    point.resolved,
                ),
                tickets=point.tickets_url,
            )
            for point in points
        ),
        note="Tickets in which something happened then, so one may count on several days.",
    )


def _label(start: datetime, step: Step) -> str:
    return f"{start:%H:%M}" if step == "hour" else f"{start:%-d %b}"


def _long_label(start: datetime, step: Step) -> str:
    return {"hour": f"{start:%-d %b %H:%M}", "day": f"{start:%a %-d %b}", "week": f"from {start:%-d %b}"}[step]


def _in_words(start: datetime, step: Step) -> str:
    return {
        "hour": f"in the hour from {start:%-d %b %H:%M}",
        "day": f"on {start:%A, %-d %B}",
        "week": f"in the week from {start:%-d %B}",
    }[step]

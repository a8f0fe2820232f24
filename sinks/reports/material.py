"""What a report is made of, read by the functions that the API and the page have their figures from."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.cells import Breakdown, Dimension, read_breakdown
from sinks.analytics.distribution import Distribution, read_distribution
from sinks.analytics.emotions import Emotions, read_emotions
from sinks.analytics.selection import Selection
from sinks.analytics.summary import Summary, read_summary
from sinks.analytics.trends import Step, Trends, read_trends
from sinks.dashboard.alerts import ShownAlert, read_alerts_of

BY: Final[tuple[Dimension, ...]] = ("category", "priority", "channel")


@dataclass(frozen=True, kw_only=True)
class Material:
    """Of one selection; `categories_before` is of the span before."""

    selection: Selection
    summary: Summary
    trends: Trends
    distribution: Distribution
    emotions: Emotions
    breakdowns: dict[Dimension, Breakdown]
    categories_before: Breakdown
    alerts: tuple[ShownAlert, ...]


def read_material(client: Client, selection: Selection) -> Material:
    """Raises clickhouse_connect's errors when the database does not answer."""
    return Material(
        selection=selection,
        summary=read_summary(client, selection),
        trends=read_trends(client, selection, step_for(selection.until - selection.since), "previous"),
        distribution=read_distribution(client, selection),
        emotions=read_emotions(client, selection),
        breakdowns={by: read_breakdown(client, selection, by) for by in BY},
        categories_before=read_breakdown(client, selection.previous(), "category"),
        alerts=tuple(read_alerts_of(client, selection.tenant, "", "", selection.since, selection.until)),
    )


def step_for(span: timedelta) -> Step:
    """So that there are about thirty points at most, or one for each week."""
    if span <= timedelta(hours=36):
        return "hour"
    return "day" if span <= timedelta(days=32) else "week"

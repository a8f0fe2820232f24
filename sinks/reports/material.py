"""What a report is made of, read by the functions that the API and the page have their figures from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.analytics.agents import Agents, read_agents
from sinks.analytics.cells import Breakdown, Dimension, read_breakdown
from sinks.analytics.distribution import Distribution, read_distribution
from sinks.analytics.emotions import Emotions, read_emotions
from sinks.analytics.escalations import EscalationReports, read_escalation_reports
from sinks.analytics.outcomes import Resolution, read_resolution
from sinks.analytics.phrases import Phrases, read_phrases
from sinks.analytics.problems import UNRESOLVED_CRITICAL, Problems, read_problems
from sinks.analytics.selection import Selection
from sinks.analytics.summary import Summary, read_summary
from sinks.analytics.tickets import oldest_of
from sinks.analytics.trends import Step, Trends, read_trends
from sinks.analytics.watch import Watch, read_watch
from sinks.dashboard.alerts import ShownAlert, read_alerts_of
from sinks.dashboard.topics import SPANS, Topics, read_topics
from sinks.reports.waiting import Waiting, read_waiting

BY: Final[tuple[Dimension, ...]] = ("category", "priority", "channel")
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Material:
    """Of one selection; what is `…_before` is of the span before. `topics` are of all of a tenant's texts, so there are
    none where only some tickets are looked at. `oldest_critical` is when the first of the urgent tickets began that are
    not resolved; problems show but some of these.
    """

    selection: Selection
    summary: Summary
    trends: Trends
    distribution: Distribution
    emotions: Emotions
    breakdowns: dict[Dimension, Breakdown]
    categories_before: Breakdown
    problems: Problems
    oldest_critical: datetime | None
    phrases: Phrases
    topics: Topics | None
    waiting: Waiting
    waiting_before: Waiting
    outcomes: Resolution
    agents: Agents
    escalations: EscalationReports
    watch: Watch
    alerts: tuple[ShownAlert, ...]


def read_material(client: Client, selection: Selection) -> Material:
    """Raises clickhouse_connect's errors when the database does not answer."""
    previous = selection.previous()
    return Material(
        selection=selection,
        summary=read_summary(client, selection),
        trends=read_trends(client, selection, step_for(selection.until - selection.since), "previous"),
        distribution=read_distribution(client, selection),
        emotions=read_emotions(client, selection),
        breakdowns={by: read_breakdown(client, selection, by) for by in BY},
        categories_before=read_breakdown(client, previous, "category"),
        problems=read_problems(client, selection),
        oldest_critical=oldest_of(client, selection, UNRESOLVED_CRITICAL),
        phrases=read_phrases(client, selection),
        topics=_topics(client, selection),
        waiting=read_waiting(client, selection),
        waiting_before=read_waiting(client, previous),
        outcomes=read_resolution(client, selection, "category"),
        agents=read_agents(client, selection),
        escalations=read_escalation_reports(client, selection),
        watch=read_watch(client, selection),
        alerts=tuple(read_alerts_of(client, selection.tenant, "", "", selection.since, selection.until)),
    )


def step_for(span: timedelta) -> Step:
    """So that there are about thirty points at most, or one for each week."""
    if span <= timedelta(hours=36):
        return "hour"
    return "day" if span <= timedelta(days=32) else "week"


def _topics(client: Client, selection: Selection) -> Topics | None:
    """Of the last hour, day or week of the span, whichever fits into it best."""
    span, until = selection.until - selection.since, selection.until.timestamp()
    # The database counts time from 1970.
    fitting = [size for size, (now, before) in SPANS.items() if timedelta(seconds=now) <= span and until > now + before]
    if selection.is_filtered or not fitting:
        return None
    # Its span ends a second after.
    return read_topics(client, selection.tenant, max(fitting), selection.until - _SECOND)

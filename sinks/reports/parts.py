"""Sections of what analytics has read: distributions, volume and trends. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sinks.analytics.cells import Breakdown, Group
from sinks.analytics.distribution import HUNDRED, Distribution
from sinks.analytics.emotions import Emotions
from sinks.analytics.trends import Point, Step, Trends
from sinks.reports.figures_in_words import percent
from sinks.reports.model import Bar, Chart, Column, Row, Section, Table, Tone

# More rows nobody reads in a report; the addresses behind the figures have them all.
MOST: Final = 12
NEGATIVE: Final[tuple[tuple[Tone, str], ...]] = (("negative", "negative messages"), ("other", "other messages"))
_TONES: Final[Mapping[str, Tone]] = {
    "very_negative": "very_negative",
    "negative": "negative",
    "neutral": "neutral",
    "positive": "positive",
    "very_positive": "very_positive",
}
_UNKNOWN: Final = "(none)"


def named(value: str) -> str:
    """A name without the underscores that programs need."""
    return value.replace("_", " ") or _UNKNOWN


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
            Bar(label=_label(point.start, trends.step), parts=_negative(point.negative + point.very_negative, point))
            for point in points
        ),
        legend=NEGATIVE,
        table=_by_time(points, trends.step),
    )
    return Section(key="trends", title="Volume and trends", lead=f"{seen}.", blocks=(chart,))


def _negative(negative: int, point: Point | Group) -> tuple[tuple[Tone, float], ...]:
    return (("negative", float(negative)), ("other", float(point.messages - negative)))


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


def distributions_section(
    distribution: Distribution, breakdowns: Mapping[str, Breakdown], emotions: Emotions
) -> Section:
    """What customers' messages are like, and of what they are."""
    plural = {"category": "categories", "priority": "priorities", "channel": "channels"}
    return Section(
        key="distributions",
        title="Distributions",
        lead=_mostly(breakdowns["category"]) if "category" in breakdowns else "",
        blocks=(
            _sentiment(distribution),
            *(groups_chart(found, plural.get(by, by)) for by, found in breakdowns.items()),
            _emotions(emotions),
        ),
    )


def _mostly(categories: Breakdown) -> str:
    if not categories.groups:
        return ""
    first = max(categories.groups, key=lambda group: group.messages)
    return f"Most messages are of category {named(first.value)}."


def _sentiment(found: Distribution) -> Chart:
    counts = [(each, each.percentage / HUNDRED) for each in found.distribution]
    negative = sum(share for each, share in counts if each.label in ("very_negative", "negative"))
    columns = (Column(name="sentiment", unit="text"), Column(name="messages"), Column(name="share", unit="share"))
    rows = tuple(Row(values=(named(each.label), each.count, share), tickets=each.tickets_url) for each, share in counts)
    return Chart(
        form="bars",
        title="Sentiment of customers' messages",
        summary=f"{percent(negative)} of {found.total:,} messages are negative or very negative.",
        bars=tuple(
            Bar(label=named(each.label), parts=((_TONES[each.label], float(each.count)),)) for each, _ in counts
        ),
        table=Table(key="sentiment", title="By sentiment", columns=columns, rows=rows),
    )


def groups_chart(found: Breakdown, many: str) -> Chart:
    """Messages by one dimension, the negative ones apart."""
    groups = sorted(found.groups, key=lambda group: -group.messages)[:MOST]
    left_out = len(found.groups) - len(groups)
    worst = max((each for each in groups if each.negative_share), key=lambda each: each.negative, default=None)
    most = f"The most negative messages are of {named(worst.value)} ({worst.negative:,})." if worst else ""
    return Chart(
        form="bars",
        title=f"Customers' messages by {found.by}",
        summary=most or "None is negative.",
        bars=tuple(Bar(label=named(each.value), parts=_negative(each.negative, each)) for each in groups),
        legend=NEGATIVE,
        table=Table(
            key=f"by_{found.by}",
            title=f"By {found.by}",
            columns=(
                Column(name=found.by, unit="text"),
                Column(name="tickets"),
                Column(name="messages"),
                Column(name="negative", unit="share"),
                Column(name="escalated", unit="share"),
                Column(name="mean score", unit="points"),
            ),
            rows=tuple(
                Row(
                    values=(
                        named(each.value),
                        each.tickets,
                        each.messages,
                        each.negative_share,
                        each.escalation_rate,
                        each.score_avg,
                    ),
                    tickets=each.tickets_url,
                )
                for each in groups
            ),
            note=f"{left_out:,} more {many} are left out." if left_out > 0 else "",
        ),
    )


def _emotions(found: Emotions) -> Chart:
    shown = found.emotions[:MOST]
    return Chart(
        form="bars",
        title="Emotions in customers' messages",
        summary=f"The most frequent is {named(shown[0].emotion)}." if shown else "None was found.",
        bars=tuple(Bar(label=named(each.emotion), parts=(("plain", float(each.count)),)) for each in shown),
        table=Table(
            key="emotions",
            title="Emotions",
            columns=(
                Column(name="emotion", unit="text"),
                Column(name="messages"),
                Column(name="share", unit="share"),
                Column(name="mean strength", unit="points"),
            ),
            rows=tuple(
                Row(
                    values=(named(each.emotion), each.count, each.percentage / HUNDRED, each.avg_score),
                    tickets=each.tickets_url,
                )
                for each in shown
            ),
            empty="No emotion was found in any message.",
            note="A message may have several or none; strength is 0 to 1.",
        ),
    )

"""What customers' messages are like, and of what they are."""

from collections.abc import Mapping
from typing import Final

from sinks.analytics.cells import Breakdown, Dimension
from sinks.analytics.distribution import HUNDRED, Distribution
from sinks.analytics.emotions import Emotions
from sinks.reports.figures_in_words import percent
from sinks.reports.model import Bar, Chart, Column, Row, Section, Table, Tone
from sinks.reports.sections.naming import MOST, NEGATIVE, named, negative_parts

_TONES: Final[Mapping[str, Tone]] = {
    "very_negative": "very_negative",
    "negative": "negative",
    "neutral": "neutral",
    "positive": "positive",
    "very_positive": "very_positive",
}
_PLURALS: Final = {"category": "categories", "priority": "priorities", "channel": "channels"}


def distributions_section(
    distribution: Distribution, breakdowns: Mapping[Dimension, Breakdown], emotions: Emotions
) -> Section:
    """What customers' messages are like, and of what they are."""
    return Section(
        key="distributions",
        title="Distributions",
        lead=_mostly(breakdowns["category"]) if "category" in breakdowns else "",
        blocks=(
            _sentiment(distribution),
            *(groups_chart(found, _PLURALS.get(by, by)) for by, found in breakdowns.items()),
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
        bars=tuple(Bar(label=named(each.value), parts=negative_parts(each.negative, each.messages)) for each in groups),
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
                Column(name="score", unit="points"),
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
                Column(name="strength", unit="points"),
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

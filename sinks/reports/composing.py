"""Material → report. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sinks.analytics.cells import Breakdown
from sinks.analytics.selection import Selection
from sinks.analytics.summary import Figures
from sinks.analytics.trends import Point
from sinks.reports.definitions import DEFINITIONS
from sinks.reports.evidence import Evidence, Group
from sinks.reports.figures_in_words import span_in_words
from sinks.reports.intervals import Counted, Interval, of_difference, of_growth
from sinks.reports.material import Material
from sinks.reports.model import Figure, Report, Section
from sinks.reports.parts import distributions_section, named, trends_section
from sinks.reports.recommendations import FEW, findings
from sinks.reports.schedule import Span, asked_id

# A few points more or less are how days differ.
_PLURALS: Final = {"category": "categories", "priority": "priorities", "channel": "channels"}


def compose(material: Material, made_at: datetime, report_id: str | None = None) -> Report:
    """The report on a selection. `report_id` is that of a schedule; else it follows from the selection."""
    selection = material.selection
    filters = _filters(selection)
    span = Span(selection.since, selection.until)
    is_empty = not material.summary.current.events
    evidence = evidence_of(material)
    return Report(
        report_id=report_id or asked_id(selection.tenant, span, filters),
        title=f"Support report, {span_in_words(*span)}",
        tenant=selection.tenant,
        begin=selection.since,
        end=selection.until,
        generated_at=made_at,
        filters=filters,
        is_empty=is_empty,
        figures=() if is_empty else _figures(material, evidence),
        findings=() if is_empty else findings(evidence),
        sections=() if is_empty else tuple(_sections(material)),
        definitions=() if is_empty else DEFINITIONS,
    )


def evidence_of(material: Material) -> Evidence:
    """What findings rest on."""
    summary = material.summary
    return Evidence(
        now=_all(summary.current, behind=summary.current.links.negative),
        before=_all(summary.previous),
        categories=_groups(material.breakdowns["category"]),
        categories_before=_groups(material.categories_before),
        volume=_tickets(material.trends.points),
        volume_before=_tickets(material.trends.compared),
    )


def _all(figures: Figures, behind: str | None = None) -> Group:
    negative = figures.negative + figures.very_negative
    return Group("", figures.messages, negative, figures.tickets, figures.escalated_tickets, behind)


def _groups(found: Breakdown) -> tuple[Group, ...]:
    return tuple(
        Group(named(each.value), each.messages, each.negative, each.tickets, each.escalated_tickets, each.tickets_url)
        for each in found.groups
    )


def _tickets(points: Sequence[Point]) -> tuple[int, ...]:
    return tuple(point.tickets for point in points)


def _sections(material: Material) -> Sequence[Section]:
    breakdowns = {str(by): found for by, found in material.breakdowns.items()}
    return (
        trends_section(material.trends),
        distributions_section(material.distribution, breakdowns, material.emotions),
    )


def _figures(material: Material, evidence: Evidence) -> tuple[Figure, ...]:
    now, before = material.summary.current, material.summary.previous
    none_before = not before.events
    negatives = of_difference(evidence.now.negatives, evidence.before.negatives)
    escalations = of_difference(evidence.now.escalations, evidence.before.escalations)
    solved = of_difference(Counted(now.resolved, now.tickets), Counted(before.resolved, before.tickets))
    made = (
        Figure(name="tickets", value=now.tickets, unit="count", before=before.tickets, change=_growth(evidence)),
        Figure(name="customers' messages", value=now.messages, unit="count", before=before.messages),
        _share("negative messages", now.negative_share, before.negative_share, negatives, evidence, "down"),
        _share("tickets that escalated", now.escalation_rate, before.escalation_rate, escalations, evidence, "down"),
        _share("tickets resolved", now.resolution_rate, before.resolution_rate, solved, evidence, "up"),
        Figure(
            name="first reply, median",
            value=now.first_response_p50,
            unit="seconds",
            before=before.first_response_p50,
        ),
        Figure(name="resolution, median", value=now.resolution_p50, unit="seconds", before=before.resolution_p50),
        Figure(
            name=f"rating of {now.ratings:,}" if now.ratings else "rating",
            value=now.satisfaction_avg,
            unit="points",
            before=before.satisfaction_avg,
        ),
    )
    return tuple(each.model_copy(update={"before": None, "change": None}) for each in made) if none_before else made


def _share(
    name: str, now: float | None, before: float | None, change: Interval, evidence: Evidence, better: str
) -> Figure:
    is_enough = min(evidence.now.tickets, evidence.before.tickets) >= FEW
    return Figure.model_validate(
        {
            "name": name,
            "value": now,
            "unit": "share",
            "before": before,
            "change": _change(change) if is_enough else "none",
            "better": better,
        }
    )


def _growth(evidence: Evidence) -> str:
    growth = of_growth(evidence.volume, evidence.volume_before)
    return _change(growth) if growth is not None else "none"


def _change(interval: Interval) -> str:
    if interval.is_above:
        return "up"
    return "down" if interval.is_below else "none"


def _filters(selection: Selection) -> tuple[str, ...]:
    filters = (
        ("channel", selection.channels),
        ("category", selection.categories),
        ("priority", selection.priorities),
        ("label", selection.labels),
        ("agent", selection.agents),
    )
    return tuple(f"{name} {', '.join(map(named, values))}" for name, values in filters if values)

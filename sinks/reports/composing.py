"""Material → report. Pure."""

from collections.abc import Sequence
from datetime import datetime

from sinks.analytics.cells import Breakdown
from sinks.analytics.escalations import EscalationReports
from sinks.analytics.problems import Problem
from sinks.analytics.selection import Selection
from sinks.analytics.summary import Figures
from sinks.analytics.trends import Point
from sinks.reports.changes import growth_of
from sinks.reports.definitions import DEFINITIONS
from sinks.reports.evidence import Evidence, Group, Listed, Mean, Topic
from sinks.reports.figures_in_words import span_in_words
from sinks.reports.intervals import Counted, Interval, of_difference
from sinks.reports.material import Material
from sinks.reports.model import Figure, Report, Section
from sinks.reports.recommendations import findings
from sinks.reports.resting import FEW
from sinks.reports.schedule import Span, asked_id
from sinks.reports.sections.agents import agents_section
from sinks.reports.sections.alerts import alerts_section
from sinks.reports.sections.distributions import distributions_section
from sinks.reports.sections.escalations import escalations_section
from sinks.reports.sections.issues import issues_section
from sinks.reports.sections.naming import named
from sinks.reports.sections.problems import problems_section
from sinks.reports.sections.resolution import resolution_section
from sinks.reports.sections.trends import trends_section
from sinks.reports.waiting import Waiting


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
    problems, waiting = material.problems, material.waiting
    return Evidence(
        now=_all(summary.current, behind=summary.current.links.negative),
        before=_all(summary.previous),
        categories=_groups(material.breakdowns["category"]),
        categories_before=_groups(material.categories_before),
        resolution=_mean(waiting),
        resolution_before=_mean(material.waiting_before),
        customers=Counted(problems.repeat_customers, waiting.customers),
        critical=Listed(problems.unresolved_critical.tickets, _ids(problems.unresolved_critical)),
        critical_behind=problems.unresolved_critical.tickets_url,
        oldest=_age(material.oldest_critical, material.selection.until),
        unanswered=_unanswered(material.escalations),
        unanswered_behind=material.escalations.escalated_url,
        volume=_tickets(material.trends.points),
        volume_before=_tickets(material.trends.compared),
        topics=tuple(
            Topic(each.phrase, each.support, each.share, each.usual_share)
            for each in (material.topics.topics if material.topics else ())
        ),
        slow=_ids(problems.slow_resolution),
        slow_behind=problems.slow_resolution.tickets_url,
        worst=_ids(problems.strongly_negative),
        repeating=tuple(each.customer_id for each in problems.most_tickets),
    )


def _mean(waiting: Waiting) -> Mean | None:
    if waiting.mean is None:
        return None
    return Mean(waiting.mean, waiting.deviation or 0.0, waiting.resolutions)


def _age(began: datetime | None, until: datetime) -> float:
    return 0.0 if began is None else (until - began).total_seconds()


def _ids(problem: Problem) -> tuple[str, ...]:
    return tuple(each.ticket_id for each in problem.shown)


def _unanswered(reports: EscalationReports) -> Counted:
    answered = sum(each.answered for each in reports.first_response_by_priority)
    return Counted(reports.escalations - answered, reports.escalations)


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
    return (
        trends_section(material.trends),
        distributions_section(material.distribution, material.breakdowns, material.emotions),
        problems_section(material.problems),
        issues_section(material.phrases, material.topics),
        resolution_section(material.waiting, material.outcomes),
        agents_section(material.agents),
        escalations_section(material.escalations, material.watch),
        alerts_section(material.alerts),
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
    growth = growth_of(evidence)
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

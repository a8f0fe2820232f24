"""Escalations: what of, how fast they were answered, how they ended, and what set them off."""

from sinks.analytics.distribution import HUNDRED
from sinks.analytics.escalations import EscalationReports
from sinks.analytics.watch import Watch
from sinks.reports.figures_in_words import percent
from sinks.reports.model import Column, Row, Section, Table
from sinks.reports.sections.naming import FEWER, MOST, named

_MINUTE = 60


def escalations_section(reports: EscalationReports, watch: Watch) -> Section:
    """By category, priority and sentiment; rules and phrases that set them off."""
    return Section(
        key="escalations",
        title="Escalations",
        lead=_lead(reports, watch),
        blocks=(_categories(reports), _answers(reports), _endings(reports), _rules(watch), _triggers(watch)),
    )


def _lead(reports: EscalationReports, watch: Watch) -> str:
    if not reports.escalations:
        return "Nothing escalated in this span."
    said = f"{reports.escalations:,} escalations of {reports.escalated_tickets:,} tickets"
    if watch.escalation_rate is not None:
        said += f", {percent(watch.escalation_rate)} of all; a desk in order stays below {percent(watch.rate_aim)}"
    if watch.messages_before_escalation_avg is not None:
        low, high = watch.messages_aim
        mean = watch.messages_before_escalation_avg
        said += f". A customer had written {mean:.1f} times on average before; {low} to {high} is the aim"
    return f"{said}."


def _categories(reports: EscalationReports) -> Table:
    return Table(
        key="escalations_by_category",
        title="By category",
        columns=(Column(name="category", unit="text"), Column(name="escalations"), Column(name="share", unit="share")),
        rows=tuple(
            Row(values=(named(each.category), each.count, each.percentage / HUNDRED), tickets=each.tickets_url)
            for each in reports.by_category[:MOST]
        ),
        empty="Nothing escalated.",
    )


def _answers(reports: EscalationReports) -> Table:
    return Table(
        key="first_response_by_priority",
        title="Time to the first reply by priority",
        columns=(
            Column(name="priority", unit="text"),
            Column(name="escalations"),
            Column(name="answered"),
            Column(name="mean time", unit="seconds"),
        ),
        rows=tuple(
            Row(
                values=(
                    named(each.priority),
                    each.count,
                    each.answered,
                    None if each.first_response_minutes_avg is None else each.first_response_minutes_avg * _MINUTE,
                )
            )
            for each in reports.first_response_by_priority
        ),
        empty="Nothing escalated.",
    )


def _endings(reports: EscalationReports) -> Table:
    return Table(
        key="resolution_by_sentiment",
        title="Resolved by sentiment",
        columns=(
            Column(name="sentiment", unit="text"),
            Column(name="escalations"),
            Column(name="resolved"),
            Column(name="share", unit="share"),
        ),
        rows=tuple(
            Row(
                values=(
                    "without a text" if each.sentiment == "unset" else named(each.sentiment),
                    each.count,
                    each.resolved,
                    each.resolution_rate,
                )
            )
            for each in reports.resolution_by_sentiment
        ),
        empty="Nothing escalated.",
    )


def _rules(watch: Watch) -> Table:
    return Table(
        key="rules",
        title="Rules that escalated",
        columns=(Column(name="rule", unit="text"), Column(name="escalations"), Column(name="tickets")),
        rows=tuple(
            Row(values=(named(each.rule), each.count, each.tickets), tickets=each.tickets_url)
            for each in watch.rules[:FEWER]
        ),
        empty="Nothing escalated.",
    )


def _triggers(watch: Watch) -> Table:
    return Table(
        key="triggers",
        title="Words that set them off",
        columns=(Column(name="words", unit="text"), Column(name="escalations"), Column(name="tickets")),
        rows=tuple(Row(values=(each.phrase, each.count, each.tickets)) for each in watch.triggers[:FEWER]),
        empty="None was found.",
    )

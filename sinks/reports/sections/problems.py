"""Problem areas: tickets and customers that somebody should look at, by name."""

from collections.abc import Sequence

from sinks.analytics.problems import Problem, Problems
from sinks.analytics.tickets import Ticket
from sinks.reports.model import Column, Row, Section, Table, Value
from sinks.reports.sections.naming import FEWER, named

_EXCERPT_CHARS = 140
_TICKET = (Column(name="ticket", unit="text"), Column(name="category", unit="text"), Column(name="status", unit="text"))


def problems_section(problems: Problems) -> Section:
    """Strongly negative, slow, escalated, urgent and open tickets, and customers who come back."""
    return Section(
        key="problems",
        title="Problem areas",
        lead="The worst of each are named; the first column says which tickets.",
        blocks=(
            _critical(problems.unresolved_critical),
            _worst("strongly_negative", "Strongly negative tickets", problems.strongly_negative),
            _worst("escalated", "Escalated tickets", problems.escalated),
            _slow(problems.slow_resolution),
            _customers(problems),
        ),
    )


def _critical(problem: Problem) -> Table:
    return Table(
        key="unresolved_critical",
        title=_title("Urgent tickets that are not resolved", problem),
        columns=(*_TICKET, Column(name="age", unit="seconds"), Column(name="last words", unit="text")),
        rows=tuple(_row(each, each.age_seconds, _excerpt(each)) for each in _shown(problem)),
        empty="None: every urgent ticket of the span is resolved.",
        note="Age is from the first event to the end of the span.",
    )


def _worst(key: str, title: str, problem: Problem) -> Table:
    return Table(
        key=key,
        title=_title(title, problem),
        columns=(*_TICKET, Column(name="lowest score", unit="points"), Column(name="last words", unit="text")),
        rows=tuple(_row(each, each.score, _excerpt(each)) for each in _shown(problem)),
        empty="None in this span.",
    )


def _slow(problem: Problem) -> Table:
    return Table(
        key="slow_resolution",
        title=_title("Tickets that took more than 48 h to resolve", problem),
        columns=(*_TICKET, Column(name="age", unit="seconds")),
        rows=tuple(_row(each, each.age_seconds) for each in _shown(problem)),
        empty="None in this span.",
    )


def _customers(problems: Problems) -> Table:
    return Table(
        key="repeat_customers",
        title=f"Customers with three tickets or more ({problems.repeat_customers:,})",
        columns=(Column(name="customer", unit="text"), Column(name="tickets")),
        rows=tuple(
            Row(values=(each.customer_id, each.tickets), tickets=each.tickets_url)
            for each in problems.most_tickets[:FEWER]
        ),
        empty="None in this span.",
    )


def _title(title: str, problem: Problem) -> str:
    shown = len(_shown(problem))
    return f"{title} ({shown} of {problem.tickets:,})" if problem.tickets > shown else f"{title} ({problem.tickets:,})"


def _shown(problem: Problem) -> Sequence[Ticket]:
    return problem.shown[:FEWER]


def _row(ticket: Ticket, *more: Value) -> Row:
    of_ticket = (ticket.ticket_id, named(ticket.category), named(ticket.status))
    return Row(values=(*of_ticket, *more), ticket=ticket.ticket_id)


def _excerpt(ticket: Ticket) -> str:
    said = " ".join((ticket.excerpt or ticket.subject).split())
    return said if len(said) <= _EXCERPT_CHARS else f"{said[: _EXCERPT_CHARS - 1]}…"

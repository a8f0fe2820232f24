"""A back-test as tables for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from streams.backtest.cases import Case
from streams.backtest.report import Pair, PolicyFigures, Report
from streams.backtest.tickets import Source

if TYPE_CHECKING:
    from rich.table import Table

_SOURCES: dict[Source, str] = {
    "file": "as the file of outcomes says",
    "events": "as the events' metadata say",
    "history": "as ratings, reopenings and requests for a person show",
}


def heading(report: Report) -> str:
    """What was compared on what, in a line or two."""
    history = report.history
    return (
        f"{_versioned(report.one)} against {_versioned(report.other)} on {history.events:,} events of "
        f"{history.tickets:,} tickets ({history.source})\n"
        f"from {_time(history.begin)} to {_time(history.end)} UTC"
        + (f"; {history.unreadable:,} could not be read" if history.unreadable else "")
    )


def tables(report: Report) -> Iterator["Table"]:
    """The figures of both, their rules, what changes, and examples of it."""
    names = labels(report)
    yield _figures(report, names)
    for name, figures in zip(names, (report.one, report.other), strict=True):
        yield _rules(figures, name)
    yield _changes(report, names)
    changes = report.changes
    for name, only in zip(names, (changes.only_one, changes.only_other), strict=True):
        if only.examples:
            yield _cases(only.examples, f"only {name}: {_of(len(only.examples), only.escalations)}")
    if changes.differing.examples:
        shown = changes.differing
        yield _pairs(shown.examples, names, f"both, but differing: {_of(len(shown.examples), shown.escalations)}")


def labels(report: Report) -> tuple[str, str]:
    """What to call the two: their names, with versions or numbers where those are needed to tell them apart."""
    one, other = report.one, report.other
    if one.name != other.name:
        return one.name, other.name
    if one.version != other.version:
        return _versioned(one), _versioned(other)
    return f"{one.name} (first)", f"{other.name} (second)"


def _versioned(figures: PolicyFigures) -> str:
    return f"{figures.name} {figures.version}"


def _figures(report: Report, names: Sequence[str]) -> "Table":
    both = (report.one, report.other)
    table = _table("", *names)
    table.add_row("escalations", *(f"{each.escalations:,}" for each in both))
    table.add_row("tickets escalated", *(_rate(each.tickets, report.history.tickets) for each in both))
    table.add_row("raised by a later rule", *(f"{each.raised:,}" for each in both))
    for priority in dict.fromkeys((*report.one.by_priority, *report.other.by_priority)):
        table.add_row(f"priority {priority}", *(f"{each.by_priority.get(priority, 0):,}" for each in both))
    for name in ("duplicates", "failed"):
        if any(getattr(each, name) for each in both):
            table.add_row(f"events {name}", *(f"{getattr(each, name):,}" for each in both))
    known = report.outcomes
    if report.one.quality and report.other.quality:
        table.add_section()
        qualities = (report.one.quality, report.other.quality)
        table.add_row("precision", *(_rate(each.found, each.found + each.wrong) for each in qualities))
        table.add_row("recall", *(_rate(each.found, known.needed) for each in qualities))
        for name in ("found", "afterwards", "missed", "wrong"):
            table.add_row(f"tickets {name}", *(f"{getattr(each, name):,}" for each in qualities))
        table.caption = (
            f"{known.needed:,} of {known.known:,} tickets of known outcome needed a person, {_SOURCES[known.source]}"
        )
        table.caption_justify = "left"
    return table


def _rules(figures: PolicyFigures, name: str) -> "Table":
    table = _table(f"rule of {name}", "escalations", "raised", "found", "wrong")
    for rule in figures.by_rule:
        table.add_row(rule.rule, *(f"{getattr(rule, part):,}" for part in ("escalations", "raised", "found", "wrong")))
    if not figures.by_rule:
        table.add_row("none", "0", "0", "0", "0")
    return table


def _changes(report: Report, names: Sequence[str]) -> "Table":
    changes, differing = report.changes, report.changes.differing
    table = _table(f"from {names[0]} to {names[1]}", "escalations", "tickets")
    table.add_row("the same", f"{changes.same:,}", "")
    if changes.by_another_rule:
        table.add_row("  of these by another rule", f"{changes.by_another_rule:,}", "")
    for name, only in zip(names, (changes.only_one, changes.only_other), strict=True):
        table.add_row(f"only {name}", f"{only.escalations:,}", f"{only.tickets:,}")
    table.add_row("both, but differing", f"{differing.escalations:,}", "")
    for label in ("earlier", "later"):
        table.add_row(f"  {label} by {names[1]}", f"{getattr(differing, label):,}", "")
    for label in ("higher", "lower"):
        table.add_row(f"  {label} priority by {names[1]}", f"{getattr(differing, label):,}", "")
    return table


def _cases(cases: Sequence[Case], title: str) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("ticket", overflow="fold")
    table.add_column("rule", overflow="fold")
    table.add_column("text, and why")
    for case in cases:
        about = "\n".join((_ticket(case), _time(case.at), case.priority, *_needed(case)))
        table.add_row(Text(about), Text(case.rule), Text(f"“{case.text}”\n{case.reason}"))
    return table


def _pairs(pairs: Sequence[Pair], names: Sequence[str], title: str) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("ticket", overflow="fold")
    for name in names:
        table.add_column(name)
    for pair in pairs:
        told = "\n".join((_ticket(pair.one), *_needed(pair.one)))
        sides = (f"{_time(case.at)} {case.priority}\n{case.rule}: {case.reason}" for case in (pair.one, pair.other))
        table.add_row(Text(told), *map(Text, sides))
    return table


def _ticket(case: Case) -> str:
    return case.ticket_id if case.tenant == "default" else f"{case.tenant}/{case.ticket_id}"


def _needed(case: Case) -> tuple[str, ...]:
    return () if case.needed is None else ("needed a person" if case.needed else "needed nobody",)


def _table(first: str, *columns: str) -> "Table":
    from rich.table import Table  # noqa: PLC0415

    table = Table()
    table.add_column(first)
    for name in columns:
        table.add_column(name, justify="right")
    return table


def _rate(part: int, whole: int) -> str:
    """A rate with its counts."""
    return f"{part:,} of {whole:,} ({part / whole:.1%})" if whole else "0 of 0"


def _of(shown: int, all_of_them: int) -> str:
    return f"{shown:,} of {all_of_them:,}"


def _time(moment: datetime | None) -> str:
    return "?" if moment is None else f"{moment:%Y-%m-%d %H:%M}"

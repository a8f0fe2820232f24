"""`ticketpulse policy backtest`: what a policy would have done."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.given import tenant_of, time_of
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, Progress, counted, print_json, say

if TYPE_CHECKING:
    from schemas.rejections import Rejected
    from streams.backtest.playing import BackTest
    from streams.backtest.report import Report
    from streams.escalation.policy import Policy
    from streams.history.lines import HistoryFile
    from streams.history.rows import HistoryRows
    from streams.history.span import Span

_AT_ONCE = 500
# More lines than these nobody reads; they are counted.
_TOLD = 20
_POLICY_HELP = "A preset, or a policy's TOML file."


def backtest(
    one: Annotated[str, typer.Argument(metavar="ONE", help=_POLICY_HELP)],
    other: Annotated[str, typer.Argument(metavar="OTHER", help=_POLICY_HELP)],
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ticket events, one JSON object a line, in any order.")
    ] = None,
    clickhouse: Annotated[
        bool, typer.Option("--clickhouse", help="The events that ClickHouse keeps, instead of a file.")
    ] = False,
    outcomes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV or JSON lines: tenant (optional), ticket_id, outcome (true, false)."),
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's events.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Only events from then on, as in 2026-11-01.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Only events before then.")] = None,
    examples: Annotated[int, typer.Option(min=0, max=1000, help="Examples of each kind of change, at most.")] = 3,
    output: OutputOption = Output.TEXT,
) -> None:
    """Try two policies on the same history, and tell what changes from ONE to OTHER.

    Texts are scored anew and every rule, timer and count works as it does live, on the clock of the events. The line of
    what is no event is named on stderr, and the others count.

    Whether a ticket needed a person is known from --outcomes; else from "outcome" (true or false) in the metadata of
    its events; else it did if it was rated 1 or 2, reopened, or another system asked for a person, and it did not if it
    was closed or rated well without that. Who escalates when that has happened has not found it.

        ticketpulse policy backtest helpdesk support --history events.jsonl

        ticketpulse policy backtest support mine.toml --clickhouse --from 2026-11-01 --examples 10
    """
    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed
    from streams.history.span import BadHistory, Span
    from streams.history.told import read_outcomes

    if (history is None) is not clickhouse:
        raise Failure("name one history: --history FILE or --clickhouse", USAGE)
    policies = _policy(one), _policy(other)
    span = Span(tenant_of(tenant), time_of("--from", begin), time_of("--to", end))
    if span.begin and span.end and span.begin >= span.end:
        raise Failure(f"--from {begin} is not before --to {end}: no event is between them", USAGE)
    progress = Progress()
    try:
        told = read_outcomes(outcomes) if outcomes else None
        events = _history(history, span, progress)
        back_test = _played(policies, events, progress)
    except (BadHistory, CannotOpen, QueryFailed) as error:
        raise Failure(str(error)) from error
    finally:
        progress.clear()
    report = back_test.report(history.name if history else "ClickHouse", events.unreadable, told, examples)
    if told is not None and not report.outcomes.known:
        say(f"{outcomes}: none of its tickets is in this history, so there is no precision and no recall")
    if output is Output.JSON:
        print_json(report)
    else:
        _print(report)


def _history(file: Path | None, span: "Span", progress: Progress) -> "HistoryFile | HistoryRows":
    if file is None:
        from streams.history.rows import HistoryRows

        return HistoryRows(given_settings().clickhouse, span)
    from streams.history.lines import HistoryFile

    told = 0

    def tell(line: int, rejected: "Rejected") -> None:
        nonlocal told
        told += 1
        if told <= _TOLD:
            progress.clear()
            say(f"line {line}: {rejected}")

    events = HistoryFile(file, span, tell, lambda lines: progress.show(f"{counted(lines, 'line')} looked through"))
    progress.clear()
    if told:
        say(f"{counted(told, 'line')} could not be read and did not count")
    return events


def _played(policies: tuple["Policy", "Policy"], events: "HistoryFile | HistoryRows", progress: Progress) -> "BackTest":
    from streams.backtest.playing import BackTest, Preset
    from streams.scoring import scorer_of
    from streams.scoring.readers import reader_of

    progress.show("loading")
    presets = {each.reads: Preset(scorer_of(each.reads), reader_of(each.reads)) for each in policies}
    back_test = BackTest(*policies, presets, given_settings().duplicate_horizon)
    coming, done = iter(events), 0
    while batch := list(islice(coming, _AT_ONCE)):
        back_test.play(batch)
        done += len(batch)
        escalations = " and ".join(f"{len(cases):,}" for cases in back_test.cases)
        progress.show(f"{done:,} of {counted(len(events), 'event')}, {escalations} escalations")
    return back_test


def _print(report: "Report") -> None:
    from rich.console import Console

    from streams.backtest.table import heading, tables

    console = Console()
    console.print(heading(report), markup=False, highlight=False)
    for table in tables(report):
        console.print(table)


def _policy(named: str) -> "Policy":
    from streams.escalation.loading import PRESETS, preset, read_policy

    if named in PRESETS:
        return preset(named)
    file = Path(named)
    if not file.is_file():
        raise Failure(f"{named}: neither a preset ({', '.join(PRESETS)}) nor a file", USAGE)
    return read_policy(file)

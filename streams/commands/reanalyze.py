"""`ticketpulse reanalyze`: stored tickets scored again by the current model and policy."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from streams.commands.audited import tell_audit
from streams.commands.failure import USAGE, Failure
from streams.commands.given import tenant_of, time_of
from streams.commands.model_option import ModelOption, model_of
from streams.commands.settings import load_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, Progress, counted, print_json, print_table, say

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from streams.config import Settings
    from streams.reanalysis.asked import Asked
    from streams.reanalysis.judging import Wanted
    from streams.reanalysis.running import Means, Originals
    from streams.reanalysis.runs import Run


# A run that has told nothing for so long has ended, however it did.
_ALIVE = timedelta(seconds=60)


class Source(StrEnum):
    """Where events are read from."""

    AUTO = "auto"
    KAFKA = "kafka"
    ROWS = "rows"


def reanalyze(
    tickets: Annotated[list[str] | None, typer.Argument(metavar="[TICKET]...", help="Ids of tickets.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Ids of tickets, one a line; - is stdin.")
    ] = None,
    status: Annotated[str | None, typer.Option(help="Tickets that stand so: new, open, resolved, …")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many tickets, those with the newest events.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only events of this channel.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Events that happened from then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Events that happened before then.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is stored.")] = False,
    escalate: Annotated[
        bool, typer.Option("--escalate", help="Ask for an escalation where the new scores call for one.")
    ] = False,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Go on with a run that was stopped.")] = None,
    settle: Annotated[bool, typer.Option("--settle", help="Set windows right that were told again since.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Show the runs that there were.")] = False,
    source: Annotated[Source, typer.Option(help="Where events are read from.")] = Source.AUTO,
    processes: Annotated[int | None, typer.Option(min=1, help="How many score; all processors without it.")] = None,
    model: ModelOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Score stored events again by the current model and policy, and count the windows again that they are in.

    New versions of the rows take the place of the old ones; nobody is told and nothing escalates unless --escalate.
    Ctrl-C stops it in order, and --resume goes on. An embedded database (chdb://) is open in one process only: stop
    `ticketpulse up`, or ask its page (docs/reanalysis.md).

        ticketpulse reanalyze T-1 T-2

        ticketpulse reanalyze --status open --limit 100

        ticketpulse reanalyze --since 2026-11-01 --tenant acme

        ticketpulse reanalyze --all --model 20261122-081500-1a2b3c4d
    """
    settings = load_settings()
    quiet_clients()
    if listed:
        _list(settings, tenant_of(tenant), output)
        return
    asked = None
    if not settle and resume is None:
        ids = [*(tickets or ()), *(_ids(file) if file else ())]
        if file is not None and not ids:
            raise Failure(f"{file}: no ids of tickets in it; one a line is wanted", USAGE)
        asked = _asked(ids, status, limit, tenant_of(tenant), channel, since, until, everything, escalate)
    with ExitStack() as stack:
        means = _means(settings, source if asked or resume else Source.ROWS, processes, model, stack)
        if settle:
            _settle(means, output)
            return
        _run(asked, resume, means, settings, stack, output)


def _run(
    asked: "Asked | None",
    resume: str | None,
    means: "Means",
    settings: "Settings",
    stack: ExitStack,
    output: Output,
) -> None:
    from importlib.metadata import version

    from streams.reanalysis.asked import decode
    from streams.reanalysis.running import go_on, start
    from streams.reanalysis.runs import UnknownRun, read

    try:
        run = start(asked, means, version("ticketpulse")) if asked is not None else read(means.client, resume or "")
    except UnknownRun as error:
        raise Failure(str(error), USAGE) from None
    if run.state == "done":
        say(f"re-analysis {run.id} is done already")
        _tell(run, output)
        return
    if asked is None and run.state == "running" and means.now() - run.updated_at < _ALIVE:
        raise Failure(f"re-analysis {run.id} told of itself a moment ago: it runs. If it was killed, wait a minute")
    if decode(run.asked).escalate:
        means = means._replace(ask_for=_asking(settings, stack))
    say(f"re-analysis {run.id}: {counted(run.events, 'event')} of {counted(run.tickets, 'ticket')}")
    _audit(run, "start" if resume is None else "resume", means.now(), settings)
    progress = _Shown(run)
    try:
        run = go_on(run, means._replace(show=progress.show))
    except BaseException as error:
        progress.clear()
        say(f"it stopped at an error; to go on: ticketpulse reanalyze --resume {run.id}")
        raise _explained(error) from error
    progress.clear()
    _tell(run, output)
    if run.state == "stopped":
        say(f"stopped; to go on: ticketpulse reanalyze --resume {run.id}")
        raise KeyboardInterrupt


def _audit(run: "Run", what: Literal["start", "resume"], now: datetime, settings: "Settings") -> None:
    """That it begins is in the audit, as when the page is asked for it; what it was asked for is in the table too."""
    from streams.audit import of_command

    record = of_command(f"reanalysis.{what}", [run.id], run.asked, now, run.tenant)
    if unheard := tell_audit(record, settings):
        say(f"the audit does not know of it, the table reanalyses does: {unheard}")


def _asked(
    ids: Sequence[str],
    status: str | None,
    limit: int | None,
    tenant: str | None,
    channel: str | None,
    since: str | None,
    until: str | None,
    everything: bool,
    escalate: bool,
) -> "Asked":
    import msgspec

    from streams.reanalysis.asked import Asked, BadRequest, check

    fields = {
        "tickets": list(ids),
        "status": status,
        "limit": limit,
        "tenant": tenant,
        "channel": channel,
        "since": time_of("--since", since),
        "until": time_of("--until", until),
        "everything": everything,
        "escalate": escalate,
    }
    try:
        return check(msgspec.convert(fields, Asked))
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        raise Failure(f"--{where.rstrip('`') or 'ticket'}: {what[:1].lower()}{what[1:]}", USAGE) from None
    except BadRequest as error:
        raise Failure(f"{error} (ids, --file, --status, --limit, --since, --until or --all)", USAGE) from None


def _ids(file: Path) -> Iterator[str]:
    import sys

    read = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        text = read.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failure(f"{file}: no UTF-8; ids of tickets are wanted, one a line", USAGE) from None
    return (line.strip() for line in text.splitlines() if line.strip())


def _means(settings: "Settings", source: Source, number: int | None, version: str | None, stack: ExitStack) -> "Means":
    from sinks.clickhouse.client import CannotOpen, connect
    from sinks.clickhouse.migrations import migrate
    from streams.reanalysis.pool import processes, usual_processes
    from streams.reanalysis.running import Means
    from streams.reanalysis.wiring import scoring_of
    from streams.stages import window_rules

    if version is not None:
        model_of(version, settings)
    model = scoring_of(settings, version)
    # Said before anything is begun.
    model.book()
    model.redaction()
    try:
        client = connect(settings.clickhouse)
    except CannotOpen as error:
        raise Failure(
            f"{error}. Or let that process do it: POST http://{settings.host}:{settings.page_port}/api/v1/reanalysis"
        ) from error
    stack.callback(client.close)
    migrate(client)
    originals = _originals(settings, source)
    count = number or usual_processes()
    executor: Executor = stack.enter_context(processes(count))
    stopped = stack.enter_context(_stopped())
    return Means(
        client,
        executor,
        count,
        model,
        window_rules(settings),
        lambda: datetime.now(UTC),
        stopped=stopped,
        originals=originals,
    )


def _originals(settings: "Settings", source: Source) -> "Originals":
    from streams.reanalysis.running import NoOriginals

    if source is Source.ROWS:
        return NoOriginals()
    from streams.reanalysis.kafka_originals import KafkaAway, read_originals

    progress = Progress()
    try:
        found = read_originals(settings.kafka, lambda read: progress.show(f"{read:,} events read from Kafka"))
    except KafkaAway as error:
        if source is Source.KAFKA:
            raise Failure(f"{error}; --source rows does without it") from error
        say(f"{error}: stored rows are all that is known of the events (docs/reanalysis.md says what they lack)")
        return NoOriginals()
    finally:
        progress.clear()
    say(f"{counted(len(found), 'event')} of Kafka are read in the original")
    return found


def _asking(settings: "Settings", stack: ExitStack) -> "Callable[[Run, Sequence[Wanted]], None]":
    import asyncio

    from schemas.events import ticket_key
    from schemas.scored import encode_event
    from streams.doors import event_writer
    from streams.gateway.writer import NotAcknowledged
    from streams.reanalysis.judging import request

    runner = stack.enter_context(asyncio.Runner())
    writer = event_writer(settings, ack_seconds=15.0)
    runner.run(writer.start())
    stack.callback(lambda: runner.run(writer.stop()))

    async def send(run: "Run", wanted: "Sequence[Wanted]") -> None:
        events = [request(each, run.id, run.started_at) for each in wanted]
        await asyncio.gather(
            *(writer.send(ticket_key(event.tenant, event.ticket_id), encode_event(event)) for event in events)
        )

    def ask_for(run: "Run", wanted: "Sequence[Wanted]") -> None:
        try:
            runner.run(send(run, wanted))
        except NotAcknowledged as error:
            raise Failure(f"escalations cannot be asked for: {error}") from error

    return ask_for


@contextmanager
def _stopped() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM has come; a second Ctrl-C ends it at once."""
    asked = False

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        say("stopping: what is under way is stored first")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Shown:
    """A run as one line that overwrites itself, with how long it will take yet."""

    def __init__(self, run: "Run") -> None:
        self._progress = Progress()
        self._began, self._before = datetime.now(UTC), run.done

    def show(self, run: "Run") -> None:
        """What is done."""
        if run.done < run.events:
            seconds = (datetime.now(UTC) - self._began).total_seconds()
            rate = (run.done - self._before) / seconds if seconds else 0.0
            left = f", {_span((run.events - run.done) / rate)} left" if rate else ""
            filled = 30 * run.done // max(run.events, 1)
            bar = "█" * filled + "░" * (30 - filled)
            self._progress.show(f"{bar} {run.done:,} of {run.events:,} events, {rate:,.0f}/s{left}")
        else:
            self._progress.show(f"{run.done:,} events scored; {run.windows:,} windows stored anew")

    def clear(self) -> None:
        """Remove the line."""
        self._progress.clear()


def _span(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _tell(run: "Run", output: Output) -> None:
    if output is Output.JSON:
        print_json(run)
        return
    say(
        f"{counted(run.done, 'event')} scored by {run.scorer or 'nothing'} under model epoch {run.epoch}: "
        f"{run.relabelled:,} with another label or category, {run.unscored:,} without a score; "
        f"{counted(run.windows, 'window')} stored anew"
        + (f"; {counted(run.escalations, 'escalation')} asked for" if run.escalations else "")
    )


def _settle(means: "Means", output: Output) -> None:
    from streams.reanalysis.settling import settle

    windows = settle(means.client, means.rules, means.executor, means.now())
    if output is Output.JSON:
        print_json({"windows": windows})
    else:
        say(f"{counted(windows, 'window')} stored anew")


def _list(settings: "Settings", tenant: str | None, output: Output) -> None:
    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed
    from sinks.clickhouse.stored import read_rows

    of_tenant = "1" if tenant is None else f"tenant = '{tenant}'"
    try:
        runs = read_rows(
            settings.clickhouse,
            "SELECT id, state, toString(started_at) AS began, epoch, done, events, relabelled, windows, asked, error "  # noqa: S608
            f"FROM reanalyses_now WHERE {of_tenant} ORDER BY started_at DESC LIMIT 100",
        )
    except (CannotOpen, QueryFailed) as error:
        raise Failure(str(error)) from error
    if output is Output.JSON:
        print_json(runs)
        return
    header = ("id", "state", "began", "epoch", "done", "events", "relabelled", "windows", "asked")
    print_table(header, [[str(run[name]) for name in header] for run in runs])


def _explained(error: BaseException) -> BaseException:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    if isinstance(error, ClickHouseError):
        return Failure(f"ClickHouse: {str(error).strip().splitlines()[0]}")
    return error

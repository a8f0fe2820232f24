"""`ticketpulse import`: tickets that a team has already, from a file."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.evaluate import delimiter_of
from streams.commands.failure import USAGE, Failure
from streams.commands.given import tenant_of
from streams.commands.settings import load_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, Progress, counted, print_json, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.events import TicketEvent
    from streams.commands.produce import Sendable
    from streams.config import Settings
    from streams.history.lines import HistoryFile
    from streams.importing.files import Row, Table
    from streams.importing.making import Maker
    from streams.importing.mapping import Mapping
    from streams.importing.spooling import Spooled
    from streams.importing.straight import Stored

_DRY_ROWS = 5
# More wrong rows than these nobody reads on a screen; the file has all.
_TOLD = 10
_EVENTS_A_PROCESS = 5_000


class Dates(StrEnum):
    """How 01/02/2026 is read."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON lines or Parquet.")],
    no_kafka: Annotated[
        bool, typer.Option("--no-kafka", help="Straight to ClickHouse: for history, and where there is no broker.")
    ] = False,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", metavar="TOML", help="A mapping that an import before has saved.")
    ] = None,
    maps: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="What a column holds; FIELD= for none.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose tickets, where no column says.")] = None,
    zone: Annotated[str | None, typer.Option(help="Of times without an offset; UTC without it.")] = None,
    dates: Annotated[Dates | None, typer.Option(help="How 01/02/2026 is read, where no row tells.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="What separates the fields of CSV, or `tab`; if it is guessed wrong.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the mapping and the first rows as events; write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="The mapping is right: do not ask.")] = False,
    max_errors: Annotated[
        int | None, typer.Option(min=0, help="Import nothing if more rows than these are wrong; any number without it.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Import tickets: what the columns hold is guessed, shown, and asked about before anything is written.

    A row is a ticket, with its times, comments and rating, or one message of it. Rows that are wrong are told and kept
    in FILE.rejects.jsonl, and the others imported. To import a file again changes nothing. docs/import.md has the
    formats, and what --no-kafka does otherwise than Kafka.

        ticketpulse import tickets.csv --dry-run

        ticketpulse import tickets.csv --no-kafka --yes

        ticketpulse import tickets.csv --map text=Narrative --zone Europe/Berlin --mapping tickets.toml
    """
    from streams.history.span import BadHistory
    from streams.importing.files import BadFile, open_table
    from streams.importing.making import Maker
    from streams.importing.mapping import BadMapping
    from streams.importing.spooling import Rejects, TooManyErrors, by_time, spool

    settings = load_settings()
    quiet_clients()
    try:
        table = open_table(file, delimiter_of(delimiter))
        sample = table.sample()
        chosen, notes = _mapping(table, sample, mapping, maps or [], _given(tenant, zone, dates))
        maker = Maker(chosen, table.columns)
        _show_mapping(table, sample, chosen, notes)
        if dry_run:
            _show_events(sample, maker)
            return
        _confirm(file, chosen, yes, mapping)
        rejects = Rejects(Path(f"{file.name}.rejects.jsonl"))
        with tempfile.TemporaryDirectory(prefix="ticketpulse-import-") as folder:
            spooled = Path(folder) / "events.jsonl"
            progress = Progress()
            found = spool(
                table,
                maker,
                spooled,
                rejects,
                max_errors=max_errors,
                show=lambda rows, wrong: progress.show(f"{rows:,} rows read, {wrong:,} rejected"),
                tell=_Told(progress),
            )
            progress.clear()
            stored = _import(by_time(spooled), settings, no_kafka) if found.events else None
    except (BadFile, BadMapping) as error:
        raise Failure(str(error), USAGE) from None
    except TooManyErrors as error:
        raise Failure(f"{error}; the reasons are in {file.name}.rejects.jsonl") from None
    except BadHistory as error:
        raise Failure(str(error)) from None
    _tell(found, stored, maker, output)
    if found.rejected:
        raise Failure(f"{counted(found.rejected, 'row')} rejected; the reasons are in {rejects.path}")


# -- the mapping


def _given(tenant: str | None, zone: str | None, dates: Dates | None) -> dict[str, Any]:
    given = {"tenant": tenant_of(tenant), "zone": zone, "dates": dates.value if dates else None}
    return {name: value for name, value in given.items() if value is not None}


def _mapping(
    table: "Table", sample: "Sequence[Row]", file: Path | None, maps: Sequence[str], given: dict[str, Any]
) -> "tuple[Mapping, Sequence[str]]":
    from streams.importing.guessing import guess
    from streams.importing.mapping import FIELDS, check_columns, made, read_mapping

    said: dict[str, str] = {}
    for each in maps:
        field, equals, column = each.partition("=")
        if not equals or field not in FIELDS:
            raise Failure(f"--map {each}: FIELD=COLUMN is wanted; fields are {', '.join(FIELDS)}", USAGE)
        said[field] = column
    none = [field for field, column in said.items() if not column]
    named = {field: column for field, column in said.items() if column}
    notes: Sequence[str] = ()
    if file is not None:
        kept = read_mapping(file)
        chosen = made({**kept.model_dump(), **given, "columns": {**kept.columns, **named}})
    else:
        chosen, notes = guess(table.columns, sample, {**given, "columns": named})
    if none:
        left = {field: column for field, column in chosen.columns.items() if field not in none}
        chosen = made({**chosen.model_dump(), "columns": left})
    check_columns(chosen, table.columns)
    return chosen, notes


def _show_mapping(table: "Table", sample: "Sequence[Row]", mapping: "Mapping", notes: Sequence[str]) -> None:
    from streams.importing.mapping import FIELDS

    say(f"{table.path.name}: {table.how}, {counted(len(table.columns), 'column')}; a row for each {mapping.shape[:-1]}")
    for field, column in mapping.columns.items():
        say(f"  {field:<18} {column:<28.28} {_example(sample, column):<34.34} {FIELDS[field]}")
    # A column that comes again is read with the first of its name.
    used = tuple(f"{name} (" for name in mapping.columns.values())
    left = [name for name in table.columns if name not in mapping.columns.values() and not name.startswith(used)]
    if left:
        say(f"  not used: {', '.join(left[:20])}{', …' if len(left) > 20 else ''}")
    for note in notes:
        say(f"  {note}")


def _example(sample: "Sequence[Row]", column: str) -> str:
    """A value, without what a terminal takes for orders."""
    value = next((row.values[column] for row in sample if column in row.values), "")
    return "".join(letter if letter.isprintable() else " " for letter in str(value)[:34])


def _show_events(sample: "Sequence[Row]", maker: "Maker") -> None:
    from schemas.scored import encode_event

    shown = 0
    for row in sample:
        made = maker.make(row)
        if made.wrong is not None:
            say(f"line {row.line}: {made.wrong}")
            continue
        for event in made.events:
            typer.echo(encode_event(event))
        shown += 1
        if shown == _DRY_ROWS:
            return


def _confirm(file: Path, mapping: "Mapping", yes: bool, given: Path | None) -> None:
    from streams.importing.mapping import as_toml

    if given is not None:
        return
    if not yes and not sys.stdin.isatty():
        raise Failure("is the mapping right? --yes says so; --map and --mapping mend it, --dry-run tries it", USAGE)
    is_right = yes or typer.confirm("Is that right?", err=True)
    saved = Path(f"{file.name}.mapping.toml")
    saved.write_text(as_toml(mapping), "utf-8")
    if not is_right:
        raise Failure(f"nothing was imported; mend {saved} and give it with --mapping", USAGE)
    say(f"  saved as {saved}")


# -- to where


def _import(events: "HistoryFile", settings: "Settings", no_kafka: bool) -> "Stored | int":
    return _straight(events, settings) if no_kafka else _through_kafka(events, settings)


def _straight(events: "HistoryFile", settings: "Settings") -> "Stored":
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from sinks.clickhouse.client import CannotOpen, connect
    from sinks.clickhouse.migrations import migrate
    from streams.importing.straight import Means, store
    from streams.reanalysis.pool import processes, usual_processes
    from streams.reanalysis.wiring import scoring_of
    from streams.stages import window_rules

    model = scoring_of(settings)
    # Said before anything is begun.
    model.book()
    model.redaction()
    progress = Progress()
    try:
        client = connect(settings.clickhouse)
    except CannotOpen as error:
        raise Failure(str(error)) from error
    # Each takes seconds to load the model: a small file is done sooner by one.
    number = min(usual_processes(), 1 + len(events) // _EVENTS_A_PROCESS)
    try:
        with closing(client), processes(number) as executor:
            migrate(client)
            means = Means(
                client,
                executor,
                number,
                model,
                window_rules(settings),
                settings.duplicate_horizon,
                datetime.now(UTC),
                show=lambda stored: progress.show(f"{stored:,} events scored and stored"),
            )
            return store(events, means)
    except ClickHouseError as error:
        raise Failure(f"ClickHouse: {str(error).strip().splitlines()[0]}; to import the file again is safe") from error
    finally:
        progress.clear()


def _through_kafka(events: "Iterable[TicketEvent]", settings: "Settings") -> int:
    from streams.commands.produce import send

    records = _Records(events, datetime.now(UTC) - timedelta(seconds=settings.late_horizon))
    sent = asyncio.run(send(records, settings))
    if records.late:
        say(
            f"{counted(records.late, 'event')} happened more than {settings.late_horizon // 3600} hours ago: they are "
            "in their conversations, and in no window. --no-kafka counts history in windows, too"
        )
    return sent


class _Records:
    """Events as records of the log; `late` counts those that windows pass over."""

    def __init__(self, events: "Iterable[TicketEvent]", horizon: datetime) -> None:
        self._events = events
        self._horizon = horizon
        self.late = 0

    def __iter__(self) -> "Iterator[Sendable]":
        from schemas.events import ticket_key
        from schemas.scored import encode_event
        from streams.commands.produce import Sendable

        for event in self._events:
            self.late += event.occurred_at < self._horizon
            yield Sendable(ticket_key(event.tenant, event.ticket_id), encode_event(event))


# -- what came of it


class _Told:
    """The first rows that are wrong, each with its line."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._count = 0

    def __call__(self, row: "Row", reason: str) -> None:
        """Say it."""
        self._count += 1
        if self._count <= _TOLD:
            self._progress.clear()
            say(f"line {row.line}: {reason}")


def _tell(found: "Spooled", stored: "Stored | int | None", maker: "Maker", output: Output) -> None:
    for (field, value), count in maker.unknown.most_common(_TOLD):
        say(f"{field} {value!r} is not known, and was left out of {counted(count, 'row')}")
    if maker.cut:
        say(f"{counted(maker.cut, 'text')} cut to 100,000 characters")
    if output is Output.JSON:
        figures = stored._asdict() if isinstance(stored, tuple) else {"acknowledged": stored or 0}
        print_json({**found._asdict(), "stored": figures})
        return
    say(f"{counted(found.rows, 'row')}: {counted(found.events, 'event')}, {found.rejected:,} rejected")
    if isinstance(stored, tuple):
        say(
            f"{counted(stored.events, 'event')} stored, {stored.scored:,} with a score; "
            f"{counted(stored.escalations, 'escalation')}; {counted(stored.windows, 'window')} stored anew"
            + (f"; {stored.duplicates:,} were there twice" if stored.duplicates else "")
            + (f"; {stored.refused:,} cannot be stored" if stored.refused else "")
        )
    elif stored is not None:
        say(f"{counted(stored, 'event')} acknowledged by Kafka")

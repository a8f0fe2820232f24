"""`ticketpulse sink verify` and `ticketpulse sink rewind`: is all stored that was read, and read it again."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.audited import tell_audit
from streams.commands.failure import USAGE, Failure, of_engine
from streams.commands.given import time_of
from streams.commands.settings import admitted_settings, given_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, Progress, counted, print_json, print_table, say

if TYPE_CHECKING:
    from streams.broker.rewinding import Rewound
    from streams.config import Settings
    from streams.recovery import Compared

SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only what was appended to the topics then or later.")
]


def verify(since: SinceOption = None, output: OutputOption = Output.TEXT) -> None:
    """Look for every record that the sink has read in ClickHouse; exit with 1 if any is missing or stored twice.

    A row may be newer than its record, never older. It asks for what the topics still have. The pipeline may run; what
    the sink has not read yet is UNREAD, in offsets, and not missing.

    ticketpulse sink verify

    ticketpulse sink verify --since 2026-11-01 -o json | jq '.[] | select(.missing > 0)'
    """
    from functools import partial

    from aiokafka.errors import KafkaError

    from sinks.clickhouse.console import query
    from streams.erasing.guarding import Guard
    from streams.privacy.loading import load_keys
    from streams.recovery import compare, is_whole

    begin = time_of("--since", since)
    settings = admitted_settings("clickhouse")
    quiet_clients()
    progress = Progress()
    ask = partial(query, settings.clickhouse, form="JSONCompactEachRow")
    guard = Guard(load_keys(settings.privacy_keys))
    try:
        found = asyncio.run(compare(settings.kafka, _group(settings), ask, guard, begin, progress.show))
    except KafkaError:
        raise
    except Exception as error:
        raise of_engine(error) from error
    finally:
        progress.clear()
    _tell(found, output)
    if not is_whole(found):
        raise typer.Exit(1)


def rewind(
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="To what was appended then; to the beginning without it."),
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Of `up --embedded`: the log in TICKETPULSE_LOCAL_DIR.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Have the sink read its topics again: after tables were lost, or restored from a copy. No sink may run meanwhile.

    What is stored already comes again and changes nothing. Positions only go back, never forward. Of this alone: the
    stages keep their positions with their state.

    ticketpulse sink rewind

    ticketpulse sink rewind --since 2026-11-01T03:00:00Z --yes
    """
    begin = time_of("--since", since)
    if embedded and begin is not None:
        raise Failure("--since needs a broker: the embedded log is read from its beginning", USAGE)
    settings = given_settings() if embedded else admitted_settings("clickhouse", "audit")
    quiet_clients()
    if not yes:
        typer.confirm(f"{_group(settings)} will read its topics again. Go on?", abort=True, err=True)
    moved = _rewind_embedded(settings) if embedded else _rewind(settings, begin)
    if output is Output.JSON:
        print_json([one._asdict() for one in moved])
        return
    back = [one for one in moved if one.after < one.before]
    offsets = sum(one.before - one.after for one in back)
    say(
        f"{counted(offsets, 'offset')} of {counted(len(back), 'partition')} will be read again: start the sink, then "
        "`ticketpulse sink verify`"
    )


def _rewind(settings: "Settings", begin: datetime | None) -> "list[Rewound]":
    from streams.audit import of_command
    from streams.broker.rewinding import InUse
    from streams.broker.rewinding import rewind as move
    from streams.topics import STORED

    group = _group(settings)

    try:
        moved = asyncio.run(move(settings.kafka, group, list(STORED), begin))
    except InUse as error:
        raise Failure(f"{error}: stop every `ticketpulse sink clickhouse` first, then run this again") from error
    told = f"to {begin.isoformat()}" if begin else "to the beginning"
    if why := tell_audit(of_command("sink.rewind", [group], told, datetime.now(UTC)), settings):
        say(f"done, and not in the audit: {why}")
    return moved


def _rewind_embedded(settings: "Settings") -> "list[Rewound]":
    from streams.embedded.rewinding import NoLog
    from streams.embedded.rewinding import rewind as move
    from streams.up.run_lock import AlreadyRunning

    try:
        return move(settings.local_dir / "embedded")
    except AlreadyRunning as error:
        raise Failure(f"{error}: stop it first") from error
    except NoLog as error:
        raise Failure(str(error)) from error


def _group(settings: "Settings") -> str:
    return f"{settings.name}-clickhouse"


def _tell(found: "Sequence[Compared]", output: Output) -> None:
    if output is Output.JSON:
        print_json([one._asdict() for one in found])
        return
    print_table(
        ("TOPIC", "TABLE", "RECORDS", "MISSING", "DOUBLED", "UNREAD"),
        [(one.topic, one.table, one.records, one.missing, one.doubled, one.unread) for one in found],
    )
    for one in found:
        if one.first:
            say(f"missing in {one.table}: {', '.join(one.first)}{', …' if one.missing > len(one.first) else ''}")

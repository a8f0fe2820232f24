"""`ticketpulse windows`: are the stored windows what their events add up to?"""

from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.given import tenant_of, time_of
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, Progress, counted, print_json, say

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from schemas.windows import WindowKey
    from streams.recount.counting import Days, Difference, Stored

windows = typer.Typer(no_args_is_help=True, help="Count the stored windows again from the stored events.")

# More differences than these nobody reads; they are counted.
_TOLD = 20

BeginOption = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Whole days (UTC) from the one of this time on.")
]
EndOption = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="Days that begin before then; all there are without it.")
]
TenantOption = Annotated[str | None, typer.Option(help="Only this tenant's windows.")]


@windows.command()
def verify(
    begin: BeginOption = None,
    end: EndOption = None,
    tenant: TenantOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Compare the final windows with what their stored events add up to, field by field; exit with 1 if any differs.

    Without --from: the last three days, which are those in which a window may still change. What was just written is
    seen when the sink has it, a second or two later.

        ticketpulse windows verify --from 2026-11-01
    """
    days = _days(begin, end, tenant)
    found, stored = _compared(days)
    final = sum(window.final for window in stored.values())
    if output is Output.JSON:
        print_json({"final": final, "different": len(found), "differences": [_record(one) for one in found[:_TOLD]]})
    else:
        _tell(found)
        typer.echo(f"{counted(final, 'final window')} compared, {len(found)} different")
    if found:
        raise typer.Exit(1)


@windows.command()
def rebuild(begin: BeginOption = None, end: EndOption = None, tenant: TenantOption = None) -> None:
    """Store the final windows anew where they differ from what their stored events add up to.

    The pipeline may run: what it tells of a window later replaces this. An embedded database (chdb://) is written by
    one process only, so stop `ticketpulse up` before.

        ticketpulse windows rebuild --from 2026-11-01 --to 2026-11-08
    """
    from sinks.clickhouse.client import CannotOpen, connect
    from streams.recount.writing import write

    days = _days(begin, end, tenant)
    found, stored = _compared(days)
    _tell(found)
    if not found:
        typer.echo("nothing differs")
        return
    try:
        client = connect(given_settings().clickhouse)
    except CannotOpen as error:
        raise Failure(str(error)) from error
    try:
        written = write(client, found, stored)
    finally:
        client.close()
    typer.echo(f"{counted(written, 'window')} stored anew")


def _compared(days: "Days") -> tuple[list["Difference"], dict["WindowKey", "Stored"]]:
    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed
    from streams.recount.counting import Days, Difference, differences
    from streams.recount.counting import counted as count
    from streams.recount.rows import Rows
    from streams.stages import window_rules

    settings = given_settings()
    rules = window_rules(settings)
    rows = Rows(settings.clickhouse, rules)
    largest = rules.sizes[-1]
    progress = Progress()
    found: list[Difference] = []
    stored: dict[WindowKey, Stored] = {}
    try:
        with _kept_open(settings.clickhouse):
            for start in rows.occupied(days._replace(begin=days.begin // largest * largest)):
                part = Days(start, start + largest, days.tenant)
                progress.show(f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d}, {len(found)} different")
                # The windows first: an event that is stored meanwhile is then counted, and its window not final yet.
                known = rows.windows(part)
                found += differences(known, count(rows.events(part), list(rows.escalations(part)), rules, part))
                stored |= known
    except (CannotOpen, QueryFailed) as error:
        raise Failure(str(error)) from error
    finally:
        progress.clear()
    return found, stored


def _kept_open(url: str) -> "AbstractContextManager[object]":
    """The embedded engine is opened once for all days, and not for each question, which takes a second."""
    from sinks.clickhouse.client import EMBEDDED, connect
    from sinks.clickhouse.console import socket_of

    if url.startswith(EMBEDDED) and not socket_of(url).exists():
        return closing(connect(url, readonly=True))
    return nullcontext()


def _days(begin: str | None, end: str | None, tenant: str | None) -> "Days":
    from streams.recount.counting import Days

    now = datetime.now(UTC)
    first = time_of("--from", begin) or now - timedelta(days=2)
    last = time_of("--to", end) or now
    if first >= last:
        raise Failure(f"--from {begin} is not before --to {end}: no window is between them", USAGE)
    return Days(int(first.timestamp()), int(last.timestamp()), tenant_of(tenant))


def _tell(found: list["Difference"]) -> None:
    for one in found[:_TOLD]:
        say(f"{datetime.fromtimestamp(one.key.start, UTC):%Y-%m-%d %H:%M} {one.key.size} s {one}")
    if len(found) > _TOLD:
        say(f"… and {len(found) - _TOLD} more")


def _record(one: "Difference") -> dict[str, object]:
    key = {name: getattr(one.key, name) for name in one.key.__struct_fields__}
    return {**key, "stored": one.stored, "counted": one.counted}

"""`ticketpulse tenant`: which tenants there are, what they may send, and what they sent."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.commands.failure import Failure
from streams.commands.given import tenant_of, time_of
from streams.commands.settings import load_settings
from streams.commands.terminal import Output, OutputOption, print_json, print_table, say

if TYPE_CHECKING:
    from streams.config import Settings
    from streams.tenancy.overview import Known, Scored, Stored
    from streams.tenancy.usage_counts import Used

tenant = typer.Typer(no_args_is_help=True, help="Which tenants there are, what they may send and what they sent.")

TenantOption = Annotated[str | None, typer.Option("--tenant", help="Of this one alone.")]
USUAL_SPAN: Final = timedelta(days=1)

_STORED: Final = "SELECT tenant, count() AS rows, max(received_at) AS last FROM scored_events GROUP BY tenant"
_SCORED: Final = """
SELECT tenant, count() AS events, sum(length(subject) + length(text)) AS text_bytes
FROM scored_events_now WHERE received_at >= toDateTime64({since}, 3, 'UTC') GROUP BY tenant
"""


@tenant.command("ls")
def ls(output: OutputOption = Output.TEXT) -> None:
    """List tenants with what they may send: those of the file of tenants, and those with rows in ClickHouse.

    QUOTA says whether the file has a table of the tenant or it is as all others (default). A - is no limit. ROWS are
    stored events; one that was stored again counts twice until ClickHouse has merged both.

        ticketpulse tenant ls

        ticketpulse tenant ls -o json | jq '.[] | select(.own | not) | .tenant'
    """
    from schemas.toml_files import read_model
    from streams.tenancy.overview import known_tenants
    from streams.tenancy.tenant_file import TenantFile

    settings = load_settings()
    file = read_model(settings.tenants, TenantFile) if settings.tenants else None
    stored, trouble = _stored(settings)
    if stored is None and file is None:
        raise Failure(f"no tenant is known: TICKETPULSE_TENANTS is not set, and {trouble}")
    found = known_tenants(file, stored)
    if output is Output.JSON:
        print_json([each._asdict() for each in found])
    else:
        header = ("TENANT", "QUOTA", "EVENTS/S", "BURST", "BYTES/S", "BURST", "EVENTS/DAY", "BYTES/DAY", "ROWS", "LAST")
        print_table(header, [_row(each, has_file=file is not None) for each in found])
    _tell(trouble)


@tenant.command("usage")
def usage(
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="What came in from then on. A day ago unless given.")
    ] = None,
    tenant: TenantOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what each tenant sent, whoever cost most first.

    EVENTS and TEXT BYTES are of stored events that came in since then, however they came. SHARE is of what scoring them
    cost, estimated by their number and their bytes. ACCEPTED and REFUSED are what the gateways and mailboxes of this
    machine counted, in whole hours, where TICKETPULSE_TENANTS is set; bytes are those of whole events. ROWS are all
    stored events. A - is not known.

        ticketpulse tenant usage

        ticketpulse tenant usage --since 2026-11-01 -o json | jq '.[] | select(.refused_events > 0)'
    """
    from streams.tenancy.overview import usage_of

    begin = time_of("--since", since) or datetime.now(UTC) - USUAL_SPAN
    wanted, settings = tenant_of(tenant), load_settings()
    scored, trouble = _scored(settings, begin)
    used = _used(settings, begin)
    if scored is None and used is None:
        raise Failure(f"nothing was counted on this machine, and {trouble}")
    found = usage_of(scored, used, None if scored is None else _stored(settings)[0])
    found = [each for each in found if wanted in (None, each.tenant)]
    if output is Output.JSON:
        print_json([each._asdict() for each in found])
    else:
        print_table(
            ("TENANT", "EVENTS", "TEXT BYTES", "SHARE", "ACCEPTED", "BYTES", "REFUSED", "BYTES", "ROWS"),
            [
                (
                    each.tenant,
                    _figure(each.events),
                    _figure(each.text_bytes),
                    "-" if each.share is None else f"{each.share:.1%}",
                    *map(_figure, each[4:]),
                )
                for each in found
            ],
        )
    _tell(trouble)


def _row(known: "Known", *, has_file: bool) -> tuple[str, ...]:
    whose = "own" if known.own else "default" if has_file else "none"
    limits = [f"{limit:,.10g}" if limit else "-" for limit in known[2:8]]
    return known.tenant, whose, *limits, _figure(known.rows), known.last or "-"


def _stored(settings: "Settings") -> "tuple[Mapping[str, Stored] | None, str | None]":
    from streams.tenancy.overview import Stored

    rows, trouble = _asked(settings, _STORED)
    if rows is None:
        return None, trouble
    return {str(row["tenant"]): Stored(int(str(row["rows"])), _moment(str(row["last"]))) for row in rows}, None


def _scored(settings: "Settings", since: datetime) -> "tuple[Mapping[str, Scored] | None, str | None]":
    from streams.tenancy.overview import Scored

    rows, trouble = _asked(settings, _SCORED.format(since=f"{since.timestamp():.3f}"))
    if rows is None:
        return None, trouble
    return {str(row["tenant"]): Scored(int(str(row["events"])), int(str(row["text_bytes"]))) for row in rows}, None


def _asked(settings: "Settings", statement: str) -> tuple[Sequence[Mapping[str, object]] | None, str | None]:
    """Rows, or why there are none."""
    import msgspec

    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed, query

    try:
        lines = query(settings.clickhouse, statement, "JSONEachRow").splitlines()
    except (QueryFailed, CannotOpen) as error:
        return None, f"ClickHouse does not tell what is stored: {error}"
    return [msgspec.json.decode(line, type=dict[str, object]) for line in lines], None


def _used(settings: "Settings", since: datetime) -> "Mapping[str, Used] | None":
    import sqlite3

    from streams.tenancy.usage_counts import read_usage
    from streams.tenancy.wiring import counts_file

    file = counts_file(settings)
    try:
        return read_usage(file, since)
    except sqlite3.Error as error:
        say(f"{file} does not tell what was refused: {error}")
        return None


def _moment(told: str) -> str:
    return f"{told.replace(' ', 'T')[:19]}Z"


def _figure(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _tell(trouble: str | None) -> None:
    if trouble:
        say(trouble)

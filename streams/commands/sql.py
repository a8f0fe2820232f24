"""`ticketpulse sql`: look at the results."""

import sys
from typing import Annotated

import typer

from streams.commands.failure import Failure
from streams.commands.settings import load_settings
from streams.commands.terminal import Output, OutputOption


def sql(
    statement: Annotated[str, typer.Argument(help="One statement that reads.")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Read ClickHouse, also while the pipeline has the embedded engine open.

    The views scored_events_now, escalations_now, windows_now and dead_letters_now hold each row once.

        ticketpulse sql "SELECT label, count() FROM scored_events_now GROUP BY label"

        ticketpulse sql "SELECT ticket_id, reason FROM escalations_now ORDER BY occurred_at DESC LIMIT 5"

        ticketpulse sql -o json "SELECT * FROM windows_now WHERE final AND size = 60" | jq .
    """
    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed, query

    form = "JSONEachRow" if output is Output.JSON else "PrettyCompactNoEscapes"
    try:
        sys.stdout.buffer.write(query(load_settings().clickhouse, statement, form))
    except (QueryFailed, CannotOpen) as error:
        raise Failure(str(error)) from error

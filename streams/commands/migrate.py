"""`ticketpulse migrate`: the tables and views."""

import typer

from streams.commands.settings import load_settings
from streams.commands.terminal import Output, OutputOption, print_json


def migrate(output: OutputOption = Output.TEXT) -> None:
    """Create the tables and views in ClickHouse, or bring them up to date. Running it again does nothing.

    ticketpulse migrate

    CLICKHOUSE_URL=http://user:password@host:8123/ticketpulse ticketpulse migrate
    """
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.migrations import migrate

    client = connect(load_settings().clickhouse)
    try:
        applied = migrate(client)
    finally:
        client.close()
    if output is Output.JSON:
        print_json({"applied": applied})
    else:
        for line in applied or ["nothing to do"]:
            typer.echo(line)

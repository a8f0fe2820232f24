"""`ticketpulse migrate`: the tables and views."""

import typer

from streams.commands.settings import load_settings
from streams.commands.terminal import Output, OutputOption, print_json


def migrate(output: OutputOption = Output.TEXT) -> None:
    """Create the tables and views in ClickHouse, or bring them up to date. Running it again does nothing.

    How long tables keep their rows is what TICKETPULSE_RETENTION says; `ticketpulse privacy retention` shows it.

    ticketpulse migrate

    CLICKHOUSE_URL=http://user:password@host:8123/ticketpulse ticketpulse migrate
    """
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.migrations import migrate
    from sinks.clickhouse.retention import apply_retention
    from streams.retention import read_retention

    settings = load_settings()
    kept = read_retention(settings.retention).of_tables()
    client = connect(settings.clickhouse)
    try:
        applied = migrate(client)
        applied += [f"kept: {line}" for line in apply_retention(client, kept)]
    finally:
        client.close()
    if output is Output.JSON:
        print_json({"applied": applied})
    else:
        for line in applied or ["nothing to do"]:
            typer.echo(line)

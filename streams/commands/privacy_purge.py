"""`ticketpulse privacy purge`: whoever was erased goes out of a restored database again."""

from datetime import UTC, datetime

import typer

from streams.commands.audited import tell_audit
from streams.commands.failure import Failure, of_engine
from streams.commands.settings import admitted_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, Progress, counted, print_json, say


def purge(output: OutputOption = Output.TEXT) -> None:
    """Remove every ticket that the table `erased` names: after a copy from before an erasure was restored.

    Put the newest rows of `erased` into the restored table first. It needs TICKETPULSE_PRIVACY_KEYS with every key that
    erasures were made with, and is in the audit. Done again it finds nothing.

    ticketpulse privacy purge

    ticketpulse privacy purge -o json
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed
    from streams.audit import of_command
    from streams.erasing.purging import KeyMissing
    from streams.erasing.purging import purge as remove
    from streams.privacy.loading import load_keys

    settings = admitted_settings("audit")
    quiet_clients()
    progress = Progress()
    try:
        removed = remove(settings.clickhouse, load_keys(settings.privacy_keys), progress.show)
    except KeyMissing as error:
        raise Failure(str(error)) from error
    except (ClickHouseError, CannotOpen, QueryFailed) as error:
        raise of_engine(error) from error
    finally:
        progress.clear()
    told = counted(sum(removed.values()), "row")
    if why := tell_audit(of_command("privacy.purge", sorted(removed), told, datetime.now(UTC)), settings):
        say(f"done, and not in the audit: {why}")
    if output is Output.JSON:
        print_json(removed)
        return
    for table, count in sorted(removed.items()):
        typer.echo(f"{table}: {counted(count, 'row')} removed")
    typer.echo(f"{told} of erased people removed")

"""`ticketpulse privacy`: what becomes of personal data, who is erased, and what there is of somebody."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.failure import USAGE, Failure, of_engine
from streams.commands.settings import admitted_settings, load_settings, quiet_clients
from streams.commands.terminal import Output, OutputOption, Progress, counted, print_json, print_table, say

if TYPE_CHECKING:
    from streams.config import Settings
    from streams.erasing.asking import Asked
    from streams.erasing.running import Receipt
    from streams.privacy.keys import Keys

privacy = typer.Typer(no_args_is_help=True, help="Personal data: replace it, erase somebody, show what there is.")

TenantOption = Annotated[str, typer.Option("--tenant", help="Whose customer it is.")]
CustomerOption = Annotated[list[str], typer.Option("--customer", help="An id of the customer, as in events.")]
EmailOption = Annotated[list[str], typer.Option("--email", help="A mail address of the person.")]
PhoneOption = Annotated[list[str], typer.Option("--phone", help="A telephone number of the person.")]
TicketOption = Annotated[list[str], typer.Option("--ticket", help="A ticket that is the person's.")]


@privacy.command("redact")
def redact(
    text: Annotated[str, typer.Argument(help="A text; - reads stdin.")] = "-",
    tenant: TenantOption = "default",
) -> None:
    """Show what the rules of TICKETPULSE_PRIVACY leave of a text: a try, nothing is stored.

    ticketpulse privacy redact "I am Jane, jane@example.com"

    echo "Call me: +1 212 736 5000" | ticketpulse privacy redact - --tenant acme
    """
    from streams.privacy.loading import load_keys, load_redaction
    from streams.privacy.policy import read_privacy
    from streams.privacy.replacing import Replacer

    settings = load_settings()
    load_redaction(settings.privacy, settings.privacy_keys)
    rules = read_privacy(settings.privacy).of_tenant(tenant)
    if settings.privacy is None:
        say("TICKETPULSE_PRIVACY is not set, so nothing is replaced where events flow: this is what `mask` would do")
    action = rules.of("text") if settings.privacy is not None else "mask"
    said = sys.stdin.read() if text == "-" else text
    typer.echo(Replacer(tenant, rules, load_keys(settings.privacy_keys)).text(said, action)[0])


@privacy.command("erase")
def erase(
    customer: CustomerOption = [],  # noqa: B006
    email: EmailOption = [],  # noqa: B006
    phone: PhoneOption = [],  # noqa: B006
    ticket: TicketOption = [],  # noqa: B006
    tenant: TenantOption = "default",
    note: Annotated[str, typer.Option(help="Why, for the audit. Without names: it is kept.")] = "",
    wait: Annotated[float, typer.Option(min=1, help="Seconds that each stage has to answer.")] = 120.0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Remove a person: from the state of every stage, ClickHouse, reports and what is still to be sent; for good.

    The pipeline goes on meanwhile. A run that was ended goes on when the same command is given again. The receipt says
    what was removed, and by when the last copies are gone from the topics. Nothing brings the person back: neither a
    replay, nor a dead letter, nor an import of an old file.

    ticketpulse privacy erase --customer C-1042 --tenant acme --email jane@example.com --note "request 17"

    ticketpulse privacy erase --ticket T-7 --yes -o json
    """
    from streams.broker.erasing import NoAnswer, Overtaken
    from streams.erasing import running
    from streams.retention import read_retention
    from streams.topics import ALL

    settings = admitted_settings("privacy")
    asked, keys = _asked(settings, tenant, customer, email, phone, ticket)
    if not yes:
        typer.confirm("This cannot be undone. Erase?", abort=True, err=True)
    quiet_clients()
    progress = Progress()
    means = running.Means(
        brokers=settings.kafka,
        name=settings.name,
        clickhouse=settings.clickhouse,
        keys=keys,
        groups=_groups(settings),
        reports=settings.report_dir,
        topics=read_retention(settings.retention).of_topics(ALL),
        seconds=wait,
        now=lambda: datetime.now(UTC),
        show=progress.show,
    )
    try:
        receipt = asyncio.run(running.erase(asked, means, note))
    except (NoAnswer, Overtaken, running.Busy) as error:
        raise Failure(str(error)) from error
    except TimeoutError as error:
        raise Failure(
            f"{error} has not read what there is for {wait:g} s: is it running (`ticketpulse status`)? What is done "
            "stays done: run the same command again to go on"
        ) from error
    except Exception as error:
        raise _engine(error) from error
    finally:
        progress.clear()
    _print_receipt(receipt, output)


@privacy.command("export")
def export(
    customer: CustomerOption = [],  # noqa: B006
    email: EmailOption = [],  # noqa: B006
    phone: PhoneOption = [],  # noqa: B006
    ticket: TicketOption = [],  # noqa: B006
    tenant: TenantOption = "default",
    file: Annotated[Path | None, typer.Option("--file", help="Write there, for you alone; else stdout.")] = None,
    note: Annotated[str, typer.Option(help="Why, for the audit. Without names: it is kept.")] = "",
) -> None:
    """Write all that is known of a person as JSON, table by table: for a request for access. It is audited first.

    ticketpulse privacy export --customer C-1042 --tenant acme --file C-1042.json
    """
    from streams.erasing.exporting import export as gather

    settings = admitted_settings("audit")
    asked, keys = _asked(settings, tenant, customer, email, phone, ticket)
    quiet_clients()
    try:
        servers = settings.kafka, settings.clickhouse
        found = asyncio.run(gather(asked, keys, *servers, note, datetime.now(UTC)))
    except Exception as error:
        raise _engine(error) from error
    if file is None:
        print_json(found)
        return
    import os

    import msgspec

    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
        written.write(msgspec.json.format(msgspec.json.encode(found, enc_hook=str), indent=2) + b"\n")
    rows = sum(map(len, found["tables"].values()))
    say(f"{counted(rows, 'row')} of {counted(len(found['tickets']), 'ticket')} in {file}")


@privacy.command("retention")
def retention(output: OutputOption = Output.TEXT) -> None:
    """Show how long each topic and table is kept, as it should be and as it is. Exit code 1 where they differ.

    `ticketpulse topics apply` and `ticketpulse migrate` make it so. TICKETPULSE_RETENTION names a file of other times.

    ticketpulse privacy retention

    ticketpulse privacy retention -o json | jq '.[] | select(.wanted != .real)'
    """
    from sinks.clickhouse.console import query
    from sinks.clickhouse.retention import ASKED, differences
    from streams.broker.admin import describe_topics
    from streams.retention import read_retention
    from streams.topics import ALL

    settings = load_settings()
    quiet_clients()
    kept = read_retention(settings.retention)
    wanted = {topic.name: _kept(topic.settings) for topic in kept.of_topics(ALL)}
    described = asyncio.run(describe_topics(settings.kafka, list(wanted)))
    real = {topic.name: _kept(topic.settings) for topic in described}
    rows = [(name, said, real.get(name, "missing")) for name, said in wanted.items()]
    try:
        written = query(settings.clickhouse, ASKED, "JSONCompactEachRow")
    except Exception as error:
        raise _engine(error) from error
    tables = [json.loads(line) for line in written.splitlines()]
    rows += [
        (each.table, each.wanted or "for ever", each.real or "for ever")
        for each in differences(tables, kept.of_tables())
    ]
    if output is Output.JSON:
        print_json([{"name": name, "wanted": said, "real": found} for name, said, found in rows])
    else:
        print_table(("", "TOPIC OR TABLE", "WANTED", "REAL"), [("" if a == b else "!", n, a, b) for n, a, b in rows])
    if differing := sum(said != found for _, said, found in rows):
        raise Failure(f"{differing} are kept otherwise: `ticketpulse topics apply` and `ticketpulse migrate` mend that")


def _kept(settings: Mapping[str, str]) -> str:
    if settings.get("cleanup.policy") == "compact":
        return "compacted"
    return f"{int(settings.get('retention.ms', 0)) / 86_400_000:g} days"


def _asked(
    settings: "Settings",
    tenant: str,
    customers: Sequence[str],
    emails: Sequence[str],
    phones: Sequence[str],
    tickets: Sequence[str],
) -> "tuple[Asked, Keys]":
    from streams.erasing.asking import Asked
    from streams.privacy.loading import load_keys

    asked = Asked(tenant, tuple(customers), tuple(emails), tuple(phones), tuple(tickets))
    if not any(asked[1:]):
        raise Failure("who? Give --customer, --email, --phone or --ticket", USAGE)
    keys = load_keys(settings.privacy_keys)
    if not keys:
        raise Failure(
            "a person is known to the stages by a keyed hash: set TICKETPULSE_PRIVACY_KEYS=id:secret, the same for all "
            "processes of the pipeline; see docs/privacy.md",
            USAGE,
        )
    return asked, keys


def _groups(settings: "Settings") -> Mapping[str, Sequence[str]]:
    """Whose rows must be in ClickHouse before they are removed there."""
    from streams.topics import STORED

    return {f"{settings.name}-clickhouse": list(STORED)}


def _engine(error: Exception) -> Exception:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed

    return of_engine(error) if isinstance(error, ClickHouseError | CannotOpen | QueryFailed) else error


def _print_receipt(receipt: "Receipt", output: Output) -> None:
    if output is Output.JSON:
        told: dict[str, Any] = receipt._asdict()
        print_json({**told, "removed": {**receipt.removed.stages, **receipt.removed.places}})
        return
    typer.echo(f"erasure   {receipt.erasure_id}{' (went on)' if receipt.resumed else ''}")
    typer.echo(f"person    {receipt.subject} of {receipt.tenant}, {counted(receipt.tickets, 'ticket')}")
    typer.echo(f"up to     {receipt.until:%Y-%m-%d %H:%M:%S} UTC")
    print_table(("REMOVED", "ROWS"), sorted({**receipt.removed.stages, **receipt.removed.places}.items()))
    print_table(
        ("TOPIC", "LAST COPY GONE BY (UTC)"), [(name, f"{at:%Y-%m-%d %H:%M}") for name, at in receipt.gone_by.items()]
    )
    typer.echo("Sums of windows and days name nobody and stay.")

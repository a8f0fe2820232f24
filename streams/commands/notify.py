"""`ticketpulse notify`: what people are told, tried before they are."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.notifications import KINDS
from streams.commands.failure import USAGE, Failure
from streams.commands.settings import given_settings
from streams.commands.terminal import opened

if TYPE_CHECKING:
    from schemas.escalations import Escalation
    from schemas.notifications import Notification

DIGEST = "digest"
# What an escalation can be told as.
OF_AN_ESCALATION = ("escalation", "raised", "resolved")

notify = typer.Typer(no_args_is_help=True, help="Try what people are told.")


class Shown(StrEnum):
    """A part of a message, as the templates' files are called."""

    SUBJECT = "subject"
    TXT = "txt"
    HTML = "html"
    SHORT = "short"


@notify.command()
def preview(
    kind: Annotated[str, typer.Option(metavar="KIND", help=f"{', '.join(KINDS)} or {DIGEST}.")] = "escalation",
    language: Annotated[str, typer.Option(metavar="LANGUAGE", help="Two letters: en, de, or one of your own.")] = "en",
    form: Annotated[Shown, typer.Option("--format", help="The part that is printed.")] = Shown.TXT,
    escalation: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="An escalation as JSON, - is stdin; else one that is made up."),
    ] = None,
    templates: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Your own templates; else those in TICKETPULSE_NOTIFY/templates."),
    ] = None,
    tenant: Annotated[str | None, typer.Option(metavar="NAME", help="Whose templates; else the escalation's.")] = None,
) -> None:
    """Print what would be sent. Templates of your own that have a mistake are told with file and line.

    ticketpulse notify preview --kind reminder --language de

    ticketpulse notify preview --templates my-templates --format html > escalation.html

    ticketpulse notify preview --escalation escalation.json --format subject
    """
    from msgspec.structs import replace

    from sinks.notify.wording import read_wording

    told = _told(kind, language, escalation)
    wording = read_wording(templates or _templates_of_settings())
    if language not in wording.languages:
        known = ", ".join(sorted(wording.languages))
        raise Failure(f"--language {language}: there are templates in {known}", USAGE)
    text = wording.text(replace(told, tenant=tenant) if tenant else told, language, form.value)
    typer.echo(text, nl=not text.endswith("\n"))


@notify.command()
def check() -> None:
    """Look whether everybody can be told: notify.toml, its secrets and the templates beside it. Nothing is sent.

    TICKETPULSE_NOTIFY=notify ticketpulse notify check
    """
    import asyncio

    asyncio.run(_check())


@notify.command("test")
def try_target(
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="The name of a target of notify.toml.")],
    kind: Annotated[str, typer.Option(metavar="KIND", help=f"One of {', '.join(KINDS)}.")] = "escalation",
    address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Whom a target tells that tells customers: mail or phone.")
    ] = None,
) -> None:
    """Send a made-up notification to a target, here and now, past routes and ledger. It says TEST in its ticket.

    TICKETPULSE_NOTIFY=notify ticketpulse notify test --to leads
    """
    import asyncio

    asyncio.run(_try(to, kind, address))


async def _check() -> None:
    from streams.notify.book import read_book
    from streams.notify.ways import Ways

    folder = _folder()
    book = read_book(folder)
    ways = Ways(book, folder)
    await ways.close()
    for name, target in book.targets.items():
        typer.echo(f"{name:<20} {target.kind:<13} {len([route for route in book.routes if name in route.tell])} routes")
    typer.echo(f"{len(book.targets)} targets and {len(book.routes)} routes; every secret is there")


async def _try(name: str, kind: str, address: str | None) -> None:
    import asyncio
    import time

    from sinks.notify.base import NotDelivered
    from streams.notify.book import is_for_customers, read_book
    from streams.notify.trying import trial_for
    from streams.notify.ways import Ways

    folder = _folder()
    book = read_book(folder)
    target = book.targets.get(name)
    if target is None:
        raise Failure(f"--to {name}: there is no such target; there are: {', '.join(book.targets) or 'none'}", USAGE)
    if is_for_customers(target) and address is None:
        raise Failure(f"--to {name}: it tells customers; whom is said with --address", USAGE)
    known = next((each for each in KINDS if each == kind), None)
    if known is None:
        raise Failure(f"--kind {kind}: wanted is one of {', '.join(KINDS)}", USAGE)
    ways = Ways(book, folder)
    began = time.monotonic()
    try:
        way = ways.by_target[name]
        async with asyncio.timeout(way.seconds):
            receipt = await way.provider.deliver(trial_for(name, target, known, address))
    except NotDelivered as error:
        again = "it would not be tried again" if error.permanent else "it would be tried again"
        raise Failure(f"{name} was not told: {error.reason} ({again})") from None
    except TimeoutError:
        raise Failure(f"{name} was not told: no answer within {way.seconds:.0f} s") from None
    finally:
        await ways.close()
    took = f"{(time.monotonic() - began) * 1000:.0f} ms"
    typer.echo(f"{name} was told by {target.kind} in {took}{f'; {receipt.reference}' if receipt.reference else ''}")


def _folder() -> Path:
    folder = given_settings().notify
    if folder is None:
        raise Failure("TICKETPULSE_NOTIFY names no folder; see docs/notifications.md", USAGE)
    return folder


def _told(kind: str, language: str, file: str | None) -> "Notification":
    from sinks.notify.samples import digest, notification_of, sample

    if file is not None and kind not in OF_AN_ESCALATION:
        raise Failure(f"--kind {kind}: with --escalation it is one of {', '.join(OF_AN_ESCALATION)}", USAGE)
    if kind == DIGEST:
        return digest()
    for known in KINDS:
        if known == kind:
            if file is None:
                return sample(known, language)
            from schemas.notices import Escalated

            return notification_of(Escalated(escalation=_read(file)), known)
    raise Failure(f"--kind {kind}: wanted is one of {', '.join((*KINDS, DIGEST))}", USAGE)


def _read(file: str) -> "Escalation":
    import msgspec

    from schemas.escalations import decode_escalation

    with opened(file) as stream:
        try:
            return decode_escalation(stream.read())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Failure(f"{file}: no escalation as on tickets.escalations.v1: {error}", USAGE) from None


def _templates_of_settings() -> Path | None:
    folder = given_settings().notify
    templates = folder / "templates" if folder else None
    return templates if templates and templates.is_dir() else None

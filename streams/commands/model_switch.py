"""`ticketpulse model challenge`, `promote` and `rollback`: which model does what, so that it can be undone."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.audited import tell_audit
from streams.commands.failure import USAGE, Failure
from streams.commands.given import tenant_of
from streams.commands.model import VersionArgument, open_shelf, read
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, print_json, say

if TYPE_CHECKING:
    from datetime import datetime

    from streams.learning.card import ModelCard
    from streams.learning.shelf import Shelf
    from streams.learning.switching import Change


TenantOption = Annotated[str | None, typer.Option(help="For this tenant alone; without it for all without their own.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


class KindName(StrEnum):
    """What a model can tell."""

    SENTIMENT = "sentiment"
    CATEGORY = "category"
    ESCALATION = "escalation"
    RESOLUTION = "resolution"
    SATISFACTION = "satisfaction"
    SLA = "sla"


def challenge(
    version: Annotated[str | None, typer.Argument(metavar="[VERSION]", help="As `model ls` tells it.")] = None,
    stop: Annotated[KindName | None, typer.Option(help="Run no model of this kind beside the one in force.")] = None,
    tenant: TenantOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Run a model beside the one in force: it reads the same texts, and nothing that counts comes of it.

    `ticketpulse model compare` tells how the two differ. Workers take it over within seconds.

    ticketpulse model challenge 20261122-081500-1a2b3c4d

    ticketpulse model challenge --stop sentiment
    """
    from streams.learning.switching import NotSwitched
    from streams.learning.switching import challenge as switch

    if (version is None) == (stop is None):
        raise Failure("name the VERSION that is to run beside, or --stop and a kind", USAGE)
    shelf, whose = open_shelf(), tenant_of(tenant) or ""
    card = _usable(shelf, version) if version is not None else None
    kind = card.kind if card else str(stop)
    try:
        change = switch(shelf, card, kind, whose, _now(), _who())  # type: ignore[arg-type]
    except NotSwitched as error:
        raise Failure(str(error)) from None
    _tell(change, output)


def promote(
    version: VersionArgument, tenant: TenantOption = None, yes: YesOption = False, output: OutputOption = Output.TEXT
) -> None:
    """Put a model in force: from the next batch on what it says is what counts.

    It is read and checked first. `ticketpulse model rollback` puts back what was in force before.

        ticketpulse model promote 20261122-081500-1a2b3c4d

        ticketpulse model promote 20261122-081500-1a2b3c4d --tenant acme --yes
    """
    from streams.learning.switching import NotSwitched, check_fits
    from streams.learning.switching import promote as switch

    shelf, whose = open_shelf(), tenant_of(tenant) or ""
    card = _usable(shelf, version)
    try:
        check_fits(card, whose)
        _agree(f"put {card.kind} {version} in force for {whose or 'all'}", yes)
        change = switch(shelf, card, whose, _now(), _who())
    except NotSwitched as error:
        raise Failure(str(error)) from None
    _tell(change, output)


def rollback(
    kind: Annotated[KindName, typer.Option(help="What the model tells.")] = KindName.SENTIMENT,
    tenant: TenantOption = None,
    yes: YesOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Put back what was in force before the last promotion; again, and what was before that.

    ticketpulse model rollback --kind category

    ticketpulse model rollback --kind sentiment --tenant acme --yes
    """
    from streams.learning.switching import NotSwitched
    from streams.learning.switching import rollback as switch

    shelf, whose = open_shelf(), tenant_of(tenant) or ""
    _agree(f"put back what was in force for {kind.value} of {whose or 'all'} before the last promotion", yes)
    try:
        change = switch(shelf, kind.value, whose, _now(), _who())
    except NotSwitched as error:
        raise Failure(str(error)) from None
    _tell(change, output)


def _usable(shelf: "Shelf", version: str) -> "ModelCard":
    """The card of a model that can be read and, where it reads texts, made a classifier of. Raises Failure."""
    from schemas.shadow import SHADOW_KINDS
    from streams.learning.challengers import load_classifier

    kept = read(shelf, version)
    if kept.card.kind in SHADOW_KINDS:
        try:
            load_classifier(kept)
        except ValueError as error:
            raise Failure(str(error)) from None
    return kept.card


def _agree(what: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"to {what}, add --yes", USAGE)
    if not typer.confirm(f"{what}?", err=True):
        raise Failure("nothing was done")


def _tell(change: "Change", output: Output) -> None:
    from streams.audit import of_command

    record = of_command(f"model.{change.action}", [change.target], change.words, change.at, change.tenant)
    unheard = tell_audit(record, given_settings())
    if unheard:
        say(f"it is done, but the audit does not know of it ({unheard}): in-force-history.jsonl does")
    if output is Output.JSON:
        import msgspec

        print_json({**msgspec.to_builtins(change), "audited": unheard is None})
    else:
        whose = change.tenant or "all"
        role = "challenger" if change.action == "challenge" else "in force"
        typer.echo(f"{change.kind}, {role} for {whose}: {change.words}")


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _who() -> str:
    from streams.audit import who

    return who()

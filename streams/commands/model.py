"""`ticketpulse model`: the models that were trained, and which of them do what."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, counted, print_json, print_table, say

if TYPE_CHECKING:
    from streams.learning.card import ModelCard
    from streams.learning.in_force import InForce
    from streams.learning.shelf import Kept, Shelf

model = typer.Typer(no_args_is_help=True, help="The models that were trained, and which of them do what.")

VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="As `ticketpulse model ls` tells it.")]


@model.command("ls")
def ls(output: OutputOption = Output.TEXT) -> None:
    """List the models, the oldest of each kind first, with what each does; exit with 1 if one cannot be read.

    Models are in the folder TICKETPULSE_MODELS and signed with TICKETPULSE_MODEL_KEY.

        ticketpulse model ls
    """
    shelf = open_shelf()
    in_force = shelf.in_force()
    found, wrong = _cards(shelf)
    if not shelf.folder.is_dir():
        say(f"{shelf.folder}: no such folder yet; `ticketpulse train` makes it")
    if output is Output.JSON:
        print_json([{**_plain(card), "does": does(card, in_force)} for card in found])
    else:
        header = ("kind", "version", "rows", "classes", "tenant", "macro-F1", "does")
        print_table(header, [(*_told(card), ", ".join(does(card, in_force))) for card in found])
    for line in wrong:
        say(line)
    if wrong:
        raise typer.Exit(1)


@model.command()
def show(version: VersionArgument, output: OutputOption = Output.TEXT) -> None:
    """Show what a model is: what it learned from, how well it did on what was held out, what it does.

    ticketpulse model show 20261122-081500-1a2b3c4d
    """
    shelf = open_shelf()
    kept = read(shelf, version)
    told: dict[str, Any] = {**_plain(kept.card), "does": does(kept.card, shelf.in_force()), "signature": kept.digest}
    if output is Output.JSON:
        print_json(told)
        return
    metrics = told.pop("metrics")
    print_table(("", ""), [(name, _in_words(value)) for name, value in told.items()])
    for name, value in metrics.items():
        typer.echo(f"  {name:<24} {value:,.4g}")


@model.command()
def verify(output: OutputOption = Output.TEXT) -> None:
    """Check the signature of each model, and that what is in force is there; exit with 1 if anything is wrong.

    ticketpulse model verify
    """
    from streams.learning.card import KINDS

    shelf = open_shelf()
    if not shelf.folder.is_dir():
        raise Failure(f"{shelf.folder}: no such folder; TICKETPULSE_MODELS names it")
    cards, wrong = _cards(shelf)
    good = {(card.kind, card.version) for card in cards}
    in_force = shelf.in_force()
    wrong += [
        f"{shelf.file(kind, version)}: it is in force, and not there or not readable"
        for kind in KINDS
        for version in sorted(in_force.named(kind))
        if (kind, version) not in good
    ]
    if output is Output.JSON:
        print_json({"good": len(good), "wrong": wrong})
    else:
        for line in wrong:
            say(line)
        typer.echo(f"{counted(len(good), 'model')} as signed, {len(wrong)} wrong")
    if wrong:
        raise typer.Exit(1)


def open_shelf() -> "Shelf":
    """The folder of models of the settings. Raises Failure where there is none, or no key, or the extra is missing."""
    from streams.learning.shelf import Shelf

    settings = given_settings()
    if settings.models is None or settings.model_key is None:
        raise Failure("TICKETPULSE_MODELS names the folder of models, TICKETPULSE_MODEL_KEY what signs them", USAGE)
    need_extra()
    return Shelf(settings.models, settings.model_key.get_secret_value().encode())


def _cards(shelf: "Shelf") -> "tuple[list[ModelCard], list[str]]":
    """Those of all models that can be read, and what is wrong with the others."""
    from streams.learning.signed import BadModel

    cards: list[ModelCard] = []
    wrong: list[str] = []
    for file in shelf.files():
        try:
            cards.append(shelf.read(file).card)
        except BadModel as error:
            wrong.append(str(error))
    return cards, wrong


def need_extra() -> None:
    """Raises Failure where what models are made of is not installed."""
    try:
        import numpy
        import scipy
        import sklearn
    except ImportError as error:
        raise Failure(f"models need what is not installed ({error.name}): pip install 'ticketpulse[ml]'") from None
    del numpy, scipy, sklearn


def read(shelf: "Shelf", version: str) -> "Kept":
    """The model of a version, of whichever kind. Raises Failure."""
    from streams.learning.signed import BadModel

    files = [file for file in shelf.files() if file.stem.partition("-")[2] == version]
    if not files:
        raise Failure(f"there is no model {version} in {shelf.folder}; `ticketpulse model ls` lists them")
    try:
        return shelf.read(files[0])
    except BadModel as error:
        raise Failure(str(error)) from None


def does(card: "ModelCard", in_force: "InForce") -> list[str]:
    """What a model does for whom: "champion of all", "challenger of acme"."""
    tables = [("all", in_force.default), *sorted(in_force.tenants.items())]
    found = [f"champion of {name}" for name, roles in tables if roles.of(card.kind) == card.version]
    return found + [f"challenger of {name}" for name, roles in tables if roles.challenger.of(card.kind) == card.version]


def _plain(card: "ModelCard") -> dict[str, object]:
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(card)
    return plain


def _told(card: "ModelCard") -> tuple[object, ...]:
    f1 = card.metrics.get("macro_f1")
    tenant = card.tenant or "all"
    return card.kind, card.version, f"{card.rows:,}", len(card.classes), tenant, "" if f1 is None else f"{f1:.3f}"


def _in_words(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items()) or "-"
    return str(value) or "-"

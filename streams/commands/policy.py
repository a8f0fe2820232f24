"""`ticketpulse policy`: the rules by which a person is called, looked at without any server."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import USAGE, Failure
from streams.commands.settings import given_settings
from streams.commands.terminal import Output, OutputOption, counted, print_json, say

if TYPE_CHECKING:
    from streams.escalation.loading import Mistake
    from streams.escalation.policy import Policy

NAME_HELP = "A policy's TOML file, the name of one in TICKETPULSE_POLICIES, or a preset."

policy = typer.Typer(no_args_is_help=True, help="Look at the policies, which decide when a person is called.")


@policy.command("check")
def check(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE|FOLDER]", help="A policy, or a folder of them; else what is in force here."),
    ] = None,
) -> None:
    """Read policies as a worker does, and name the file, the line and what is allowed for each mistake.

    ticketpulse policy check my-policies/

    ticketpulse policy check my-policies/shop.toml
    """
    from streams.escalation.book import BOOK_FILE, preset_book, read_book
    from streams.escalation.loading import read_policy

    settings = given_settings()
    path = path or settings.policies
    if path is None:
        policies = [ready.policy for ready in preset_book(settings.preset).ready()]
    elif path.is_dir() or path.name == BOOK_FILE:
        folder = path if path.is_dir() else path.parent
        policies = _read_each(file for file in sorted(folder.glob("*.toml")) if file.name != BOOK_FILE)
        named = {each.name for each in policies}
        policies += [ready.policy for ready in read_book(folder, settings.preset).ready() if ready.name not in named]
    else:
        policies = [read_policy(path)]
    for each in policies:
        typer.echo(f"{each.name} {each.version}: {counted(len(each.rules), 'rule')}, reads as {each.reads}")


class Form(StrEnum):
    """How a policy is printed."""

    TOML = "toml"
    JSON = "json"


@policy.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME_HELP)],
    output: Annotated[Form, typer.Option("--output", "-o", help="TOML that reads as this policy, or JSON.")] = (
        Form.TOML
    ),
) -> None:
    """Print what is in force after `extends`, with everything that is not given.

    ticketpulse policy show support

    ticketpulse policy show my-policies/shop.toml -o json | jq '.rules[].name'
    """
    from streams.escalation.written import fields_of, toml_of

    found = named_policy(name)
    if output is Form.JSON:
        print_json(fields_of(found))
    else:
        typer.echo(toml_of(found), nl=False)


@policy.command("diff")
def diff(
    one: Annotated[str, typer.Argument(metavar="ONE", help=NAME_HELP)],
    other: Annotated[str, typer.Argument(metavar="OTHER", help=NAME_HELP)],
    output: OutputOption = Output.TEXT,
) -> None:
    """Tell what makes OTHER of ONE, rule by rule: what is added (+), removed (-) and changed (~).

    ticketpulse policy diff support my-policies/shop.toml
    """
    from streams.escalation.difference import changes

    found = changes(named_policy(one), named_policy(other))
    if output is Output.JSON:
        print_json(found)
        return
    for change in found:
        place = f"{change.where}: {change.field}" if change.field else change.where
        if change.kind == "changed":
            typer.echo(f"~ {place}: {change.before or 'not given'} -> {change.after or 'not given'}")
        else:
            value = change.before or change.after
            typer.echo(f"{'+' if change.kind == 'added' else '-'} {place}{f': {value}' if value else ''}")
    if not found:
        say("they do the same")


def named_policy(name: str) -> "Policy":
    """A policy's file, one of the folder TICKETPULSE_POLICIES, or a preset. Raises PolicyError for what is wrong in
    it, and Failure for a name that none has.
    """
    from streams.escalation.book import BOOK_FILE
    from streams.escalation.loading import PRESETS, preset, read_policy

    if name.endswith(".toml"):
        return read_policy(Path(name))
    folder = given_settings().policies
    files = sorted(folder.glob("*.toml")) if folder else []
    for each in _read_each(file for file in files if file.name != BOOK_FILE):
        if each.name == name:
            return each
    if name not in PRESETS:
        raise Failure(f"there is no policy {name!r}: name a TOML file or one of {', '.join(PRESETS)}", USAGE)
    return preset(name)


def _read_each(files: Iterable[Path]) -> list["Policy"]:
    """All of them, or the mistakes of all of them."""
    from streams.escalation.loading import PolicyError, read_policy

    policies: list[Policy] = []
    mistakes: list[Mistake] = []
    for file in files:
        try:
            policies.append(read_policy(file))
        except PolicyError as error:
            mistakes.extend(error.mistakes)
    if mistakes:
        raise PolicyError(mistakes)
    return policies

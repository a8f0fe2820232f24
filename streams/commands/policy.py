"""`ticketpulse policy`: the rules by which a person is called, looked at without any server."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.settings import given_settings
from streams.commands.terminal import counted

if TYPE_CHECKING:
    from streams.escalation.loading import Mistake
    from streams.escalation.policy import Policy

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

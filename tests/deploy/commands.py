"""Whether a command line is one of the product's."""

from collections.abc import Sequence
from typing import Any

from typer import Typer
from typer.core import TyperGroup
from typer.main import get_command


def has_command(app: Typer, words: Sequence[str]) -> bool:
    """Whether the words lead to a command that runs, and the first option, if there is one, is one of its own."""
    command: Any = get_command(app)
    for word in words:
        if word.startswith("-"):
            return word in {option for each in command.params for option in each.opts}
        if not isinstance(command, TyperGroup) or word not in command.commands:
            return False
        command = command.commands[word]
    return not isinstance(command, TyperGroup)

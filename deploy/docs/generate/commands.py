"""Commands, from streams/cli.py."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer.main

from deploy.docs.generate.markdown import code, one_line, page, table
from streams.cli import app

INTRO = """
    `ticketpulse COMMAND --help` says the same. Servers and limits are [settings](settings.md) of the environment. Data
    goes to stdout, everything for people to stderr. Exit
    codes: 0 done, 1 failed, 2 wrong usage or settings, 130 Ctrl-C.
"""


def root() -> Any:
    """The whole command line, as the library beneath typer has it."""
    return typer.main.get_command(app)


def commands(group: Any, path: tuple[str, ...] = ("ticketpulse",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command that does something, by the words that call it."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def commands_page() -> str:
    """Each command with its help, arguments and options."""
    listed = list(commands(root()))
    index = "\n".join(f"- [{' '.join(path)}](#{'-'.join(path)}): {_first(command)}" for path, command in listed)
    return page("Commands", INTRO, index, *(_section(path, command) for path, command in listed))


def _section(path: tuple[str, ...], command: Any) -> str:
    rows = [_parameter(each) for each in command.params if not getattr(each, "hidden", False)]
    parts = [f"## {' '.join(path)}", _told(command)]
    return "\n\n".join([*parts, table(["argument or option", "default", "meaning"], rows)] if rows else parts)


def _first(command: Any) -> str:
    return one_line(_told(command).partition("\n\n")[0])


def _told(command: Any) -> str:
    """As it stands in the code: its examples are indented, so they are code on a page too."""
    return str(command.callback.__doc__ or "")


def _parameter(parameter: Any) -> list[str]:
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        names = code(name if parameter.required or name.startswith("[") else f"[{name}]")
    else:
        spelled = [*parameter.opts, *parameter.secondary_opts]
        value = "" if getattr(parameter, "is_flag", False) else f" {_kind(parameter)}"
        names = code(", ".join(spelled) + value)
    return [names, _default(parameter), one_line(parameter.help)]


def _kind(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    if parameter.metavar:
        return str(parameter.metavar)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(each.value) for each in annotation)
    return str(getattr(annotation, "__name__", annotation)).upper()


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value is None or value is False or callable(value) or value in ("", (), []):
        return ""
    return code(getattr(value, "value", value))

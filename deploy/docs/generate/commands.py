"""Commands, from streams/cli.py."""

import inspect
import re
import textwrap
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
_EXAMPLE = re.compile(r"(?:\w+=\S+ +)*ticketpulse ")


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


def examples(command: Any) -> str:
    """The invocations that its help shows, as a shell would be given them."""
    return "\n".join(part for part in _paragraphs(command) if _EXAMPLE.match(part))


def _told(command: Any) -> str:
    """Its help; examples are blocks of code."""
    parts = [textwrap.indent(part, "    ") if _EXAMPLE.match(part) else part for part in _paragraphs(command)]
    return "\n\n".join(parts)


def _paragraphs(command: Any) -> list[str]:
    text = inspect.cleandoc(command.callback.__doc__ or "")
    return [inspect.cleandoc(part) for part in text.split("\n\n")]


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

"""Reading and writing as a command does: data on stdout, everything for the person on stderr."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer


class Output(StrEnum):
    """How data is printed."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Text for people, JSON for programs.")]


def print_json(data: object) -> None:
    """One JSON document on stdout."""
    typer.echo(msgspec.json.encode(data, enc_hook=str))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their content. Nothing is cut off."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def say(message: str) -> None:
    """A line for the person, on stderr."""
    typer.echo(message, err=True)


def counted(number: int, thing: str) -> str:
    """1 event, 2,000 events."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


class Progress:
    """One line on stderr that overwrites itself; nothing at all when stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def show(self, message: str) -> None:
        """Replace the line."""
        if self._shown:
            sys.stderr.write(f"\r\033[K{message}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line."""
        self.show("")


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """A file to read bytes from; `-` is stdin."""
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        yield stream


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers from 1, as they come."""
    for number, line in enumerate(stream, 1):
        if stripped := line.strip():
            yield number, stripped

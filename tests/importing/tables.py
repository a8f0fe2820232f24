"""Tables as exports write them, in files of a test's own folder."""

from pathlib import Path
from typing import Any

from schemas.events import TicketEvent
from streams.importing.files import open_table
from streams.importing.guessing import Guess, guess
from streams.importing.making import Maker


def written(folder: Path, text: str | bytes, name: str = "tickets.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def guessed(path: Path, **given: Any) -> Guess:
    """The mapping of a file."""
    table = open_table(path)
    return guess(table.columns, table.sample(), given)


def events_of(path: Path, **given: Any) -> list[TicketEvent]:
    """All events of a file, none of whose rows is wrong."""
    events, wrong = read(path, **given)
    assert wrong == []
    return events


def read(path: Path, **given: Any) -> tuple[list[TicketEvent], list[tuple[int, str]]]:
    """The events of a file, and its wrong rows with their lines."""
    table = open_table(path)
    maker = Maker(guess(table.columns, table.sample(), given).mapping, table.columns)
    events: list[TicketEvent] = []
    wrong = []
    for row in table.rows():
        made = maker.make(row)
        events += made.events
        if made.wrong is not None:
            wrong.append((row.line, made.wrong))
    return events, wrong

"""A file's rows as events in a file of our own, from which they come out in the order of their times; and the rows that
are none, in a file for whoever has to mend them.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from schemas.scored import encode_event
from streams.history.lines import HistoryFile
from streams.history.span import Span
from streams.importing.files import Row, Table
from streams.importing.making import Maker

_SHOWN_EVERY: Final = 1_000


class TooManyErrors(Exception):
    """More rows are wrong than may be. The message says where the reasons are."""


class Spooled(NamedTuple):
    """How many rows there were, how many were rejected, and how many events and tickets' rows came of the others."""

    rows: int
    rejected: int
    events: int


class Rejects:
    """The rows that are no events: as JSON lines, because a table of other people's words is read by spreadsheets, and
    what begins with = or @ is a formula there. The file is made with its first row.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._stream: Any = None

    def add(self, row: Row, reason: str) -> None:
        """Note a row, its line and why."""
        self.count += 1
        if self._stream is None:
            self._stream = self.path.open("w", encoding="utf-8")
        record = {"line": row.line, "reason": reason, "row": row.values}
        self._stream.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")

    def close(self) -> None:
        """Nothing is left open."""
        if self._stream is not None:
            self._stream.close()


def spool(
    table: Table,
    maker: Maker,
    to: Path,
    rejects: Rejects,
    *,
    max_errors: int | None,
    show: Callable[[int, int], None] = lambda rows, rejected: None,
    tell: Callable[[Row, str], None] = lambda row, reason: None,
) -> Spooled:
    """Write the events of all rows; `tell` is told of each row that is none. Raises TooManyErrors, BadFile, OSError."""
    rows = events = 0
    try:
        with to.open("wb") as stream:
            for row in table.rows():
                rows += 1
                made = maker.make(row)
                if made.wrong is not None:
                    rejects.add(row, made.wrong)
                    tell(row, made.wrong)
                    if max_errors is not None and rejects.count > max_errors:
                        raise TooManyErrors(f"{rejects.count} rows are wrong; nothing was imported")
                for event in made.events:
                    stream.write(encode_event(event) + b"\n")
                    events += 1
                if rows % _SHOWN_EVERY == 0:
                    show(rows, rejects.count)
    finally:
        rejects.close()
    return Spooled(rows, rejects.count, events)


def by_time(spooled: Path) -> HistoryFile:
    """The events of such a file in the order of their times. Raises BadHistory where there are none."""
    return HistoryFile(spooled, Span(), lambda line, rejected: None)

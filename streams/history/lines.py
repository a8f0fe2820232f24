"""Ticket events out of a file of JSON lines, in the order of their times.

The file is read twice: once to find where each event stands and when it happened, 16 bytes an event, and once to hand
them out. So it may be larger than memory, in any order.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import le
from pathlib import Path
from typing import BinaryIO, Final

from schemas.events import LATEST, TicketEvent, read_event
from schemas.rejections import Reason, Rejected
from streams.history.span import BadHistory, Span

_SHOWN_EVERY: Final = 5_000

Tell = Callable[[int, Rejected], None]
Show = Callable[[int], None]


class HistoryFile:
    """The events of a file, as producers send them. A line that is no event is told with its number, from 1, and left
    out; `unreadable` counts those. `show` is told now and then how many lines were read.

    Raises OSError for a file that cannot be read, and BadHistory for one without an event in the span.
    """

    def __init__(self, path: Path, span: Span, tell: Tell, show: Show = lambda lines: None) -> None:
        self._path = path
        self.unreadable = 0
        self._times, self._places = array("q"), array("q")
        lines = others = place = 0
        with path.open("rb") as stream:
            for lines, line in enumerate(stream, 1):
                if lines % _SHOWN_EVERY == 0:
                    show(lines)
                if line.strip():
                    event = _read(line)
                    if isinstance(event, Rejected):
                        self.unreadable += 1
                        tell(lines, event)
                    elif span.holds(event):
                        self._times.append(round(event.occurred_at.timestamp() * 1000))
                        self._places.append(place)
                    else:
                        others += 1
                place += len(line)
        if not self._times:
            raise BadHistory(f"{path}: {_nothing(lines, self.unreadable, others)}")

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[TicketEvent]:
        """The events by time; those of one millisecond as they stand in the file."""
        with self._path.open("rb") as stream:
            for number in self._in_order():
                yield self._at(stream, self._places[number])

    def _in_order(self) -> Sequence[int]:
        if all(map(le, self._times, islice(self._times, 1, None))):
            return range(len(self._times))
        return sorted(range(len(self._times)), key=self._times.__getitem__)

    def _at(self, stream: BinaryIO, place: int) -> TicketEvent:
        if stream.tell() != place:
            stream.seek(place)
        event = _read(stream.readline())
        if isinstance(event, Rejected):
            raise BadHistory(f"{self._path}: it has changed while it was read: {event}")
        return event


def _read(line: bytes) -> TicketEvent | Rejected:
    # No event may be of this time, so one that has it gave none.
    event = read_event(line.strip(), LATEST)
    if isinstance(event, TicketEvent) and event.occurred_at == LATEST:
        return Rejected(Reason.TIME, "occurred_at", "missing: without a time an event has no place in a history")
    return event


def _nothing(lines: int, unreadable: int, others: int) -> str:
    if not lines:
        return "the file is empty"
    if not others:
        return f"none of its lines is an event ({unreadable:,} could not be read)"
    return f"no event of this tenant and time; {others:,} are of others"

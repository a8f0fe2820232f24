"""What the local log keeps, and the small interface that a storage for it has."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from streams.engine.log import Headers, Position, Recovered


class Slot(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Owner(NamedTuple):
    """Whose state and position it is: a stage on one partition of its input."""

    stage: str
    partition: int


class Entry(NamedTuple):
    """A record to append; offset and time come from the log."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class LocalRecord(NamedTuple):
    """A record as it was appended. `timestamp` in Unix milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Bounds(NamedTuple):
    """The offset of the first record that is still kept, and the one that the next append gets."""

    earliest: int
    end: int


class Shape(NamedTuple):
    """How a topic is cut, and for how many milliseconds it is kept; None keeps it for ever."""

    partitions: int
    retention: int | None


Appends = Mapping[Slot, Sequence[Entry]]


class Write(NamedTuple):
    """A transaction as a storage sees it: rows that are None are deleted; without a position the old one stays."""

    appends: Appends
    rows: Mapping[bytes, bytes | None]
    position: Position | None


class Storage(Protocol):
    """Every call happens completely or not at all, and what it returned from is kept."""

    def create(self, topic: str, shape: Shape) -> None:
        """Add an empty topic."""
        ...

    def reshape(self, topic: str, retention: int | None) -> None:
        """Keep a topic's records for another time."""
        ...

    def topics(self) -> dict[str, Shape]:
        """The topics that were created."""
        ...

    def append(self, appends: Appends, timestamp: int) -> None:
        """Append to the end of each partition, in the order given."""
        ...

    def commit(self, owner: Owner, epoch: int, write: Write, timestamp: int) -> None:
        """Do all of a write. Raises Fenced unless `epoch` is the owner's newest."""
        ...

    def raise_epoch(self, owner: Owner) -> int:
        """Begin a new epoch and return it: every older one can commit no more."""
        ...

    def recover(self, owner: Owner) -> Recovered:
        """The committed rows and position."""
        ...

    def bounds(self, slot: Slot) -> Bounds:
        """Where the partition begins and ends."""
        ...

    def read(self, slot: Slot, offset: int, limit: int, max_bytes: int) -> list[LocalRecord]:
        """Records from `offset` on: at most `limit`, and no further one once keys and values exceed `max_bytes`."""
        ...

    def expire(self, slot: Slot, before: int, limit: int) -> int:
        """Delete up to `limit` records from the start that were appended before that time; return how many."""
        ...

    def group_positions(self, group: str) -> dict[Slot, int]:
        """The next offset to read of each partition, as the group committed it."""
        ...

    def commit_group(self, group: str, positions: Mapping[Slot, int]) -> None:
        """Remember a group's positions."""
        ...

    def close(self) -> None:
        """Let go of files; may be called twice."""
        ...


def cut(records: Iterable[LocalRecord], limit: int, max_bytes: int) -> list[LocalRecord]:
    """The first records within both bounds; at least one if there is any, so that a reader always gets on."""
    taken: list[LocalRecord] = []
    size = 0
    for record in islice(records, limit):
        taken.append(record)
        size += len(record.key or b"") + len(record.value or b"")
        if size >= max_bytes:
            break
    return taken

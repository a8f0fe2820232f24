"""The log contract: what a partition task needs from the log beneath it, whichever log that is.

Two logs keep this contract, and one suite (tests/contract/test_log.py) holds both to it: Kafka, and the local log
(SQLite or memory).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

Headers = Sequence[tuple[str, bytes]]


class Record(Protocol):
    """One record as it was read. `timestamp` is the time of its append, in Unix milliseconds."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


class Chunk(NamedTuple):
    """Consecutive records of one partition, at most `CHUNK_RECORDS`.

    `start` and `next` are read positions: the next chunk's `start` equals this one's `next`, although transaction
    markers and compaction leave holes between the offsets of records. `token` names the seek after which the chunk was
    read. `end` is the end of the partition as known at the read: `next < end` means lag.
    """

    token: int
    start: int
    next: int
    end: int
    records: Sequence[Record]


CHUNK_RECORDS = 1000
# The bytes of its values bound how long one chunk may hold up everything else in the process.
CHUNK_BYTES = 262_144


class Outgoing(NamedTuple):
    """A record to send. Its partition follows from its key; `everywhere` sends it to each partition of the topic."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    everywhere: bool = False


class Position(NamedTuple):
    """How far a partition's input is applied: the next offset to read and the number of records applied so far.

    `last_offset` and `last_timestamp` identify the last applied record, so that a topic that was deleted and made anew
    is noticed.
    """

    next: int
    applied: int
    last_offset: int = -1
    last_timestamp: int = -1


class Recovered(NamedTuple):
    """What a take-over found: the state rows as bytes, and the position, or None if nothing was ever committed."""

    rows: dict[bytes, bytes]
    position: Position | None


class Transaction(NamedTuple):
    """All of it happens or none of it. A row that is None is deleted. `position` is None for a tick, which reads no
    input.
    """

    outputs: Sequence[Outgoing]
    rows: Mapping[bytes, bytes | None]
    position: Position | None


class Delivery(Protocol):
    """The receiving end of a partition, as the log's reader sees it."""

    def wants(self) -> bool:
        """Whether another chunk may be delivered now: the queue is bounded, so that memory is."""
        ...

    def deliver(self, chunk: Chunk) -> None:
        """Hand over a chunk. One with an outdated token is ignored."""
        ...


class PartitionLog(Protocol):
    """One input partition with its changelog and its outputs, for one owner at a time."""

    partition: int
    partitions: int

    async def take_over(self) -> Recovered:
        """Fence every older owner, then read the state as it stands after that.

        Once this returns, no transaction of an older owner can commit.
        """
        ...

    async def seek(self, offset: int, token: int) -> int:
        """Deliver from `offset` (-1: the earliest) under `token`. Returns the offset that is really next:
        higher than asked when the log no longer has the records between."""
        ...

    async def delivered(self) -> int:
        """The position up to which chunks were handed over since the last seek."""
        ...

    async def end(self) -> int | None:
        """The end of the input as last known; None until it is known. `end` above the applied position means lag."""
        ...

    async def commit(self, transaction: Transaction) -> None:
        """Write the transaction. Returns only when it is known to be committed.

        Raises Fenced when there is a newer owner; any other exception leaves the outcome unknown: take over again.
        """
        ...

    def progress(self, position: int) -> None:
        """Everything before `position` is applied and committed: for whoever watches from outside. What a take-over
        reads is the position of the last transaction, never this."""
        ...

    async def release(self) -> None:
        """Give the partition up. What was not committed never happened. May be called twice."""
        ...

    def wake(self) -> None:
        """The task wants chunks again."""
        ...


class Fenced(Exception):
    """A newer owner has taken this partition over."""


class Refused(Exception):
    """The stored state does not belong to this input, where going on would lose or double events; or the log does not
    let us do what has to be done. A person must decide.
    """

"""What a stage is: its name, its topics, and two pure functions over lists."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from schemas.windows import WindowAggregate
from streams.engine.log import Outgoing, Record
from streams.engine.state import Overlay


class Batch(NamedTuple):
    """Records of one input partition, in order."""

    topic: str
    partition: int
    records: Sequence[Record]


class Shown(NamedTuple):
    """A final window for the gauges, to be shown until then (Unix milliseconds)."""

    window: WindowAggregate
    until: int


class Output:
    """What a stage wants to happen besides its changes of state: records to send, events to count, windows to show,
    and after a tick how much of something there is.

    `counts` is by (name, label…), `standing` by name and then by labels. All but the records is for metrics, and
    reported only after the commit.
    """

    __slots__ = ("counts", "records", "shown", "standing")

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.shown: list[Shown] = []
        self.standing: dict[str, Counter[tuple[str, ...]]] = {}

    def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Send one record; its key decides its partition."""
        self.records.append(Outgoing(topic, key, value, headers))

    def broadcast(self, topic: str, key: bytes, value: bytes) -> None:
        """Send one record to every partition of the topic."""
        self.records.append(Outgoing(topic, key, value, everywhere=True))

    def count(self, *name: str, by: int = 1) -> None:
        """Count something by its name and labels."""
        self.counts[name] += by

    def show(self, window: WindowAggregate, until: int) -> None:
        """Show a final window as gauges until then (Unix milliseconds), or until a newer one is shown."""
        self.shown.append(Shown(window, until))

    def stand(self, name: str, counts: Counter[tuple[str, ...]]) -> None:
        """Tell in a tick how much of something there is in the partition, by labels: all of it, what is left out is 0.

        It stands until the next tick that tells of it.
        """
        self.standing[name] = counts

    def extend(self, other: "Output") -> None:
        """Append another output to this one."""
        self.records.extend(other.records)
        self.shown.extend(other.shown)
        if other.counts:
            self.counts.update(other.counts)
        self.standing.update(other.standing)


class Stage(Protocol):
    """A stage reads one topic. Its functions read no clock and do no I/O; `now` is in Unix milliseconds.

    An exception that `process` raises for a record makes that record a dead letter; its neighbours are processed.
    """

    name: str
    input: str
    outputs: Sequence[str]
    # Seconds from the begin of one transaction of a process to that of the next, whichever partition it is of. A record
    # that comes alone does not wait; where they come close together, more of them share the cost of a transaction.
    patience: float

    def restore(self, state: Overlay) -> Iterator[None]:
        """Rebuild the derived tables after a recovery. It is done with its last step; whoever takes the steps may let
        others go on between two of them, since nobody else uses this state yet.
        """
        ...

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """Process records in order."""
        ...

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Once a second. `idle` says that everything that was appended has been processed."""
        ...

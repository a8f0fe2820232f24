"""The log itself: topics over a storage, appends stamped by the clock, and word to the readers of a topic."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from streams.engine.local.storage import Bounds, Entry, LocalRecord, Owner, Shape, Slot, Storage, Write
from streams.engine.log import Outgoing, Recovered, Refused, Transaction
from streams.engine.partitioner import partition_of

# One call deletes at most this many records of a partition, so that it holds nobody up.
EXPIRE_RECORDS = 10_000


class LocalLog:
    """Topics in one process. `clock` gives Unix milliseconds; an append has its time, as with Kafka's LogAppendTime.

    Nothing is visible before it is committed, so every reader reads committed records only.
    """

    def __init__(self, storage: Storage, clock: Callable[[], int]) -> None:
        self._storage = storage
        self._clock = clock
        self._shapes = storage.topics()
        self._slots = {topic: _slots_of(topic, shape.partitions) for topic, shape in self._shapes.items()}
        self._readers: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)

    def create(self, topic: str, partitions: int, retention: int | None = None) -> None:
        """Make a topic, or take up a new retention (milliseconds) for one that is there.

        Raises Refused when it is there with another number of partitions: keys would meet the state of others.
        """
        shape = self._shapes.get(topic)
        if shape is None:
            self._storage.create(topic, Shape(partitions, retention))
        elif shape.partitions != partitions:
            raise Refused(
                f"{topic} was made with {shape.partitions} partitions and cannot have {partitions}: keys would meet "
                f"the wrong state. Set the partitions back, or start with an empty folder."
            )
        else:
            self._storage.reshape(topic, retention)
        self._shapes[topic] = Shape(partitions, retention)
        self._slots[topic] = _slots_of(topic, partitions)

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has. Raises KeyError for a topic that was not made."""
        return self._shapes[topic].partitions

    def slots(self, topics: Iterable[str]) -> list[Slot]:
        """Every partition of these topics."""
        return [slot for topic in topics for slot in self._slots[topic]]

    def append(self, topic: str, entries: Sequence[Entry], partition: int | None = None) -> None:
        """Append records: to one partition, or each to that of its key. Returns when they are kept."""
        if partition is None:
            outputs = [Outgoing(topic, *entry) for entry in entries]
            placed = self._place(outputs)
        else:
            placed = {Slot(topic, partition): list(entries)}
        self._storage.append(placed, self._clock())
        self._tell(placed)

    def begin(self, owner: Owner) -> tuple[int, Recovered]:
        """Fence every older owner; return the new one's epoch, and what was committed before it."""
        epoch = self._storage.raise_epoch(owner)
        return epoch, self._storage.recover(owner)

    def commit(self, owner: Owner, epoch: int, transaction: Transaction) -> None:
        """Write a transaction. Raises Fenced when `epoch` is not the newest of this owner."""
        placed = self._place(transaction.outputs)
        write = Write(placed, transaction.rows, transaction.position)
        self._storage.commit(owner, epoch, write, self._clock())
        self._tell(placed)

    def read(self, slot: Slot, offset: int, limit: int, max_bytes: int) -> list[LocalRecord]:
        """Records from `offset` on, within both bounds, but at least one if there is any."""
        return self._storage.read(slot, offset, limit, max_bytes)

    def bounds(self, slot: Slot) -> Bounds:
        """The first offset that is still kept, and the end."""
        return self._storage.bounds(slot)

    def group_positions(self, group: str) -> dict[Slot, int]:
        """What a consumer group has committed."""
        return self._storage.group_positions(group)

    def commit_group(self, group: str, positions: Mapping[Slot, int]) -> None:
        """Commit positions of a consumer group."""
        self._storage.commit_group(group, positions)

    def expire(self) -> int:
        """Delete records that are older than their topic's retention, read or not; a bounded number at a time."""
        now = self._clock()
        return sum(
            self._storage.expire(Slot(topic, partition), now - shape.retention, EXPIRE_RECORDS)
            for topic, shape in self._shapes.items()
            if shape.retention is not None
            for partition in range(shape.partitions)
        )

    def subscribe(self, topic: str, reader: Callable[[], None]) -> Callable[[], None]:
        """Call `reader` after each append to the topic, until the function that is returned is called."""
        readers = self._readers[topic]
        readers.append(reader)
        return lambda: readers.remove(reader)

    def close(self) -> None:
        """Close the storage."""
        self._storage.close()

    def _place(self, outputs: Iterable[Outgoing]) -> dict[Slot, list[Entry]]:
        placed: defaultdict[Slot, list[Entry]] = defaultdict(list)
        for topic, key, value, headers, everywhere in outputs:
            slots, entry = self._slots[topic], Entry(key, value, headers)
            if everywhere:
                for slot in slots:
                    placed[slot].append(entry)
            else:
                placed[slots[partition_of(key, value, len(slots))]].append(entry)
        return placed

    def _tell(self, placed: Iterable[Slot]) -> None:
        for topic in dict.fromkeys(slot.topic for slot in placed):
            for reader in self._readers[topic]:
                reader()


def _slots_of(topic: str, partitions: int) -> Sequence[Slot]:
    return [Slot(topic, partition) for partition in range(partitions)]

"""The local log behind the log contract: a partition of a stage's input, and the reader that delivers it."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from streams.engine.local.log import LocalLog
from streams.engine.local.storage import Owner, Slot
from streams.engine.log import CHUNK_BYTES, CHUNK_RECORDS, Chunk, Delivery, Recovered, Transaction


class Deliveries(Protocol):
    """Who receives chunks: the runtime with its partition tasks."""

    def wanting(self) -> Iterable[int]:
        """The partitions that want a chunk now."""
        ...

    def delivery(self, partition: int) -> Delivery | None:
        """Where chunks of a partition go; None when nobody takes them."""
        ...


class _At(NamedTuple):
    token: int
    next: int


class LocalReader:
    """Delivers one topic to whoever wants chunks, one chunk for each partition in turn, on the running event loop."""

    def __init__(self, log: LocalLog, topic: str) -> None:
        self.topic = topic
        self._log = log
        self._slots = log.slots([topic])
        self._deliveries: Deliveries | None = None
        self._at: dict[int, _At] = {}
        self._awake = False
        self._unsubscribe = log.subscribe(topic, self.wake)

    def start(self, deliveries: Deliveries) -> None:
        """Begin to deliver."""
        self._deliveries = deliveries
        self.wake()

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._deliveries = None
        self._unsubscribe()

    def seek(self, partition: int, offset: int, token: int) -> int:
        """Read a partition on from `offset`, or from the earliest record that is kept."""
        found = max(offset, self._log.bounds(self._slots[partition]).earliest)
        self._at[partition] = _At(token, found)
        self.wake()
        return found

    def forget(self, partition: int, token: int) -> None:
        """Deliver nothing more of what was sought under `token`; a later seek of somebody else stands."""
        if partition in self._at and self._at[partition].token == token:
            del self._at[partition]

    def delivered(self, partition: int) -> int:
        """The position up to which chunks were handed over. Raises KeyError before the first seek."""
        return self._at[partition].next

    def wake(self) -> None:
        """There may be something to deliver: look in the loop's next round."""
        if self._deliveries is not None and not self._awake:
            self._awake = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._awake = False
        if self._deliveries is None:
            return
        handed = [self._deliver(partition, self._deliveries) for partition in list(self._deliveries.wanting())]
        if any(handed):
            self.wake()

    def _deliver(self, partition: int, deliveries: Deliveries) -> bool:
        at = self._at.get(partition)
        if at is None:
            return False
        slot = self._slots[partition]
        earliest, end = self._log.bounds(slot)
        if at.next >= end:
            return False
        # What expired meanwhile leaves a gap before this chunk, by which the task sees it.
        start = max(at.next, earliest)
        records = self._log.read(slot, start, CHUNK_RECORDS, CHUNK_BYTES) if start < end else []
        delivery = deliveries.delivery(partition)
        if not records or delivery is None:
            return False
        following = records[-1].offset + 1
        self._at[partition] = _At(at.token, following)
        delivery.deliver(Chunk(at.token, start, following, end, records))
        return True


class LocalPartitionLog:
    """Keeps `streams.engine.log.PartitionLog`: an owner is fenced by the number of its epoch."""

    def __init__(self, log: LocalLog, stage: str, reader: LocalReader, partition: int) -> None:
        self.partition = partition
        self.partitions = log.partitions(reader.topic)
        self._log = log
        self._reader = reader
        self._owner = Owner(stage, partition)
        self._slot = Slot(reader.topic, partition)
        self._epoch: int | None = None
        self._token: int | None = None

    async def take_over(self) -> Recovered:
        """Begin a new epoch and read the state."""
        await self.release()
        self._epoch, recovered = self._log.begin(self._owner)
        return recovered

    async def seek(self, offset: int, token: int) -> int:
        """Deliver from `offset`."""
        self._token = token
        return self._reader.seek(self.partition, offset, token)

    async def delivered(self) -> int:
        """Where the reader is."""
        return self._reader.delivered(self.partition)

    async def end(self) -> int | None:
        """The input's end, which is always known."""
        return self._log.bounds(self._slot).end

    async def commit(self, transaction: Transaction) -> None:
        """Write the transaction within this owner's epoch."""
        if self._epoch is None:
            raise RuntimeError(f"{self._slot.topic}-{self.partition} has not been taken over")
        self._log.commit(self._owner, self._epoch, transaction)

    def progress(self, position: int) -> None:
        """Nobody watches a log in one process by its groups."""

    async def release(self) -> None:
        """End the epoch for this owner; another one begins with the next take-over."""
        self._epoch = None
        if self._token is not None:
            self._reader.forget(self.partition, self._token)

    def wake(self) -> None:
        """Tell the reader to look."""
        self._reader.wake()

"""A storage in memory: for tests, simulations and imports that need no second run."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import islice, takewhile

from streams.engine.local.storage import Appends, Bounds, LocalRecord, Owner, Shape, Slot, Write, cut
from streams.engine.log import Fenced, Position, Recovered


class _Records:
    """The records of one partition; `earliest` is the offset of the first in the list."""

    def __init__(self) -> None:
        self.earliest = 0
        self.kept: list[LocalRecord] = []

    @property
    def end(self) -> int:
        return self.earliest + len(self.kept)


class MemoryStorage:
    """It lives as long as the object. No call waits and each checks before it changes, which makes it atomic."""

    def __init__(self) -> None:
        self._shapes: dict[str, Shape] = {}
        self._records: dict[Slot, _Records] = {}
        self._epochs: dict[Owner, int] = {}
        self._rows: defaultdict[Owner, dict[bytes, bytes]] = defaultdict(dict)
        self._positions: dict[Owner, Position] = {}
        self._groups: defaultdict[str, dict[Slot, int]] = defaultdict(dict)

    def create(self, topic: str, shape: Shape) -> None:
        self._shapes[topic] = shape
        for partition in range(shape.partitions):
            self._records[Slot(topic, partition)] = _Records()

    def reshape(self, topic: str, retention: int | None) -> None:
        self._shapes[topic] = self._shapes[topic]._replace(retention=retention)

    def topics(self) -> dict[str, Shape]:
        return dict(self._shapes)

    def append(self, appends: Appends, timestamp: int) -> None:
        for slot, entries in appends.items():
            records = self._records[slot]
            records.kept += [
                LocalRecord(offset, timestamp, *entry) for offset, entry in enumerate(entries, records.end)
            ]

    def commit(self, owner: Owner, epoch: int, write: Write, timestamp: int) -> None:
        newest = self._epochs.get(owner)
        if epoch != newest:
            raise Fenced(f"{owner.stage}-{owner.partition}: epoch {epoch} is over, {newest} has begun")
        self.append(write.appends, timestamp)
        kept = self._rows[owner]
        for key, row in write.rows.items():
            if row is None:
                kept.pop(key, None)
            else:
                kept[key] = row
        if write.position is not None:
            self._positions[owner] = write.position

    def raise_epoch(self, owner: Owner) -> int:
        self._epochs[owner] = self._epochs.get(owner, 0) + 1
        return self._epochs[owner]

    def recover(self, owner: Owner) -> Recovered:
        return Recovered(dict(self._rows[owner]), self._positions.get(owner))

    def bounds(self, slot: Slot) -> Bounds:
        records = self._records[slot]
        return Bounds(records.earliest, records.earliest + len(records.kept))

    def read(self, slot: Slot, offset: int, limit: int, max_bytes: int) -> list[LocalRecord]:
        records = self._records[slot]
        first = max(0, offset - records.earliest)
        return cut(records.kept[first : first + limit], limit, max_bytes)

    def expire(self, slot: Slot, before: int, limit: int) -> int:
        records = self._records[slot]
        old = sum(1 for _ in takewhile(lambda record: record.timestamp < before, islice(records.kept, limit)))
        del records.kept[:old]
        records.earliest += old
        return old

    def group_positions(self, group: str) -> dict[Slot, int]:
        return dict(self._groups[group])

    def commit_group(self, group: str, positions: Mapping[Slot, int]) -> None:
        self._groups[group].update(positions)

    def close(self) -> None:
        """Nothing to let go of: the records stay, as on a disk."""

"""The stages over a log in a file, on a clock that is told: the same events at the same times end in the same file.

It does what the partition tasks of the product do, one after the other, and uses only what a release promises to keep.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from streams import topics
from streams.config import Settings
from streams.engine.attempt import attempt
from streams.engine.local import LocalLog, SqliteStorage
from streams.engine.local.storage import Entry, LocalRecord, Owner, Slot
from streams.engine.log import Position, Transaction
from streams.engine.offline import restore_at_once
from streams.engine.stage import Batch, Stage
from streams.engine.state import Overlay, State
from streams.stages import STAGES, build_stage
from tests.policies import SIMPLE

PARTITIONS: Final = 2
STEP_MS: Final = 5_000
SIZES: Final = (60, 300, 3600, 86400)


class Sent(NamedTuple):
    """A record of the events' topic, and when it is appended (Unix milliseconds)."""

    at: int
    partition: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class _Partition:
    """One partition of a stage: taken over when it is made."""

    def __init__(self, log: LocalLog, stage: Stage, partition: int) -> None:
        self._log, self._stage = log, stage
        self._owner, self._slot = Owner(stage.name, partition), Slot(stage.input, partition)
        self._epoch, found = log.begin(self._owner)
        self._position = found.position or Position(0, 0)
        self._state = State(partition, PARTITIONS, found.rows)
        restore_at_once(stage, self._state)

    def work(self, now: int) -> bool:
        """Apply what there is, and whether there was anything."""
        records = self._log.read(self._slot, self._position.next, 1_000, 1 << 20)
        if not records:
            return False
        overlay, last = Overlay(self._state), records[-1]
        batch = Batch(self._slot.topic, self._slot.partition, records)
        output = attempt(self._stage, batch, overlay, now, topics.DEAD_LETTERS)
        applied = self._position.applied + len(records)
        self._position = Position(last.offset + 1, applied, last.offset, last.timestamp)
        self._log.commit(self._owner, self._epoch, Transaction(output.records, overlay.logged(), self._position))
        self._state.merge(overlay)
        return True

    def tick(self, now: int) -> None:
        """Once in a while."""
        overlay = Overlay(self._state)
        idle = self._position.next >= self._log.bounds(self._slot).end
        output = self._stage.tick(now, idle, overlay)
        if output.records or overlay.logged():
            self._log.commit(self._owner, self._epoch, Transaction(output.records, overlay.logged(), None))
        self._state.merge(overlay)


class Pipeline:
    """All stages over the log in a file. Whoever makes one takes every partition over."""

    def __init__(self, file: Path, now: int) -> None:
        self.now = now
        self.log = LocalLog(SqliteStorage(file), lambda: self.now)
        for topic in topics.ALL:
            if "retention.ms" in topic.settings:
                self.log.create(topic.name, PARTITIONS, int(topic.settings["retention.ms"]))
        settings = Settings(window_sizes=SIZES, partitions=PARTITIONS)
        self._parts = [
            _Partition(self.log, build_stage(name, settings, SIMPLE), partition)
            for name in STAGES
            for partition in range(PARTITIONS)
        ]

    def play(self, story: Iterable[Sent], until: int) -> None:
        """Append each record at its time, in order, and go on until that moment. Every step ends with nothing to do."""
        waiting = list(story)
        while self.now < until:
            self.now += STEP_MS
            while waiting and waiting[0].at <= self.now:
                sent = waiting.pop(0)
                self.log.append(topics.EVENTS, [Entry(None, sent.value, sent.headers)], sent.partition)
            self._work()
            for part in self._parts:
                part.tick(self.now)
            self._work()

    def _work(self) -> None:
        while sum(part.work(self.now) for part in self._parts):
            pass

    def records(self, topic: str) -> Mapping[int, list[LocalRecord]]:
        """All records of a topic, by partition."""
        return {slot.partition: self.log.read(slot, 0, 1_000_000, 1 << 30) for slot in self.log.slots([topic])}

    def close(self) -> None:
        """Close the file."""
        self.log.close()

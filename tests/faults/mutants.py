"""Workers with one thing wrong in them, each known to lose or to double something. A suite of faults that lets one of
them pass is worth little.
"""

from typing import Final, NamedTuple
from uuid import uuid4

import msgspec

from sinks.kafka_cluster import Brokers
from streams.app import Build
from streams.config import Settings
from streams.engine.log import Chunk, Fenced, Position, Transaction
from streams.engine.stage import Batch, Output, Stage
from streams.engine.state import Overlay
from streams.escalation.book import PolicyBook, preset_book
from streams.stages import build_stage, window_rules
from streams.track import TrackStage
from streams.track.tickets import CONVERSATIONS
from tests.faults.points import Gate, PassingLog, PassingProducer, PassingTask
from tests.simulation.commit_orders import outputs_first, outputs_last, position_apart

# -- the order of writes and commits


class WritesThenCommits(PassingLog):
    """The outputs before rows and position."""

    async def commit(self, transaction: Transaction) -> None:
        await outputs_first(super().commit, transaction)


class CommitsThenWrites(PassingLog):
    """The outputs after rows and position."""

    async def commit(self, transaction: Transaction) -> None:
        await outputs_last(super().commit, transaction)


class CommitsThePositionApart(PassingLog):
    """The position after everything else."""

    async def commit(self, transaction: Transaction) -> None:
        await position_apart(super().commit, transaction)


class _Again(Exception):
    """The same records are to be read again."""


class MergesBeforeItKnows(PassingTask):
    """Changes of state count before their commit is known, and when it failed: records that come again find their own
    changes.
    """

    async def _commit(self, overlay: Overlay, output: Output, position: Position | None) -> None:
        rows = dict(overlay.logged())
        self._known_state().merge(overlay)
        try:
            await self._log.commit(Transaction(output.records, rows, position))
        except ConnectionError:
            raise _Again from None
        if position is not None:
            self._persisted = position

    async def _go_on(self, *, ticking: bool) -> None:
        try:
            await super()._go_on(ticking=ticking)
        except _Again:
            self._seek_needed = True


# -- fencing


class NeverFences(PassingProducer):
    """A transactional id that nobody else has: no older owner is fenced."""

    def __init__(self, gate: Gate, brokers: Brokers, transactional_id: str, timeout_ms: int) -> None:
        super().__init__(gate, brokers, f"{transactional_id}-{uuid4()}", timeout_ms)


class IgnoresTheFence(PassingLog):
    """Whoever was fenced makes a new producer and commits all the same."""

    async def commit(self, transaction: Transaction) -> None:
        try:
            await super().commit(transaction)
        except Fenced:
            await self.release()
            application, partition = self._stage.application, self.partition
            self._producer = self._make_producer(self._stage.brokers, f"{application}-{partition}")
            await self._producer.start()
            await super().commit(transaction)


# -- positions


class TakesAnyChunk(PassingTask):
    """A chunk is applied wherever it begins."""

    def _next_chunk(self, reached: int) -> Chunk | None:
        self._log.wake()
        return self._queue.popleft() if self._queue else None


# -- stages


class ForgetsEventIds(TrackStage):
    """Duplicates count again: the event ids that a conversation remembers are dropped."""

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        output = Output()
        for record in batch.records:
            key = record.key or b""
            known = state.get(CONVERSATIONS, key)
            if known is not None:
                state.put(CONVERSATIONS, key, msgspec.structs.replace(known, seen=()))
            output.extend(super().process(batch._replace(records=[record]), state, now))
        return output


def _forgetful(name: str, settings: Settings, book: PolicyBook | None) -> Stage:
    if name != "track":
        return build_stage(name, settings, book)
    return ForgetsEventIds(book or preset_book(settings.preset), settings.duplicate_horizon, window_rules(settings))


class Made(NamedTuple):
    """The parts that a worker is made of."""

    producer: type[PassingProducer] = PassingProducer
    log: type[PassingLog] = PassingLog
    task: type[PassingTask] = PassingTask
    build: Build = build_stage


AS_IT_IS: Final = Made()
MUTANTS: Final = {
    "writes, then commits": Made(log=WritesThenCommits),
    "commits, then writes": Made(log=CommitsThenWrites),
    "commits the position apart": Made(log=CommitsThePositionApart),
    "merges before it knows": Made(task=MergesBeforeItKnows),
    "never fences": Made(producer=NeverFences),
    "ignores the fence": Made(log=IgnoresTheFence),
    "takes any chunk": Made(task=TakesAnyChunk),
    "forgets event ids": Made(build=_forgetful),
}

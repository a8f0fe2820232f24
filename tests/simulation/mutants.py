"""The pipeline with one thing wrong in it, each known to lose, double or end something too early.

A simulation that does not find all of them within some hundred schedules is worth little.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Final, NamedTuple

import msgspec

from streams.engine.local import MemoryStorage
from streams.engine.local.storage import Owner, Write
from streams.engine.log import Chunk, Position, Recovered, Transaction
from streams.engine.partition import PartitionTask, _Taken
from streams.engine.stage import Batch, Output, Stage
from streams.engine.state import Overlay
from streams.track import TrackStage
from streams.track.stage import COUNTED, ONLY, TIMED_BY, UNTIMED
from streams.track.tickets import CONVERSATIONS
from streams.track.totals import WINDOWS
from streams.trends import WATERMARKS, TrendsStage
from streams.windows import WindowRules
from tests.simulation.commit_orders import outputs_first, outputs_last, position_apart
from tests.simulation.faulty_log import FarPartitionLog, Injected
from tests.simulation.parts import AS_IT_IS, BOOK, EVENT_IDS, Parts, stage_of

# -- the order of writes and commits


class WritesThenCommits(FarPartitionLog):
    """The outputs before rows and position."""

    async def commit(self, transaction: Transaction) -> None:
        await outputs_first(super().commit, transaction)


class CommitsThenWrites(FarPartitionLog):
    """The outputs after rows and position."""

    async def commit(self, transaction: Transaction) -> None:
        await outputs_last(super().commit, transaction)


class CommitsThePositionApart(FarPartitionLog):
    """The position after everything else."""

    async def commit(self, transaction: Transaction) -> None:
        await position_apart(super().commit, transaction)


class TriesAgainBlindly(FarPartitionLog):
    """A commit without an answer is sent again, although it may have happened."""

    async def commit(self, transaction: Transaction) -> None:
        try:
            await super().commit(transaction)
        except Injected:
            await super().commit(transaction)


class MergesBeforeItKnows(PartitionTask):
    """Changes of state count before their commit is known, and when it failed."""

    async def _commit(self, overlay: Overlay, output: Output, position: Position | None) -> None:
        rows = dict(overlay.logged())
        self._known_state().merge(overlay)
        try:
            await self._log.commit(Transaction(output.records, rows, position))
        except Injected:
            # As if nothing had happened: the chunk comes again, and finds its own changes.
            self._seek_needed = True
            return
        if position is not None:
            self._persisted = position


# -- fencing


class IgnoresTheFence(MemoryStorage):
    """Whoever was fenced commits all the same."""

    def commit(self, owner: Owner, epoch: int, write: Write, timestamp: int) -> None:
        super().commit(owner, self._epochs[owner], write, timestamp)


class NeverFences(MemoryStorage):
    """Producers without fencing: every owner has the same epoch."""

    def raise_epoch(self, owner: Owner) -> int:
        self._epochs[owner] = 1
        return 1


class ReadsBeforeItFences(FarPartitionLog):
    """The state is read before the older owner is fenced: what that commits in between is not in it."""

    async def take_over(self) -> Recovered:
        storage, owner = self._near._log._storage, self._near._owner

        async def read_state() -> Recovered:
            return storage.recover(owner)

        recovered = await self._ask("take-over", read_state)
        await super().take_over()
        return recovered


# -- positions


class TakesAnyChunk(PartitionTask):
    """A chunk is applied wherever it begins."""

    def _next_chunk(self, reached: int) -> Chunk | None:
        self._log.wake()
        return self._queue.popleft() if self._queue else None


class NeverLooksForLostChunks(PartitionTask):
    """What was lost on the way, and no later chunk reveals, stays lost."""

    async def _has_lost_its_reader(self) -> bool:
        return False


class BelievesItIsIdle(PartitionTask):
    """The clock moves the watermark although input waits."""

    async def _tick(self, taken: _Taken, overlay: Overlay, output: Output) -> None:
        output.extend(await self._run(lambda: self._stage.tick(self._clock(), True, overlay)))


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


class TellsWatermarksFirst(TrackStage):
    """The watermark goes before the totals that it covers."""

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        output = super().tick(now, idle, state)
        output.records.sort(key=lambda record: not record.everywhere)
        return output


class ForgetsWhatToTell(TrackStage):
    """A new owner does not look for windows whose last change was not told."""

    def restore(self, state: Overlay) -> Iterator[None]:
        self._set_timers(state)
        return iter(())


class ForgetsWhatWasTold(TrackStage):
    """A new owner does not know of whom he has reminded."""

    def restore(self, state: Overlay) -> Iterator[None]:
        yield from super().restore(state)
        for key, known in list(state.rows(CONVERSATIONS)):
            state.put(CONVERSATIONS, key, msgspec.structs.replace(known, warned=0))


class NeverLooksAgain(TrackStage):
    """A new owner does not look for tickets that wait."""

    def restore(self, state: Overlay) -> Iterator[None]:
        yield from super().restore(state)
        state.put(TIMED_BY, ONLY, self._deciding(0))
        state.delete(UNTIMED, ONLY)


class _LosesCounts(TrackStage):
    """A new owner does not know everything of what was counted of the tickets."""

    lost: ClassVar[dict[str, Any]]

    def restore(self, state: Overlay) -> Iterator[None]:
        yield from super().restore(state)
        for key, known in list(state.rows(COUNTED)):
            state.put(COUNTED, key, msgspec.structs.replace(known, **self.lost))


class ForgetsWhereTicketsCounted(_LosesCounts):
    """A new owner counts a ticket again in a window."""

    lost: ClassVar[dict[str, Any]] = {"visits": {}}


class ForgetsTheBeginning(_LosesCounts):
    """A new owner takes the next event of a ticket for its first, from which times are counted."""

    lost: ClassVar[dict[str, Any]] = {"opened_at": 1 << 62}


class ForgetsAnswers(_LosesCounts):
    """A new owner takes the next reply for the first answer."""

    lost: ClassVar[dict[str, Any]] = {"answered_at": 0}


class ForgetsChanges(_LosesCounts):
    """A new owner does not know that a ticket was closed."""

    lost: ClassVar[dict[str, Any]] = {"changes": ()}


class ForgetsEmotions(TrackStage):
    """A new owner begins anew with what texts sound like."""

    def restore(self, state: Overlay) -> Iterator[None]:
        yield from super().restore(state)
        for key, window in list(state.rows(WINDOWS)):
            totals = msgspec.structs.replace(window.totals, emotions={}, urgencies={})
            state.put(WINDOWS, key, msgspec.structs.replace(window, totals=totals))


class FollowsTheFastest(TrendsStage):
    """A window is final when one watermark has passed it."""

    def _passed(self, state: Overlay) -> int:
        return max((mark.time for _, mark in state.rows(WATERMARKS)), default=0)


class ForgetsWhatIsOpen(TrendsStage):
    """A new owner does not look for windows that are not published or not final."""

    def restore(self, state: Overlay) -> Iterator[None]:
        """Nothing."""
        return iter(())


def _track(kind: type[TrackStage]) -> Parts:
    def build(name: str, rules: WindowRules) -> Stage:
        return kind(BOOK, EVENT_IDS, rules) if name == "track" else stage_of(name, rules)

    return AS_IT_IS._replace(stage=build)


def _trends(kind: type[TrendsStage]) -> Parts:
    def build(name: str, rules: WindowRules) -> Stage:
        return kind(rules) if name == "trends" else stage_of(name, rules)

    return AS_IT_IS._replace(stage=build)


class Mutant(NamedTuple):
    """The parts, and as what the simulation must find it: something less to the point does not count."""

    parts: Parts
    kinds: frozenset[str]


def _mutant(parts: Parts, *kinds: str) -> Mutant:
    return Mutant(parts, frozenset(kinds))


_OUTPUTS: Final = ("scored events", "dead letters", "escalations", "escalation revisions", "revisions")
_STATE: Final = ("escalations", "escalation revisions", "revisions", "windows")

MUTANTS: Final[dict[str, Mutant]] = {
    "writes, then commits": _mutant(AS_IT_IS._replace(far=WritesThenCommits), *_OUTPUTS),
    "commits, then writes": _mutant(AS_IT_IS._replace(far=CommitsThenWrites), *_OUTPUTS),
    "commits the position apart": _mutant(AS_IT_IS._replace(far=CommitsThePositionApart), *_OUTPUTS, "positions"),
    "tries again blindly": _mutant(AS_IT_IS._replace(far=TriesAgainBlindly), *_OUTPUTS),
    "merges before it knows": _mutant(AS_IT_IS._replace(task=MergesBeforeItKnows), *_STATE),
    "ignores the fence": _mutant(AS_IT_IS._replace(storage=IgnoresTheFence), *_OUTPUTS),
    "never fences": _mutant(AS_IT_IS._replace(storage=NeverFences), *_OUTPUTS),
    "reads before it fences": _mutant(AS_IT_IS._replace(far=ReadsBeforeItFences), *_OUTPUTS),
    "takes any chunk": _mutant(AS_IT_IS._replace(task=TakesAnyChunk), *_OUTPUTS, "positions"),
    "never looks for lost chunks": _mutant(AS_IT_IS._replace(task=NeverLooksForLostChunks), "hangs"),
    "believes it is idle": _mutant(AS_IT_IS._replace(task=BelievesItIsIdle), "too early"),
    "forgets event ids": _mutant(_track(ForgetsEventIds), "windows"),
    "tells watermarks first": _mutant(_track(TellsWatermarksFirst), "too early"),
    "forgets what to tell": _mutant(_track(ForgetsWhatToTell), "windows"),
    "forgets what was told": _mutant(_track(ForgetsWhatWasTold), "reminders"),
    "never looks again": _mutant(_track(NeverLooksAgain), "reminders"),
    "forgets where tickets counted": _mutant(_track(ForgetsWhereTicketsCounted), "windows"),
    "forgets the beginning": _mutant(_track(ForgetsTheBeginning), "windows"),
    "forgets answers": _mutant(_track(ForgetsAnswers), "windows"),
    "forgets changes": _mutant(_track(ForgetsChanges), "windows"),
    "forgets emotions": _mutant(_track(ForgetsEmotions), "windows"),
    "follows the fastest": _mutant(_trends(FollowsTheFastest), "too early"),
    "forgets what is open": _mutant(_trends(ForgetsWhatIsOpen), "open"),
}

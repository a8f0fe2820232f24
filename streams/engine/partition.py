"""The life of one partition: take over, apply chunk after chunk in transactions, tick, and on any doubt start over.

Plain asyncio against the log contract. Exactness rests on three things: a take-over fences every older owner before it
reads the state; a chunk is applied only at the expected position; state changes are merged only after a known commit.
"""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from streams.engine.attempt import attempt
from streams.engine.log import CHUNK_RECORDS, Chunk, Fenced, PartitionLog, Position, Record, Refused, Transaction
from streams.engine.stage import Batch, Output, Stage
from streams.engine.state import Overlay, State
from streams.engine.turns import Turns
from streams.engine.waiting import wait_at_most

log = logging.getLogger(__name__)

# What waits for a partition, and what goes into one transaction at most. A transaction costs five requests whatever its
# size, so a backlog goes in larger ones. Chunks of long texts have few records: more of them may wait.
MOST_CHUNKS = 16
MOST_RECORDS = 4 * CHUNK_RECORDS
# How long a stage may hold the event loop at a stretch, in milliseconds. Between two stretches everything else goes on
# by one step: a commit has some ten, a take-over some fifty, and heartbeats must not be late.
STRETCH_MS = 20
FIRST_PIECE = 100
# A slow stage gets fewer chunks into one transaction: all partitions of a process share one processor, and each waits
# for the turns of the others.
TURN_SECONDS = 0.25
TICK_SECONDS = 1.0
TRANSACTION_SECONDS = 20.0
STOP_SECONDS = 10.0
# After being fenced, wait for the group to tell whether we still own the partition: perhaps we are the one who was
# away.
FENCED_SECONDS = 3.0
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.5, 30.0
# Nothing came for this long although something was expected: ask the reader where it is.
QUIET_SECONDS = 2.0

_tokens = itertools.count(1)

Clock = Callable[[], int]
Runner = Callable[[Callable[[], Output]], Awaitable[Output]]


class _Revoked(Exception):
    """The partition was revoked before everything of a transaction was processed. Nothing of it has happened."""


@dataclass
class _Taken:
    """What goes into one transaction: the input up to `next`, of `end` that there is."""

    next: int
    end: int
    newest: int | None
    records: int = 0
    last: Record | None = None
    stage_seconds: float = 0.0


class Watch(Protocol):
    """What a partition task reports. Called after the fact, never in doubt."""

    def took_over(self, partition: int, cause: str, rows: int) -> None: ...
    def expired(self, partition: int, offsets: int) -> None: ...
    def applied(
        self, partition: int, records: int, output: Output, stage_seconds: float, commit_seconds: float
    ) -> None: ...
    def ticked(self, partition: int, state_rows: int, lag: int, newest: int | None, output: Output) -> None: ...
    def given_up(self, partition: int) -> None: ...


class PartitionTask:
    """The owner of one input partition. `run` executes the stage function: the Faust agent, or a plain call."""

    def __init__(
        self,
        stage: Stage,
        partition_log: PartitionLog,
        *,
        run: Runner,
        clock: Clock,
        watch: Watch,
        turns: Turns,
        dead_letters: str,
    ) -> None:
        self.partition = partition_log.partition
        self._stage = stage
        self._log = partition_log
        # In seconds, from wherever the event loop counts.
        self._time = asyncio.get_running_loop().time
        self._run = run
        self._clock = clock
        self._watch = watch
        self._turns = turns
        self._dead_letters = dead_letters

        self._state: State | None = None
        self._expected = 0
        self._persisted = Position(0, 0)
        self._end = 0
        self._newest: int | None = None
        self._piece = FIRST_PIECE

        self._queue: deque[Chunk] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._owned = self._ready = self._taking_over = False
        self._seek_needed = True
        self._token = 0
        self._cause = "assigned"
        self._closed = False
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._quiet_since = self._time()
        self.task = asyncio.create_task(self._live(), name=f"{stage.name}-{self.partition}")

    # -- delivery: called by the reader

    def wants(self) -> bool:
        """Whether another chunk may be delivered."""
        if not self._queue:
            return self._ready
        return self._ready and len(self._queue) < MOST_CHUNKS and self._queued() < MOST_RECORDS

    def deliver(self, chunk: Chunk) -> None:
        """Take a chunk. One that was read before the last seek is dropped: its records come again."""
        if self._ready and chunk.token == self._token:
            self._queue.append(chunk)
            self._wake.set()

    # -- control: called by the runtime

    @property
    def is_over(self) -> bool:
        """Whether it works on the partition no more, and whoever wants to needs another task."""
        return self._closed or self.task.done()

    def assign(self) -> None:
        """The partition is ours, perhaps again."""
        self._owned = self._seek_needed = True
        self._wake.set()

    async def park(self) -> None:
        """The partition is revoked: let a commit that is under way end, and drop what the stage works on, because the
        whole group waits for us. State and producer are kept, because the same partition often comes back at once. That
        is safe: another owner fences our producer before it reads the state.
        """
        self._owned = self._ready = False
        self._queue.clear()
        self._wake.set()
        if self._taking_over:
            # A take-over that ends late would fence the next owner.
            await self.close()
        elif not await wait_at_most(self._idle, STOP_SECONDS):
            log.warning("%s: transaction still running after %.0f s, dropped", self.task.get_name(), STOP_SECONDS)
            await self.close()

    async def close(self) -> None:
        """End the task; what was not committed never happened. One that does not end in time is left to itself."""
        self._closed = True
        self._owned = self._ready = False
        self.task.cancel()
        await asyncio.wait([self.task], timeout=STOP_SECONDS)

    # -- the task

    async def _live(self) -> None:
        try:
            while True:
                if not self._owned:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                try:
                    await self._own()
                except Refused:
                    raise
                except Fenced:
                    await self._doubt("fenced", FENCED_SECONDS)
                except Exception:
                    log.exception("%s: starts over", self.task.get_name())
                    await self._doubt("failure", self._retry_seconds)
                    self._retry_seconds = min(self._retry_seconds * 2, LAST_RETRY_SECONDS)
        finally:
            await self._forget()

    async def _own(self) -> None:
        if self._state is None:
            self._taking_over = True
            try:
                with self._turns.first():
                    await self._take_over()
            finally:
                self._taking_over = False
        if self._seek_needed:
            await self._seek()
        with self._turns.one_more():
            await self._serve()

    async def _take_over(self) -> None:
        began = self._time()
        recovered = await self._log.take_over()
        state = State(self.partition, self._log.partitions, recovered.rows)
        await self._restore(state)
        self._state = state
        self._persisted = recovered.position or Position(-1, 0)
        self._expected = self._persisted.next
        self._newest = self._persisted.last_timestamp if self._persisted.last_timestamp >= 0 else None
        self._seek_needed = True
        self._watch.took_over(self.partition, self._cause, len(recovered.rows))
        log.info(
            "%s: taken over (%s), %d state rows in %.1f s",
            self.task.get_name(),
            self._cause,
            len(recovered.rows),
            self._time() - began,
        )

    async def _restore(self, state: State) -> None:
        """Rebuild what is derived. With a million rows that takes seconds, and heartbeats must go out meanwhile."""
        derived = Overlay(state)
        began = self._clock()
        for _ in self._stage.restore(derived):
            if self._clock() - began >= STRETCH_MS:
                await asyncio.sleep(0)
                began = self._clock()
        state.merge(derived)

    async def _seek(self) -> None:
        self._ready = False
        self._queue.clear()
        self._seek_needed = False
        self._token = next(_tokens)
        found = await self._log.seek(self._expected, self._token)
        if found > self._expected >= 0:
            log.error("%s: %d offsets were removed before they were read", self.task.get_name(), found - self._expected)
            self._watch.expired(self.partition, found - self._expected)
        self._expected = found
        self._end = max(self._end, found)
        self._log.progress(found)
        self._quiet_since = self._time()
        self._ready = self._owned
        self._log.wake()

    async def _serve(self) -> None:
        next_tick, next_apply = self._time() + TICK_SECONDS, 0.0
        while self._owned and not self._seek_needed:
            now = self._time()
            due = bool(self._queue) and (now >= next_apply or self._queued() >= CHUNK_RECORDS)
            ticking = now >= next_tick
            if due or ticking:
                await self._busily(self._go_on(ticking=ticking))
                next_apply = now + self._turns.pause(self._stage.patience)
                next_tick = self._time() + TICK_SECONDS if ticking else next_tick
            else:
                self._wake.clear()
                await wait_at_most(self._wake, (min(next_tick, next_apply) if self._queue else next_tick) - now)

    def _queued(self) -> int:
        return sum(len(chunk.records) for chunk in self._queue)

    async def _busily(self, work: Awaitable[None]) -> None:
        self._idle.clear()
        try:
            await work
        finally:
            self._idle.set()

    async def _go_on(self, *, ticking: bool) -> None:
        """What is queued, and the tick if it is due, in one transaction."""
        if ticking and await self._has_lost_its_reader():
            return
        overlay, output = self._overlay(), Output()
        try:
            taken = await self._take(overlay, output)
        except _Revoked:
            return
        if ticking:
            await self._tick(taken, overlay, output)
        position = None
        if taken.last is not None:
            applied = self._persisted.applied + taken.records
            position = Position(taken.next, applied, taken.last.offset, taken.last.timestamp)
        if position or output.records or overlay.logged():
            began = self._time()
            await self._commit(overlay, output, position)
            self._watch.applied(self.partition, taken.records, output, taken.stage_seconds, self._time() - began)
        else:
            self._known_state().merge(overlay)
        self._expected, self._end, self._newest = taken.next, taken.end, taken.newest
        self._log.progress(taken.next)
        if ticking:
            self._watch.ticked(self.partition, len(self._known_state()), taken.end - taken.next, taken.newest, output)

    async def _take(self, overlay: Overlay, output: Output) -> "_Taken":
        """Run the stage on what is queued, as much as goes into one transaction."""
        taken = _Taken(self._expected, self._end, self._newest)
        if self._queue:
            self._quiet_since = self._time()
        for _ in range(MOST_CHUNKS):
            is_full = taken.records >= MOST_RECORDS or taken.stage_seconds >= TURN_SECONDS
            chunk = None if is_full else self._next_chunk(taken.next)
            if chunk is None:
                break
            records = [record for record in chunk.records if record.offset >= taken.next]
            if records:
                taken.stage_seconds += await self._process(records, overlay, output)
                taken.last, taken.newest = records[-1], records[-1].timestamp
                taken.records += len(records)
            taken.next, taken.end = chunk.next, max(chunk.end, chunk.next)
        return taken

    def _next_chunk(self, reached: int) -> Chunk | None:
        """The chunk that begins at `reached`. What was applied already is dropped; a gap means to seek again."""
        while self._queue:
            chunk = self._queue.popleft()
            self._log.wake()
            if chunk.token != self._token or chunk.next <= reached:
                continue
            if chunk.start > reached:
                log.warning("%s: expected %d, got %d", self.task.get_name(), reached, chunk.start)
                self._seek_needed = True
                return None
            return chunk
        return None

    async def _process(self, records: Sequence[Record], overlay: Overlay, output: Output) -> float:
        """Run the stage on records of one chunk, piece by piece; returns the seconds that it took."""
        seconds = 0.0
        done = 0
        while done < len(records):
            piece = records[done : done + self._piece]
            done += len(piece)
            await self._turns.give_way()
            if not self._owned:
                raise _Revoked
            began = self._time()
            output.extend(await self._run(partial(self._attempt, piece, overlay)))
            seconds += self._time() - began
        return seconds

    def _attempt(self, piece: Sequence[Record], overlay: Overlay) -> Output:
        now = self._clock()
        batch = Batch(self._stage.input, self.partition, piece)
        output = attempt(self._stage, batch, overlay, now, self._dead_letters)
        elapsed = self._clock() - now
        if elapsed > STRETCH_MS:
            self._piece = max(1, len(piece) * STRETCH_MS // elapsed)
        elif len(piece) == self._piece:
            self._piece = min(2 * self._piece, CHUNK_RECORDS)
        return output

    async def _has_lost_its_reader(self) -> bool:
        """Whether something was lost on the way that no later chunk has revealed: then seek again."""
        if self._queue or self._time() - self._quiet_since <= QUIET_SECONDS:
            return False
        delivered = await self._log.delivered()
        if delivered == self._expected or self._queue:
            return False
        log.warning("%s: expected %d, reader is at %d", self.task.get_name(), self._expected, delivered)
        self._seek_needed = True
        return True

    async def _tick(self, taken: "_Taken", overlay: Overlay, output: Output) -> None:
        end = await self._log.end()
        taken.end = max(taken.end, taken.next, end if end is not None else 0)
        idle = end is not None and taken.end == taken.next and not self._queue
        now = self._clock()
        if not idle and taken.newest is not None:
            # A backlog must not be judged by a clock that ran ahead of it.
            now = min(now, taken.newest)
        trial = overlay.nested()
        try:
            made = await self._run(lambda: self._stage.tick(now, idle, trial))
        except Exception:
            # No record is to blame and events must go on: the next tick tries again.
            log.exception("%s: tick failed", self.task.get_name())
            return
        overlay.absorb(trial)
        output.extend(made)

    async def _commit(self, overlay: Overlay, output: Output, position: Position | None) -> None:
        async with asyncio.timeout(TRANSACTION_SECONDS):
            await self._log.commit(Transaction(output.records, overlay.logged(), position))
        self._known_state().merge(overlay)
        if position is not None:
            self._persisted = position
        self._retry_seconds = FIRST_RETRY_SECONDS

    async def _doubt(self, cause: str, seconds: float) -> None:
        log.warning("%s: %s, takes over again in %.1f s", self.task.get_name(), cause, seconds)
        await self._forget()
        self._cause = cause
        await asyncio.sleep(seconds)

    async def _forget(self) -> None:
        """Drop everything that was not read back from the log: the next take-over reads the truth."""
        self._ready = False
        self._queue.clear()
        self._state = None
        self._watch.given_up(self.partition)
        await self._log.release()

    def _overlay(self) -> Overlay:
        return Overlay(self._known_state())

    def _known_state(self) -> State:
        if self._state is None:
            raise RuntimeError("the partition has not been taken over")
        return self._state

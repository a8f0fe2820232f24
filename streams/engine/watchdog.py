"""Ends a worker that stands still although work waits, after it has said why; whoever started it starts it again.

A worker owes progress while its partitions have records that may be read. It makes progress when the applied position
of a partition moves, when a take-over reads further into the changelog than any has since then, and when the group
assigns partitions. A thread of its own asks the broker, because the event loop may be what stands still, and because
what the worker's own client believes of the log's end may be wrong. While the broker does not answer nothing could
move, and a restart would not help: the time begins anew with its first answer.
"""

import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from threading import Event, Thread, Timer
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from sinks.kafka_cluster import Brokers, client_arguments
from streams.engine.stacks import describe_stacks

log = logging.getLogger(__name__)

# The process ends with this code (EX_TEMPFAIL: to be tried again), or by SIGPROF when the interpreter itself is stuck.
STALLED: Final = 75
# How often it looks within the time that a worker may stand still, and how long an answer of the broker may take.
_LOOKS = 6
_LONGEST_INTERVAL = 10.0
_ANSWER_SECONDS = 5.0
# What stands still may hold the log's lock.
_LAST_WORDS_SECONDS = 1.5
# Together with the last words less than the 15 s that a supervisor waits.
_STOP_SECONDS = 13.0

Ends = Mapping[int, int]


class Progress(NamedTuple):
    """How far a partition is: how often it was assigned, the applied position if it was taken over, and the furthest
    position in the changelog that a take-over has read since then.
    """

    assignment: int
    applied: int | None = None
    recovered: int = -1


class Pulse:
    """How far each partition of this process is: told by the event loop, looked at by the watchdog's thread."""

    def __init__(self) -> None:
        self._progress: dict[int, Progress] = {}
        self._assignments = 0

    def assigned(self, partitions: Iterable[int]) -> None:
        """These are ours, perhaps again, and no others."""
        self._assignments += 1
        self._progress = {partition: Progress(self._assignments) for partition in partitions}

    def applied(self, partition: int, position: int) -> None:
        """Everything before `position` is applied."""
        before = self._progress.get(partition)
        if before is not None and before.applied != position:
            self._progress[partition] = Progress(before.assignment, position)

    def recovering(self, partition: int, position: int) -> None:
        """A take-over has read the changelog up to here. One that begins again and again makes no progress."""
        before = self._progress.get(partition)
        if before is not None and position > before.recovered:
            self._progress[partition] = before._replace(recovered=position)

    def progress(self) -> dict[int, Progress]:
        """Of each partition that is ours, as it is now."""
        return self._progress.copy()


class Stall:
    """Which partitions stand still. Pure: times are seconds of any clock that only rises."""

    def __init__(self, limit: float, longest_gap: float) -> None:
        self._limit = limit
        self._longest_gap = longest_gap
        self._since: dict[int, tuple[Progress, float]] = {}
        self._read: dict[int, int] = {}
        self._looked = 0.0

    def unknown(self) -> None:
        """The broker does not answer: nothing could have moved."""
        self._since.clear()

    def look(self, now: float, progress: Mapping[int, Progress], ends: Ends) -> list[int]:
        """The partitions that have made no progress for the limit although records waited all the time.

        `ends` are the ends of what may be read. When the last look is longer ago than the longest gap, the whole
        process was held, which is no fault of a stage: the time begins anew. So it does while a take-over reads on,
        because the other partitions of the process wait for it.
        """
        read = {partition: each.recovered for partition, each in progress.items()}
        reads_on = any(position > self._read.get(partition, -1) for partition, position in read.items())
        if reads_on or now - self._looked > self._longest_gap:
            self._since.clear()
        self._read, self._looked = read, now
        waiting = {
            partition: each
            for partition, each in progress.items()
            if each.applied is None or ends.get(partition, 0) > each.applied
        }
        self._since = {
            partition: before if (before := self._since.get(partition, (each, now)))[0] == each else (each, now)
            for partition, each in waiting.items()
        }
        return sorted(partition for partition, (_, since) in self._since.items() if now - since >= self._limit)


class Watched(NamedTuple):
    """What a worker reads, and how many seconds it may stand still; 0: any."""

    brokers: Brokers
    source: str
    changelog: str
    limit: float


class Watchdog:
    """Watches from `start` on, in a thread; made in the event loop that is watched."""

    def __init__(self, watched: Watched, pulse: Pulse) -> None:
        self._watched = watched
        self._pulse = pulse
        self._loop = asyncio.get_running_loop()
        self._interval = min(_LONGEST_INTERVAL, watched.limit / _LOOKS)
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Watch from now on, unless it may stand still for ever."""
        if not self._watched.limit:
            return
        # Without the interpreter: the handler writes the stacks of all threads, then the signal ends the process.
        faulthandler.register(signal.SIGPROF, all_threads=True, chain=True)
        self._thread.start()

    @contextlib.contextmanager
    def stopping(self) -> Iterator[None]:
        """The block is a stop in order, which is no stall. It has 13 seconds: whoever asked for it kills soon after
        that, and a broker that hangs would take longer. Nothing is lost by an end without it: the next owner does again
        what was not committed, but has to wait until the group misses us.
        """
        self._stopped.set()
        _allow_processor_time(0.0)
        deadline = Timer(_STOP_SECONDS, self._end_without_order)
        deadline.daemon = True
        deadline.start()
        try:
            yield
        finally:
            deadline.cancel()

    def _run(self) -> None:
        try:
            asyncio.run(self._keep_watching())
        except Exception:
            # The worker does not depend on it.
            log.exception("the watchdog of %s ends", self._watched.source)
            _allow_processor_time(0.0)

    async def _keep_watching(self) -> None:
        allowing = asyncio.create_task(self._keep_allowing())
        try:
            await self._look_again_and_again()
        finally:
            allowing.cancel()

    async def _keep_allowing(self) -> None:
        # A stage that never gives the interpreter back stops this thread too, but not the count of its time. A broker
        # that does not answer stops only the looks: clients that try to reach it need much of that time.
        while not self._stopped.is_set():
            _allow_processor_time(self._watched.limit)
            await asyncio.sleep(self._interval)

    async def _look_again_and_again(self) -> None:
        stall = Stall(self._watched.limit, 3 * self._interval + _ANSWER_SECONDS)
        async with contextlib.AsyncExitStack() as stack:
            ask = _asking(self._watched, stack)
            while not self._stopped.is_set():
                await asyncio.sleep(self._interval)
                progress = self._pulse.progress()
                ends = await ask(progress)
                if ends is None:
                    stall.unknown()
                elif stalled := stall.look(time.monotonic(), progress, ends):
                    self._give_up(stalled, progress, ends)
                    return

    def _give_up(self, stalled: list[int], progress: Mapping[int, Progress], ends: Ends) -> None:
        if self._stopped.is_set():
            return
        _end_soon()
        for partition in stalled:
            log.critical(
                "%s-%d: at %s of %d, and nothing has moved for %.0f s; this process ends with code %d, to be started "
                "again. What it was doing:",
                self._watched.source,
                partition,
                progress[partition].applied,
                ends.get(partition, 0),
                self._watched.limit,
                STALLED,
            )
        self._say_what_it_does_and_end()

    def _end_without_order(self) -> None:
        _end_soon()
        log.critical(
            "%s: a stop in order takes longer than %.0f s; this process ends with code %d. What it was doing:",
            self._watched.source,
            _STOP_SECONDS,
            STALLED,
        )
        self._say_what_it_does_and_end()

    def _say_what_it_does_and_end(self) -> None:
        for line in describe_stacks(self._loop):
            log.critical("%s", line)
        os._exit(STALLED)


Ask = Callable[[Iterable[int]], Awaitable[Ends | None]]


def _asking(watched: Watched, stack: contextlib.AsyncExitStack) -> Ask:
    """How to ask for the ends of partitions: of what may be read, transactions under way excluded. None: no answer.

    The changelog is asked about too, because without it nothing can be committed.
    """
    connected: list[AIOKafkaConsumer] = []

    async def ask(partitions: Iterable[int]) -> Ends | None:
        sources = [TopicPartition(watched.source, partition) for partition in partitions]
        changelogs = [TopicPartition(watched.changelog, source.partition) for source in sources]
        if not sources:
            return {}
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                if not connected:
                    connected.append(await stack.enter_async_context(_connection(watched.brokers)))
                found = await connected[0].end_offsets([*sources, *changelogs])
        except Exception as error:
            # Whatever it is, it is no answer, and a watchdog must not end by it.
            log.info("the watchdog cannot ask for the end of %s: %r", watched.source, error)
            connected.clear()
            with contextlib.suppress(Exception):
                await stack.aclose()
            return None
        return {source.partition: found[source] for source in sources}

    return ask


@contextlib.asynccontextmanager
async def _connection(brokers: Brokers) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **client_arguments(brokers),
        group_id=None,
        isolation_level="read_committed",
        enable_auto_commit=False,
        request_timeout_ms=int(_ANSWER_SECONDS * 1000),
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


def _end_soon() -> None:
    """Whatever becomes of the last words."""
    timer = Timer(_LAST_WORDS_SECONDS, os._exit, [STALLED])
    timer.daemon = True
    timer.start()


def _allow_processor_time(seconds: float) -> None:
    """Let SIGPROF end the process when it has taken so much processor time from now on; 0 for never."""
    signal.setitimer(signal.ITIMER_PROF, seconds)

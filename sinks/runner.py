"""The loop of every sink: collect, write, commit. At least once; an idempotent sink makes it exactly once."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Sequence

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from sinks.base import Burial, Message, Sink, Source, Unavailable
from sinks.pauses import doubled
from sinks.prometheus import CONSUMER_LAG, SINK_RETRIES

log = logging.getLogger(__name__)

# One batch in memory: rows may be a megabyte each.
MAX_BYTES = 64 * 1_048_576
LONGEST_RETRY = 10.0
# How long the loop may take to notice that it is to stop.
_POLL_SECONDS = 0.2
_LAG_SECONDS = 2.0
# Writes start at most this many times in `max_seconds`: each leaves a part that the database must merge.
_WRITES_IN_A_PERIOD = 2


async def run_sink(
    source: Source,
    sink: Sink,
    burial: Burial,
    *,
    max_rows: int,
    max_seconds: float,
    stop: asyncio.Event,
    group: str = "",
) -> None:
    """Carry messages from `source` to `sink` until `stop` is set; then write what was collected, commit and return.

    A lone message is written at once. While messages keep coming, a batch ends at `max_rows` or 64 MB, or after
    `max_seconds`, or as soon as nothing waits and `max_seconds` / 4 have passed since the last batch ended. While the
    sink is unavailable nothing is polled or committed; the batch is kept and tried again with a growing delay of at
    most 10 s, or as long as the sink asks. What the sink refuses goes to `burial` before the batch is committed, at
    least once. `group` is the label of the lag; it defaults to the sink's name. Starts and stops the source, and gives
    up to start it when `stop` is set; the caller closes the sink. Any other error of the source or the sink is raised.
    """
    loop = _Loop(source, sink, burial, max_rows, max_seconds, stop)
    if not await _started(source, stop):
        return
    watch = asyncio.create_task(loop.watch_lag(group or sink.name))
    try:
        await loop.run()
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        await source.stop()


async def _started(source: Source, stop: asyncio.Event) -> bool:
    """Start it, unless `stop` is set before that is done; whether it has started."""
    starting, stopping = asyncio.create_task(source.start()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        starting.cancel()
        stopping.cancel()
        await asyncio.wait([starting, stopping])
    if starting.cancelled():
        return False
    starting.result()
    return True


class _Loop:
    def __init__(
        self, source: Source, sink: Sink, burial: Burial, max_rows: int, max_seconds: float, stop: asyncio.Event
    ) -> None:
        self._source = source
        self._sink = sink
        self._burial = burial
        self._max_rows = max_rows
        self._max_seconds = max_seconds
        self._stop = stop
        # Prometheus sees no rise in a series that begins with 1.
        SINK_RETRIES.labels(sink.name)
        self._held: Sequence[Message] = ()
        self._not_before = 0.0

    async def run(self) -> None:
        while not self._stop.is_set():
            if await self._collect() and await self._write():
                await self._source.commit()
            self._held = ()

    async def watch_lag(self, group: str) -> None:
        """Report the messages that are not written yet, also while none are."""
        while True:
            try:
                waiting = Counter(await self._source.lag())
            except Exception:
                # The figure is old then; the sink does not depend on it.
                log.exception("the lag of %s cannot be read", group)
            else:
                held = Counter(message.topic for message in self._held)
                for topic in self._sink.topics:
                    CONSUMER_LAG.labels(group, topic).set(waiting[topic] + held[topic])
            await asyncio.sleep(_LAG_SECONDS)

    async def _collect(self) -> bool:
        """Hold the next batch; whether there is one: not when nothing came for a moment."""
        # What is collected is no longer waiting and not yet written: the lag counts it from here on.
        self._held = batch = list(await self._source.poll(self._max_rows, _POLL_SECONDS))
        first = time.monotonic()
        due = min(self._not_before, first + self._max_seconds)
        size = _bytes(batch)
        while batch and len(batch) < self._max_rows and size < MAX_BYTES and not self._stop.is_set():
            now = time.monotonic()
            if now >= first + self._max_seconds:
                break
            more = await self._source.poll(self._max_rows - len(batch), min(max(0.0, due - now), _POLL_SECONDS))
            if not more and time.monotonic() >= due:
                break
            batch += more
            size += _bytes(more)
        self._not_before = time.monotonic() + self._max_seconds / _WRITES_IN_A_PERIOD
        return bool(batch)

    async def _write(self) -> bool:
        """Whether the batch is stored. False only when it is to stop while the sink is unavailable."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=pause_before,
            stop=lambda _: self._stop.is_set(),
            sleep=self._sleep,
            before_sleep=self._report,
            reraise=True,
        )
        try:
            await retrying(self._store)
        except Unavailable as error:
            log.warning("%s stops with %d messages not written: %s", self._sink.name, len(self._held), error)
            return False
        return True

    async def _store(self) -> None:
        refused = await self._sink.write(self._held)
        if refused:
            await self._burial.bury(refused)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _report(self, attempt: RetryCallState) -> None:
        SINK_RETRIES.labels(self._sink.name).inc()
        log.warning("%s holds %d messages and tries again: %s", self._sink.name, len(self._held), _error_of(attempt))


def pause_before(attempt: RetryCallState) -> float:
    """Seconds until the next try: what the destination asks for, and longer with each that fails."""
    asked = _error_of(attempt).retry_after
    return max(asked, doubled(asked, attempt.attempt_number - 1, LONGEST_RETRY))


def _error_of(attempt: RetryCallState) -> Unavailable:
    error = attempt.outcome.exception() if attempt.outcome else None
    assert isinstance(error, Unavailable)  # noqa: S101 - nothing else is retried
    return error


def _bytes(messages: Sequence[Message]) -> int:
    return sum(len(message.value or b"") + len(message.key or b"") for message in messages)

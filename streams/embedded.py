"""Everything in one process, without Java and without a broker: `ticketpulse up --embedded`.

The same stages, partition tasks, sink, gateway and page as with Kafka, over the local log. For try-outs, laptops and
demonstrations: one process has one processor's speed, and nobody takes over when it dies; it goes on at the next start.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from streams import topics
from streams.app import wall_clock
from streams.config import Settings
from streams.embedded_server import serving
from streams.engine.local import LocalLog, LocalWorker, LocalWriter, SqliteStorage
from streams.engine.stage import Output
from streams.engine.telemetry import PrometheusWatch
from streams.feed import Feed, conversations, load_complaints
from streams.gateway.app import create_app as create_gateway
from streams.gateway.server import address_of, listen
from streams.run_lock import only_one
from streams.stages import STAGES, build_stage

EXPIRE_SECONDS = 60.0

Task = asyncio.Task[None]


def run(settings: Settings, *, rate: float | None) -> None:
    """Run until SIGINT or SIGTERM, then stop cleanly; a second run goes on where the first ended, however it did.

    Events, state and positions are in `<local_dir>/embedded`. With a `rate` (events a second) a feed of complaints is
    sent as well. Raises AlreadyRunning when another process has the folder, Refused when the number of partitions was
    changed, and OSError when a port is taken.
    """
    folder = settings.local_dir / "embedded"
    about = {"gateway": f"{settings.host}:{settings.gateway_port}", "page": f"{settings.host}:{settings.page_port}"}
    with only_one(folder, **about):
        asyncio.run(_run(settings, rate, folder))


async def _run(settings: Settings, rate: float | None, folder: Path) -> None:
    """Start from the log outwards; stop in reverse, so that nothing that was accepted waits for a part that is gone."""
    async with AsyncExitStack() as stack:
        stopping = _stop_on_signals(stack)
        log = open_log(folder / "log.sqlite", settings)
        stack.callback(log.close)
        running = [await stack.enter_async_context(_background(_expire(log), "retention"))]
        for worker in _workers(log, settings, stack):
            running.append(await stack.enter_async_context(_working(worker)))
        writer = LocalWriter(log, topics.EVENTS)
        listener = stack.enter_context(listen(settings.host, settings.gateway_port))
        running.append(await stack.enter_async_context(serving(create_gateway(writer), listener)))
        _say(f"gateway {address_of(listener)}/api/v1/events")
        if rate is not None:
            running.append(await stack.enter_async_context(_background(_feed(writer, rate), "feed")))
        running.append(await stack.enter_async_context(_background(_until(stopping), "signal")))
        ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        _say("stopping")
        for task in ended:
            task.result()


def open_log(path: Path, settings: Settings) -> LocalLog:
    """The log in a file, with every topic that the pipeline has."""
    log = LocalLog(SqliteStorage(path), wall_clock)
    for topic in topics.ALL:
        if "retention.ms" in topic.settings:
            log.create(topic.name, settings.partitions, int(topic.settings["retention.ms"]))
    return log


def _workers(log: LocalLog, settings: Settings, stack: AsyncExitStack) -> list[LocalWorker]:
    # On a thread of their own, so that the gateway answers while texts are scored; one, because they share a processor.
    stage_thread = stack.enter_context(ThreadPoolExecutor(1, "stage"))

    async def run_in_thread(function: Callable[[], Output]) -> Output:
        return await asyncio.get_running_loop().run_in_executor(stage_thread, function)

    stages = [build_stage(name, settings) for name in STAGES]
    return [
        LocalWorker(
            log,
            stage,
            clock=wall_clock,
            watch=PrometheusWatch(stage, f"{settings.name}-{stage.name}", wall_clock),
            dead_letters=topics.DEAD_LETTERS,
            run=run_in_thread,
        )
        for stage in stages
    ]


@asynccontextmanager
async def _working(worker: LocalWorker) -> AsyncIterator[Task]:
    await worker.start()
    try:
        async with _background(worker.failure(), "worker") as failure:
            yield failure
    finally:
        await worker.stop()


@asynccontextmanager
async def _background(part: Coroutine[None, None, None], name: str) -> AsyncIterator[Task]:
    """A task that is cancelled at the end. Who waits for it sees how it failed."""
    task = asyncio.create_task(part, name=name)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _expire(log: LocalLog) -> None:
    while True:
        # A bounded number at a time: what is left goes on at once, after whoever else wants to run.
        seconds = 0 if log.expire() else EXPIRE_SECONDS
        await asyncio.sleep(seconds)


async def _feed(writer: LocalWriter, rate: float) -> None:
    complaints = load_complaints()
    began = wall_clock()
    feed = Feed(writer, lambda: datetime.now(UTC))
    await feed.run(conversations(complaints, seed=began, run=f"{began:x}"), rate)


async def _until(stopping: asyncio.Event) -> None:
    await stopping.wait()


def _stop_on_signals(stack: AsyncExitStack) -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
        stack.callback(loop.remove_signal_handler, number)
    return stopping


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

"""The parts of the embedded process: how they are started, watched and stopped."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from starlette.types import ASGIApp

from sinks.clickhouse.console import listening
from sinks.dashboard.app import create_page
from streams import topics
from streams.access import gate_of
from streams.clock import wall_clock
from streams.config import Settings
from streams.demo.feed import Feed, conversations, load_complaints
from streams.doors import doorkeeper_of, kept_by
from streams.embedded.storing import clickhouse_url, open_clickhouse, storing
from streams.engine.local import LocalLog, LocalSource, LocalWorker, LocalWriter, SqliteStorage
from streams.engine.stage import Output, Stage
from streams.engine.telemetry import PrometheusWatch
from streams.enriching.running import run_enriching
from streams.gateway.app import create_app as create_gateway
from streams.gateway.local_answers import LocalAnswers
from streams.gateway.writer import EventWriter
from streams.http_server import address_of, listen, serving
from streams.learning.challengers import follow_challengers
from streams.llm.summarising import summary_writer_of
from streams.llm.wiring import assistant_of
from streams.notify.local_outbox import LocalOutbox
from streams.notify.sending import run_sender
from streams.policies import (
    experiments_of,
    library_source,
    model_source,
    notify_source,
    policy_source,
    redaction_source,
)
from streams.reanalysis.wiring import service_of
from streams.reporting import reporter_of
from streams.retention import read_retention
from streams.stages import STAGES, build_stage, follower
from streams.tenancy.wiring import quotas_of
from streams.up.run_lock import only_one

EXPIRE_SECONDS = 60.0

Task = asyncio.Task[None]


def run(settings: Settings, *, rate: float | None) -> None:
    """Run until SIGINT or SIGTERM, then stop cleanly; a second run goes on where the first ended, however it did.

    Everything that is kept is in `<local_dir>/embedded`. With a `rate` (events a second) a feed of complaints is
    sent as well. Raises AlreadyRunning when another process has the folder, Refused when the number of partitions was
    changed, CannotOpen when ClickHouse is not to be had, and OSError when a port is taken.
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
        open_client = await open_clickhouse(settings, folder)
        running.append(await stack.enter_async_context(storing(log, settings, open_client)))
        await stack.enter_async_context(listening(clickhouse_url(settings, folder)))
        policies, targets, library = policy_source(settings), notify_source(settings), library_source(settings)
        models, redaction = model_source(settings), redaction_source(settings)
        stages = [build_stage(name, settings, policies.read()) for name in STAGES]
        for worker in _workers(log, stages, settings, stack):
            running.append(await stack.enter_async_context(_working(worker)))
        for stage in stages:
            if (follow := follower(stage, policies, targets, library, models, redaction)) is not None:
                await stack.enter_async_context(_background(follow(), f"{stage.name}-files"))
            if (follow := follow_challengers(settings, stage)) is not None:
                await stack.enter_async_context(_background(follow(), f"{stage.name}-challengers"))
        send = run_sender(partial(LocalOutbox, log), notify_source(settings), settings.notify, asyncio.Event())
        running.append(await stack.enter_async_context(_background(send, "sender")))
        if (assistant := assistant_of(settings)) is not None:
            stack.push_async_callback(assistant.close)
            source, readings = LocalSource(log, "enrich", [topics.SCORED]), LocalWriter(log, topics.ENRICHMENTS)
            reading = run_enriching(settings, assistant, source, readings, asyncio.Event())
            running.append(await stack.enter_async_context(_background(reading, "enrich")))
        access = gate_of(settings, LocalWriter(log, topics.AUDIT))
        corrections = LocalWriter(log, topics.CORRECTIONS)
        page = create_page(
            partial(open_client, readonly=True),
            corrections=corrections,
            suggestions=settings.suggestions,
            uses=LocalWriter(log, topics.SUGGESTIONS),
            access=access,
            experiments=experiments_of(settings),
            reanalyses=service_of(settings, open_client),
            summaries=summary_writer_of(settings),
            reporter=reporter_of(settings, partial(open_client, readonly=True), LocalWriter(log, topics.NOTICES)),
        )
        running.append(await _serve("page", page, settings.host, settings.page_port, stack))
        writer, keeper = LocalWriter(log, topics.EVENTS), doorkeeper_of(settings)
        gateway = create_gateway(
            writer,
            LocalAnswers(log),
            token=settings.service_token,
            webhook_secrets=settings.webhook_secrets,
            answer_seconds=settings.answer_seconds,
            access=access,
            quotas=quotas_of(settings),
            signed_tenants=settings.signed_tenants,
            keeper=keeper,
        )
        running.append(await _serve("gateway", gateway, settings.host, settings.gateway_port, stack))
        if rate is not None:
            running.append(await stack.enter_async_context(_background(_feed(kept_by(keeper, writer), rate), "feed")))
        running.append(await stack.enter_async_context(_background(_until(stopping), "signal")))
        ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        _say("stopping")
        for task in ended:
            task.result()


async def _serve(name: str, app: ASGIApp, host: str, port: int, stack: AsyncExitStack) -> Task:
    listener = stack.enter_context(listen(host, port))
    task = await stack.enter_async_context(serving(app, listener))
    _say(f"{name} {address_of(listener)}")
    return task


def open_log(path: Path, settings: Settings) -> LocalLog:
    """The log in a file, with every topic that the pipeline has."""
    log = LocalLog(SqliteStorage(path), wall_clock)
    for topic in read_retention(settings.retention).of_topics(topics.ALL):
        if "retention.ms" in topic.settings:
            log.create(topic.name, settings.partitions, int(topic.settings["retention.ms"]))
    return log


def _workers(log: LocalLog, stages: list[Stage], settings: Settings, stack: AsyncExitStack) -> list[LocalWorker]:
    # On a thread of their own, so that the gateway answers while texts are scored; one, because they share a processor.
    stage_thread = stack.enter_context(ThreadPoolExecutor(1, "stage"))

    async def run_in_thread(function: Callable[[], Output]) -> Output:
        return await asyncio.get_running_loop().run_in_executor(stage_thread, function)

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
        seconds = EXPIRE_SECONDS
        try:
            # A bounded number at a time: what is left goes on at once, after whoever else wants to run.
            seconds = 0 if log.expire() else EXPIRE_SECONDS
        except OSError as error:
            # To delete takes space as well.
            _say(f"retention waits: {error}")
        await asyncio.sleep(seconds)


async def _feed(writer: EventWriter, rate: float) -> None:
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

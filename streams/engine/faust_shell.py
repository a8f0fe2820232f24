"""The Faust application around a stage: its agent runs the stage function, its service reads Kafka and owns the
partitions.

Faust keeps what it is good at: the app, agents, channels, services and the worker's life cycle. Its own consumer,
producer and web server are left out by its public boot strategy; the log beneath is ours.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterable, Awaitable, Callable
from functools import partial
from typing import Any, Final, NamedTuple

import faust
import uvloop
from aiokafka.errors import KafkaError
from mode import Service

from sinks.kafka_reach import reach
from sinks.kafka_rights import not_allowed
from streams.engine.garbage import collect_garbage_seldom
from streams.engine.kafka_connections import expect_closed_transports
from streams.engine.kafka_log import KafkaLog, KafkaStage, Reader
from streams.engine.kafka_reader import KafkaReader
from streams.engine.log import PartitionLog, Refused
from streams.engine.memory_bound import OUTGROWN, MemoryBound
from streams.engine.partition import Clock, PartitionTask
from streams.engine.runtime import Runtime
from streams.engine.stage import Output, Stage
from streams.engine.telemetry import PrometheusWatch
from streams.engine.turns import Turns
from streams.engine.watchdog import Watchdog, Watched

log = logging.getLogger(__name__)

_FAILED: Final = 1


class Job(NamedTuple):
    """A stage function to run and where its result goes."""

    function: Callable[[], Output]
    done: "asyncio.Future[Output]"

    def run(self) -> None:
        """Run it, unless the partition task has given up waiting."""
        if self.done.done():
            return
        try:
            self.done.set_result(self.function())
        except Exception as error:
            self.done.set_exception(error)


class Parts(NamedTuple):
    """What a partition is served by: its log and its task. Workers that are to fail on purpose are made of others."""

    log: Callable[[KafkaStage, int, int, Reader], PartitionLog] = KafkaLog
    task: Callable[..., PartitionTask] = PartitionTask


AS_IT_IS: Final = Parts()


class StageApp(faust.App):
    """A Faust app without Faust's own Kafka clients and web server."""

    class BootStrategy(faust.app.BootStrategy):
        """Leaves out what the log beneath replaces."""

        enable_kafka_consumer = False
        enable_kafka_producer = False
        enable_web = False

    exit_code = 0

    def stop_outgrown(self) -> None:
        """Stop as at SIGTERM, but with a code that says why. May be called from any thread."""
        self._stop_with(OUTGROWN)

    def stop_refused(self, why: Exception) -> None:
        """Say why it cannot go on, and stop as at SIGTERM, but with the code of a failure."""
        log.critical("%s", why)
        self._stop_with(_FAILED)

    def _stop_with(self, code: int) -> None:
        self.exit_code = code
        os.kill(os.getpid(), signal.SIGTERM)

    def _create_directories(self) -> None:
        """None: they are for tables of Faust's own, and a worker may run where nothing can be written."""


def build_app(
    stage: Stage,
    layout: KafkaStage,
    *,
    session_seconds: float,
    clock: Clock,
    dead_letters: str,
    beside: Callable[[], Awaitable[None]] | None = None,
    stalled_after: float = 0.0,
    memory_limit: int = 0,
    broker_patience: float = 0.0,
    parts: Parts = AS_IT_IS,
) -> StageApp:
    """The application of one stage, ready for a worker. `beside` runs in the same event loop until the worker stops.

    When nothing moves for `stalled_after` seconds although records wait, the process ends (`watchdog.STALLED`); when it
    takes more than `memory_limit` MiB it stops in order (`memory_bound.OUTGROWN`). 0 for never. A broker that does not
    answer while the worker joins its group is tried again for `broker_patience` seconds.
    """
    app = StageApp(
        layout.application,
        broker=f"kafka://{layout.brokers}",
        web_enabled=False,
        store="memory://",
        topic_disable_leader=True,
        autodiscover=False,
    )
    jobs: Any = app.channel(maxsize=64)

    async def work(stream: AsyncIterable[Job]) -> None:
        async for job in stream:
            job.run()
            # A filled channel never suspends: heartbeats and commits of other partitions need their turn.
            await asyncio.sleep(0)

    # An agent without a name would be named after its module.
    app.agent(jobs, name=stage.name)(work)

    async def run_in_agent(function: Callable[[], Output]) -> Output:
        done: asyncio.Future[Output] = asyncio.get_running_loop().create_future()
        await jobs.put(Job(function, done))
        return await done

    class Source(Service):
        """Reads the stage's input and drives its partition tasks."""

        async def on_start(self) -> None:
            # Faust resumes it after a recovery, which this app does not have.
            app.flow_control.resume()
            self._turns = Turns()
            self._reader = KafkaReader(layout, self._turns, session_seconds)
            self._watch = PrometheusWatch(stage, layout.application, clock)
            self._runtime = Runtime(self._start_task)
            watched = Watched(layout.brokers, layout.source, layout.changelog, limit=stalled_after)
            self._watchdog = Watchdog(watched, self._reader.pulse)
            self._watchdog.start()
            self._bound = MemoryBound(layout.source, memory_limit, app.stop_outgrown)
            self._bound.start()
            await reach(partial(self._reader.start, self._runtime), layout.brokers, broker_patience)

        async def on_stop(self) -> None:
            self._bound.stop()
            with self._watchdog.stopping():
                await self._runtime.rest()
                # The sooner the group knows, the sooner others go on: connections are closed afterwards.
                await self._reader.stop()
                await self._runtime.close()

        def _start_task(self, partition: int) -> PartitionTask:
            return parts.task(
                stage,
                parts.log(layout, partition, self._reader.partitions(), self._reader),
                run=run_in_agent,
                clock=clock,
                watch=self._watch,
                turns=self._turns,
                dead_letters=dead_letters,
            )

        @Service.task
        async def _pump(self) -> None:
            try:
                await self._reader.pump(lambda: bool(self.should_stop))
            except KafkaError as error:
                if (missing := not_allowed(error, "READ", stage.name)) is None:
                    raise
                app.stop_refused(missing)

        @Service.task
        async def _fail_with_tasks(self) -> None:
            try:
                await self.wait_first(self._runtime.failed)
                if self._runtime.failed.done():
                    self._runtime.failed.result()
            except Refused as refusal:
                app.stop_refused(refusal)

    app.service(Source)
    if beside is not None:
        app.task(beside)
    return app


def run_worker(app: StageApp, **worker: Any) -> None:
    """Run the app until SIGTERM or SIGINT; a crash exits the process with a code other than 0."""
    collect_garbage_seldom()
    expect_closed_transports()
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        faust.Worker(app, loop=loop, **worker).execute_from_commandline()
    except SystemExit as ended:
        raise SystemExit(ended.code or app.exit_code) from None

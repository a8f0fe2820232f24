"""Workers of all stages on a fresh broker, the events that flow through them, and the reckoning."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from aiokafka.errors import KafkaError

from streams.up.local_kafka import LocalKafka
from tests.soak.cluster import STAGES, WAY, Cluster
from tests.soak.feed import Feed, Pace, thinning
from tests.soak.generator import Generator
from tests.soak.verify import Ledger, Verdict, verify
from tests.soak.waiting import until
from tests.soak.workers import Worker

PARTITIONS = 4
# What is promised once a fault is over is a minute, on a machine to itself: `make chaos` tells what it took.
# Tests run on machines that do other things. They wait longer and lose little by it: a worker that stands still for a
# minute although input waits is ended by its watchdog, which whoever waits notices.
CAUGHT_UP_SECONDS = 180.0
# For everything that comes through after a fault: within the ten minutes of a test.
_RECKON_SECONDS = 300.0
# Whoever starts may have to share the machine with others: no promise.
_START_SECONDS = 180.0
_POLL_SECONDS = 0.1
_WINDOWS_POLL_SECONDS = 0.5


class Reckoning(NamedTuple):
    """What came out, and what it was compared with."""

    verdict: Verdict
    ledger: Ledger

    def assert_exact(self) -> None:
        """The base check of every fault: nothing is lost or doubled, and all windows are as they should be."""
        assert self.verdict.findings == []
        assert (self.verdict.lost, self.verdict.doubled, self.verdict.windows) == (0, 0, 0)


class Pipeline:
    """One or more workers of each stage. Their logs go to `folder`."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.workers: list[Worker] = []
        self._feeds: list[tuple[Feed, asyncio.Task[None]]] = []

    def start(self, stage: str, brokers: str | None = None, also: Mapping[str, str] | None = None) -> Worker:
        """One more worker, which finds the broker where everybody does or at an address of its own."""
        worker = Worker(stage, len(self.workers), brokers or self.cluster.brokers, self.folder, also=also)
        self.workers.append(worker)
        return worker

    def of(self, stage: str) -> list[Worker]:
        """The workers of a stage."""
        return [worker for worker in self.workers if worker.stage == stage]

    def feed(self, generator: Generator, pace: Pace = thinning) -> Feed:
        """Let a producer begin to send."""
        feed = Feed(self.cluster.brokers, generator, pace)
        self._feeds.append((feed, asyncio.create_task(feed.run())))
        return feed

    async def ready(self) -> None:
        """Until every group knows all its workers, and each of them its partitions."""
        for stage in STAGES:
            await self.complete(stage)

    async def complete(self, stage: str, seconds: float = _START_SECONDS) -> None:
        """Until the stage's group knows all its workers, and each of them its partitions."""
        count = len(self.of(stage))

        async def reached() -> bool:
            return await self.cluster.group(stage) == (count, True)

        await self.until(reached, f"the group of {stage} has {count} members", seconds)

    async def all_move(self, *stages: str) -> None:
        """Until every partition of the stages' inputs is further than it is now."""
        before = await self._committed(stages)

        async def moved() -> bool:
            return all(b > a for a, b in zip(before, await self._committed(stages), strict=True))

        await self.until(moved, f"every partition of {', '.join(stages)} moves")

    async def _committed(self, stages: Sequence[str]) -> list[int]:
        return [offset for stage in stages for offset in await self.cluster.committed(stage)]

    async def until(
        self,
        reached: Callable[[], Awaitable[bool]],
        what: str,
        seconds: float = CAUGHT_UP_SECONDS,
        poll: float = _POLL_SECONDS,
    ) -> None:
        """Wait for a condition. Raises Stuck, and WorkerDied when a worker ended, by its watchdog too."""
        # A broker that has just started again refuses to answer until it has loaded its groups.
        await until(reached, what, seconds, check=self._check_alive, poll=poll, unless=(KafkaError,))

    def _check_alive(self) -> None:
        for worker in self.workers:
            worker.alive()
        for _, feeding in self._feeds:
            if feeding.done():
                feeding.result()

    async def reckon(self) -> Reckoning:
        """Send the rest, let it come through, end all workers in order, and compare."""
        for feed, _ in self._feeds:
            feed.release()
        deadline = time.monotonic() + _RECKON_SECONDS
        await self.sent()
        for stage in WAY:
            await self.through(stage, deadline - time.monotonic())
        sent = [record for feed, _ in self._feeds for record in feed.sent]
        async with Ledger(self.cluster, sent, [], self.folder) as ledger:
            await ledger.expect()
            await self.until(ledger.windows_agree, "the windows agree", poll=_WINDOWS_POLL_SECONDS)
            await asyncio.gather(*(worker.leave() for worker in self.workers))
            return Reckoning(await verify(ledger), ledger)

    async def sent(self) -> None:
        """Until all feeds have sent all that they have."""
        await asyncio.gather(*(feeding for _, feeding in self._feeds))

    async def through(self, stage: str, seconds: float = CAUGHT_UP_SECONDS) -> None:
        """Until the stage has read all of its input."""
        await self.until(lambda: self.cluster.is_through(stage), f"{stage} has read its input", seconds)

    async def discard(self) -> None:
        """Make sure that nothing runs any more."""
        for worker in self.workers:
            worker.discard()
        for _, feeding in self._feeds:
            feeding.cancel()
            await asyncio.wait([feeding])


P = TypeVar("P", bound=Pipeline)


def pipeline(kafka: LocalKafka, folder: Path) -> AbstractAsyncContextManager[Pipeline]:
    """Without workers yet, on a broker that runs and has no topics yet."""
    return pipeline_of(Pipeline, kafka, folder)


@asynccontextmanager
async def pipeline_of(kind: type[P], kafka: LocalKafka, folder: Path, partitions: int = PARTITIONS) -> AsyncIterator[P]:
    """One of a kind of pipelines, as `pipeline` makes them."""
    async with Cluster(kafka.brokers, partitions) as cluster:
        made = kind(cluster, folder)
        try:
            yield made
        finally:
            await made.discard()

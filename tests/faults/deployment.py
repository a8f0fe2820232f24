"""The pipeline as it is run in production: several workers of each stage, several sinks, one ClickHouse."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from tests.contract.sink_worlds import migrated
from tests.faults.stored_rows import stored_otherwise
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.soak.cluster import SINK, STAGES, WAY, Cluster
from tests.soak.feed import Feed, Steady
from tests.soak.generator import Generator
from tests.soak.pauses import Fault
from tests.soak.stored import Sink, all_is_stored, environment_of
from tests.soak.verify import Ledger, Verdict, verify
from tests.soak.waiting import until
from tests.soak.workers import ProductProcess, StageProcess

KINDS = (*STAGES, SINK)
STUCK_SECONDS = 120.0
_DATABASE = "ticketpulse"
# More than any measurement takes; the tickets are a twentieth.
_MOST_EVENTS = 200_000


class Deployment:
    """Processes on a broker, so many of each stage as `counts` says, and of SINK if it names that: then there is a
    ClickHouse server too. `rate` events a second flow. Logs go to `folder`.
    What is started has the variables `also` too.
    """

    def __init__(self, cluster: Cluster, folder: Path, counts: Mapping[str, int], rate: float) -> None:
        self.cluster = cluster
        self.running: dict[str, list[ProductProcess]] = {kind: [] for kind in counts}
        self.also: dict[str, str] = {}
        self._counts = counts
        self._folder = folder
        self._all: list[ProductProcess] = []
        self._generator = Generator(2, _MOST_EVENTS, cluster.partitions)
        self._feed = Feed(cluster.brokers, self._generator, Steady(rate))
        self._feeding: asyncio.Task[None] | None = None
        self._clickhouse = ClickHouseProcess(folder / "server")

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """All processes run, and events flow."""
        try:
            if SINK in self._counts:
                self._start_clickhouse()
            for kind, count in self._counts.items():
                for _ in range(count):
                    self.start(kind)
            for kind in self._counts:
                await self.complete(kind)
            self._feeding = asyncio.create_task(self._feed.run())
            yield
        finally:
            await self._clean_up()

    def _start_clickhouse(self) -> None:
        self._clickhouse.start()
        with migrated(self._clickhouse.url(_DATABASE)):
            pass

    def start(self, kind: str) -> None:
        """One more process of a stage, or one more sink."""
        process: ProductProcess
        if kind == SINK:
            process = Sink(len(self._all), self._environment, self._folder)
        else:
            process = StageProcess(kind, len(self._all), self.cluster.brokers, self._folder, also=self.also)
        self._all.append(process)
        self.running[kind].append(process)

    @property
    def _environment(self) -> dict[str, str]:
        return environment_of(self.cluster.brokers, self._clickhouse.url(_DATABASE))

    async def leave(self, kind: str, process: ProductProcess) -> float:
        """End a process in order; returns the seconds that it took."""
        self.running[kind].remove(process)
        return await process.leave()

    def kill(self, kind: str, process: ProductProcess) -> None:
        """End it at once."""
        self.running[kind].remove(process)
        process.kill()

    async def complete(self, kind: str) -> None:
        """Until the group knows just the processes that should be in it, and each of them what is its own."""

        async def reached() -> bool:
            return await self.cluster.group(kind) == (len(self.running[kind]), True)

        await self.until(reached, f"the group of {kind} has {len(self.running[kind])} members")

    async def all_move(self, kind: str) -> None:
        """Until each partition of what it reads is further than it is now."""
        before = await self.cluster.committed(kind)

        async def moved() -> bool:
            return all(b > a for a, b in zip(before, await self.cluster.committed(kind), strict=True))

        await self.until(moved, f"every partition of {kind} moves")

    async def until(self, reached: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for a condition; notices at once when a process or the feed has died. Raises Stuck."""
        await until(reached, f"{what}; logs: {self._folder}", STUCK_SECONDS, check=self._check_alive)

    def _check_alive(self) -> None:
        for process in self._all:
            process.alive()
        if self._feeding is not None and self._feeding.done():
            self._feeding.result()

    async def reckon(self, faults: Sequence[Fault]) -> Verdict:
        """Send no more, let everything that was sent come through, end all processes, and compare: the verdict's
        findings tell what is wrong on the topics and in ClickHouse.
        """
        if self._feeding is None:
            raise RuntimeError("no events were sent")
        self._generator.left = 0
        await self._feeding
        for kind in WAY:
            await self.until(lambda kind=kind: self.cluster.is_through(kind), f"{kind} has read its input")  # type: ignore[misc]
        if SINK in self._counts:
            await self.until(self._all_stored, "the sinks have read their topics")
        async with Ledger(self.cluster, self._feed.sent, faults, self._folder) as ledger:
            await ledger.expect()
            await self.until(ledger.windows_agree, "the windows agree")
            for kind, processes in self.running.items():
                await asyncio.gather(*(self.leave(kind, process) for process in list(processes)))
            verdict = await verify(ledger)
            if SINK not in self._counts:
                return verdict
            stored = await asyncio.to_thread(stored_otherwise, self._clickhouse.url(_DATABASE), ledger)
        return verdict._replace(findings=[*verdict.findings, *stored])

    async def _all_stored(self) -> bool:
        return await all_is_stored(self.cluster.brokers)

    async def _clean_up(self) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.wait([self._feeding])
        for process in self._all:
            process.discard()
        self._clickhouse.kill()

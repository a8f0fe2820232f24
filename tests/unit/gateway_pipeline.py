"""The gateway over a log in memory, with the real stages behind it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache

import httpx
from fastapi import FastAPI

from schemas.readings import PresetName
from streams import topics
from streams.clock import wall_clock
from streams.config import Settings
from streams.engine.local import LocalLog, LocalWorker, LocalWriter, MemoryStorage
from streams.engine.local.storage import LocalRecord
from streams.engine.stage import Stage
from streams.engine.telemetry import PrometheusWatch
from streams.stages import build_stage

STAGES = ("score", "track", "registry")


def memory_log() -> LocalLog:
    """Every topic of the product, in memory."""
    log = LocalLog(MemoryStorage(), wall_clock)
    for topic in topics.ALL:
        log.create(topic.name, 2)
    return log


@cache
def _stages(preset: PresetName) -> list[Stage]:
    """Made once for all tests: what they know between batches is in the log."""
    return [build_stage(name, Settings(preset=preset)) for name in STAGES]


class Stages:
    """The stages that answer, as long as `running` lasts."""

    def __init__(self, log: LocalLog, preset: PresetName = "support") -> None:
        self._log = log
        self._stages = _stages(preset)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work on what the log has."""
        async with AsyncExitStack() as stack:
            for stage in self._stages:
                worker = self._worker(stage)
                await worker.start()
                stack.push_async_callback(worker.stop)
            yield

    def _worker(self, stage: Stage) -> LocalWorker:
        watch = PrometheusWatch(stage, stage.name, wall_clock)
        return LocalWorker(self._log, stage, clock=wall_clock, watch=watch, dead_letters=topics.DEAD_LETTERS)


class PipelineWriter(LocalWriter):
    """A writer with whom the stages come and go: for a test that cannot start them itself."""

    def __init__(self, log: LocalLog, preset: PresetName = "support") -> None:
        super().__init__(log, topics.EVENTS)
        self._stages = Stages(log, preset)
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        await self._stack.enter_async_context(self._stages.running())

    async def stop(self) -> None:
        await super().stop()
        await self._stack.aclose()


@asynccontextmanager
async def asking(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, which runs in this process and this loop."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=30) as client,
    ):
        yield client


def records(log: LocalLog, topic: str) -> Sequence[LocalRecord]:
    """Everything on a topic."""
    return [record for slot in log.slots([topic]) for record in log.read(slot, 0, 100_000, 1 << 30)]

"""The loop between a source and a sink, run beside a test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sinks.base import Burial, Refused, Sink, Source, Unavailable
from sinks.runner import run_sink

PATIENCE = 240.0


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as it holds; an error when it does not within four minutes, of which a busy machine takes some."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.005)


class Graves:
    """Keeps `sinks.base.Burial` in memory; away for so many calls first."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.buried: list[Refused] = []

    async def bury(self, refused: Sequence[Refused]) -> None:
        """Keep them, unless it is away."""
        if self.away:
            self.away -= 1
            raise Unavailable("nowhere to bury", 0.01)
        self.buried += refused


@asynccontextmanager
async def running(
    source: Source, sink: Sink, burial: Burial | None = None, *, group: str = "", max_rows: int = 1000
) -> AsyncIterator[None]:
    """Run the loop; at the end stop it in order and wait until it has written what it collected."""
    stop = asyncio.Event()
    loop = run_sink(source, sink, burial or Graves(), max_rows=max_rows, max_seconds=0.2, stop=stop, group=group)
    task = asyncio.create_task(loop)
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task

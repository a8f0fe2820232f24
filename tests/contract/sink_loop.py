"""The loop between a source and a sink, run beside a test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sinks.base import Sink, Source
from sinks.runner import run_sink

PATIENCE = 60.0


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as it holds; an error when it does not within a minute."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(source: Source, sink: Sink, *, group: str = "", max_rows: int = 1000) -> AsyncIterator[None]:
    """Run the loop; at the end stop it in order and wait until it has written what it collected."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_sink(source, sink, max_rows=max_rows, max_seconds=0.2, stop=stop, group=group))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task

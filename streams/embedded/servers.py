"""HTTP servers as parts of a process that does other things too."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

DRAIN_SECONDS = 5


class _Server(uvicorn.Server):
    """Leaves signals to the process: uvicorn would take them for itself alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator["asyncio.Task[None]"]:
    """Serve in the running loop; at the end finish the requests under way, at most five seconds."""
    config = uvicorn.Config(
        app,
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        yield task
    finally:
        server.should_exit = True
        await asyncio.wait([task])

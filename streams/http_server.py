"""Serve an application with uvicorn: as a process, or as a part of one that does other things too."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from sinks.stopping import TellsOfStop

# Requests under way at a stop may take this long to end.
DRAIN_SECONDS = 5


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Port 0 takes a free one. Raises OSError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def address_of(listener: socket.socket) -> str:
    """Where to reach it: http://host:port."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until a signal, then finish the requests under way, at most 5 seconds. SIGTERM returns, Ctrl-C raises."""
    # uvicorn raises the signal again once it has stopped; a stop that was asked for is no death by signal.
    signal.signal(signal.SIGTERM, lambda *_: None)
    _telling(uvicorn.Server, app).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Leaves signals to the process: uvicorn would take them for itself alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator["asyncio.Task[None]"]:
    """Serve in the running loop; at the end finish the requests under way, at most five seconds."""
    server = _telling(_Server, app)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        yield task
    finally:
        server.should_exit = True
        await asyncio.wait([task])


def _telling(kind: type[uvicorn.Server], app: ASGIApp) -> uvicorn.Server:
    """A server whose endless answers end when it stops; it would wait for them, and then cut them off."""
    server: uvicorn.Server | None = None
    told = TellsOfStop(app, lambda: server is not None and server.should_exit)
    server = kind(_config(told))
    return server


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=DRAIN_SECONDS,
        # The default of 5 s ends connections that a client with a pause between events is about to use again.
        timeout_keep_alive=75,
    )

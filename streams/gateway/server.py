"""Serve an application with uvicorn: on an address that is taken before anything else, until SIGTERM or Ctrl-C."""

import signal
import socket

import uvicorn
from starlette.types import ASGIApp

DRAIN_SECONDS = 10


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Port 0 takes a free one. Raises OSError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def address_of(listener: socket.socket) -> str:
    """Where to reach it: http://host:port."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until a signal, then finish the requests under way, at most ten seconds. SIGTERM returns; Ctrl-C raises."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    # uvicorn raises the signal again once it has stopped; a stop that was asked for is no death by signal.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])

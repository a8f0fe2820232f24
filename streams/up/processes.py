"""Other processes on this machine: tied to the life of their parent, with a log to read and a port to answer on."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence
from pathlib import Path

_LINES = 15
_TAIL_BYTES = 64 * 1024


def tied(argv: Sequence[str]) -> list[str]:
    """The command, to be started by this process: the kernel kills it when this process ends, however that happens."""
    # A parent that ended before the kernel was asked would go unnoticed: hence the comparison.
    unless_orphaned = 'test "$PPID" = "$0" && exec "$@"'
    return ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", unless_orphaned, str(os.getpid()), *argv]


def last_lines(log: Path, *, beside: str | None = None) -> str:
    """The last 15 lines of a log that may be long, under its name; without the lines that contain `beside`."""
    tail = _tail(log) if log.exists() else []
    lines = [line for line in tail if beside is None or beside not in line][-_LINES:]
    return "\n  ".join([f"{log} ends with:", *(lines or ["(nothing)"])])


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server((host, 0)) as server:
        return int(server.getsockname()[1])


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port at this moment."""
    with contextlib.suppress(OSError), socket.create_server((host, port)):
        return True
    return False


async def answers(host: str, port: int, path: str) -> bool:
    """Whether an HTTP server there answers a GET with 200. For a loop that asks until it does: never raises OSError."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode())
        # To the end, so that the server does not log a broken connection.
        status, *_ = (await reader.read()).split(b"\r\n", 1)
        return b" 200" in status
    except OSError:
        return False
    finally:
        writer.close()


def _tail(log: Path) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()

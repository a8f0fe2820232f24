"""Other processes on this machine: tied to the life of their parent, with a log to read and a port to answer on."""

import asyncio
import contextlib
import errno
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

_LINES = 15
_TAIL_BYTES = 64 * 1024

# Linux gives clients ports from 32,768 on, unless told otherwise.
_PORTS_BEGIN, _PORTS_END = 10_000, 32_000


def _in_turn(begin: int, end: int) -> Iterator[int]:
    """The ports from `begin` to before `end`, over and over. Each process begins elsewhere, so that two which look for
    ports at the same time find different ones.
    """
    first = secrets.randbelow(end - begin) + begin
    return cycle([*range(first, end), *range(begin, first)])


_SERVER_PORTS = _in_turn(_PORTS_BEGIN, _PORTS_END)


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
    """A port that nobody listens on at this moment, and that this process has not named lately.

    It lies below those that the kernel gives to clients: whoever is to listen on it may take its time, and find it
    free again when it starts anew. Raises OSError when all are taken.
    """
    for port in islice(_SERVER_PORTS, _PORTS_END - _PORTS_BEGIN):
        if is_free(port, host):
            return port
    raise OSError(errno.EADDRINUSE, f"no port of {host} from {_PORTS_BEGIN} to {_PORTS_END - 1} is free")


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

"""The HTTP server in front of the engine as a process that a test can start, kill and start again on its data."""

import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from streams.up.processes import free_port, tied

_START_SECONDS = 180.0
_POLL_SECONDS = 0.05


class ClickHouseProcess:
    """Serves the data of `folder` at `url`; the port stays the same from start to start. It dies with its parent.

    `within` is a command that runs the one behind it in other surroundings, `options` are the server's own.
    """

    def __init__(self, folder: Path, within: Sequence[str] = (), options: Sequence[str] = ()) -> None:
        self.options = options
        self._folder = folder
        self._within = within
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """What CLICKHOUSE_URL would be for a database."""
        return f"http://default:secret@127.0.0.1:{self._port}/{database}"

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self._port

    @property
    def pid(self) -> int:
        """The process that serves. Raises RuntimeError when none does."""
        if self._process is None:
            raise RuntimeError("the ClickHouse server is not started")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        argv = [
            sys.executable,
            "-m",
            "tests.servers.clickhouse_http",
            str(self._folder),
            str(self._port),
            *self.options,
        ]
        self._process = subprocess.Popen(tied([*self._within, *argv]))
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the ClickHouse server does not answer on port {self._port}")
            time.sleep(_POLL_SECONDS)

    def kill(self) -> None:
        """End it at once, as a crash would. Does nothing when it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        if "--certificate" in self.options:
            return self._listens()
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/ping", timeout=10) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _listens(self) -> bool:
        # Not whether the port is free: whoever tries has it for a moment, in which the server cannot take it.
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=10):
            return True
        return False

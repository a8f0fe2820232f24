"""Toxiproxy: a proxy between a client and its server that delays, cuts and swallows what they say to each other.

`scripts/setup --with-toxiproxy` installs it. Of a connection, *upstream* is what the client asks and *downstream* what
the server answers.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

import httpx

from streams.up.processes import answers, free_port, last_lines, tied

PROGRAM = Path(__file__).parents[2] / ".local" / "toxiproxy" / "toxiproxy-server"
HOST = "127.0.0.1"
_START_SECONDS = 60.0
_ANSWER_SECONDS = 30.0
_POLL_SECONDS = 0.02

Stream = Literal["upstream", "downstream"]
BOTH: tuple[Stream, ...] = ("upstream", "downstream")


class Toxic(NamedTuple):
    """What is wrong with one direction of a proxy's connections, those that are open included."""

    kind: str
    stream: Stream
    attributes: Mapping[str, int]


def latency(stream: Stream, milliseconds: int, jitter: int = 0) -> Toxic:
    """Everything comes later, by so much more or less."""
    return Toxic("latency", stream, {"latency": milliseconds, "jitter": jitter})


def bandwidth(stream: Stream, kilobytes: int) -> Toxic:
    """So much a second on each connection. With 0 nothing arrives until this is over, and then all of it does."""
    return Toxic("bandwidth", stream, {"rate": kilobytes})


def black_hole(stream: Stream) -> Toxic:
    """Whatever is said is lost, and nobody is told. When this is over the connections end."""
    return Toxic("timeout", stream, {"timeout": 0})


def reset_peer(stream: Stream, milliseconds: int = 0) -> Toxic:
    """A connection that says something is reset so much later; one that was open before is closed."""
    return Toxic("reset_peer", stream, {"timeout": milliseconds})


def limit_data(stream: Stream, size: int) -> Toxic:
    """A connection is closed when it has carried so many bytes, in the middle of a message if need be."""
    return Toxic("limit_data", stream, {"bytes": size})


def slicer(stream: Stream, size: int, variation: int, microseconds: int) -> Toxic:
    """Everything comes in pieces of so many bytes, more or less, with a delay between them."""
    return Toxic("slicer", stream, {"average_size": size, "size_variation": variation, "delay": microseconds})


def slow_close(stream: Stream, milliseconds: int) -> Toxic:
    """The end of a connection is told so much later."""
    return Toxic("slow_close", stream, {"delay": milliseconds})


class ToxiproxyFailed(Exception):
    """It is not installed, does not run, or refuses a request. The message says why, and what to do."""


class Proxy:
    """Listens at `port` of 127.0.0.1 and forwards to one server."""

    def __init__(self, http: httpx.AsyncClient, name: str, port: int) -> None:
        self.name = name
        self.port = port
        self._http = http

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"{HOST}:{self.port}"

    async def refuse(self) -> None:
        """End all connections and take no more."""
        await _ask(self._http, "POST", f"/proxies/{self.name}", {"enabled": False})

    async def accept(self) -> None:
        """Take connections again."""
        await _ask(self._http, "POST", f"/proxies/{self.name}", {"enabled": True})

    async def add(self, toxic: Toxic) -> str:
        """From now on this is wrong too; returns the name by which it is removed."""
        name = f"{toxic.kind}-{toxic.stream}"
        said = {"name": name, "type": toxic.kind, "stream": toxic.stream, "attributes": dict(toxic.attributes)}
        await _ask(self._http, "POST", f"/proxies/{self.name}/toxics", said)
        return name

    async def remove(self, name: str) -> None:
        """This is over."""
        await _ask(self._http, "DELETE", f"/proxies/{self.name}/toxics/{name}")

    @asynccontextmanager
    async def suffering(self, toxics: Iterable[Toxic]) -> AsyncIterator[None]:
        """All of this is wrong within the block."""
        added: list[str] = []
        try:
            for toxic in toxics:
                added.append(await self.add(toxic))
            yield
        finally:
            # The last one first: what an earlier one still holds has to get through those that come after it, and
            # removing it takes as long as that does.
            for name in reversed(added):
                await self.remove(name)

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Nobody gets through within the block."""
        await self.refuse()
        try:
            yield
        finally:
            await self.accept()


class Toxiproxy:
    """The process, while it is entered. It dies with this one; its log goes to `folder`."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "toxiproxy.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        """Start it and wait until it answers. Raises ToxiproxyFailed."""
        if not PROGRAM.exists():
            raise ToxiproxyFailed(f"There is no {PROGRAM}: `scripts/setup --with-toxiproxy` installs it.")
        port = free_port()
        self._process = self._spawn(port)
        # The environment may name a proxy for the rest of the world.
        self._http = httpx.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=_ANSWER_SECONDS, trust_env=False)
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await answers(HOST, port, "/version"):
                    if self._process.poll() is not None:
                        raise ToxiproxyFailed(f"it ended with {self._process.returncode}; {last_lines(self._log)}")
                    await asyncio.sleep(_POLL_SECONDS)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def proxy(self, name: str, upstream: str) -> Proxy:
        """One more proxy, to the server at `upstream` (host:port), which need not be there yet."""
        port = free_port()
        said = {"name": name, "listen": f"{HOST}:{port}", "upstream": upstream, "enabled": True}
        await _ask(self._http, "POST", "/proxies", said)
        return Proxy(self._http, name, port)

    def _spawn(self, port: int) -> "subprocess.Popen[bytes]":
        with self._log.open("wb") as log:
            argv = tied([str(PROGRAM), "-host", HOST, "-port", str(port)])
            return subprocess.Popen(argv, stdout=log, stderr=log)

    async def _end(self) -> None:
        await self._http.aclose()
        if self._process is not None:
            self._process.kill()
            self._process.wait()


async def _ask(http: httpx.AsyncClient, method: str, path: str, said: Mapping[str, Any] | None = None) -> None:
    answer = await http.request(method, path, json=said)
    if answer.is_error:
        raise ToxiproxyFailed(f"{method} {path} {said or ''}: {answer.status_code} {answer.text.strip()}")

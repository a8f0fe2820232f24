"""Processes of the product run as a deployment describes them, but on this machine: other ports, no container."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from streams.up.processes import free_port, is_free, last_lines, tied

WAIT = 150.0
_POLL_SECONDS = 0.25
_HOST = "127.0.0.1"
# Where a process listens: its variable, and the port that it has in a container of its own.
_PORTS = {"TICKETPULSE_METRICS_PORT": 9100, "TICKETPULSE_GATEWAY_PORT": 8080, "TICKETPULSE_PAGE_PORT": 8081}


class Described(NamedTuple):
    """A process as a deployment describes it: what follows `ticketpulse`, its variables, and how its health is asked:
    a command that ends with 0, run within the container.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    health: Sequence[str] = ()


class Running:
    """One of them, in a folder of its own, with the places of other servers (host:port) put for those described.
    It dies with this process.
    """

    def __init__(self, described: Described, places: Mapping[str, str], folder: Path) -> None:
        self.name = described.name
        self.folder = folder / described.name
        self.folder.mkdir()
        self.log = folder / f"{described.name}.log"
        self._ports = {inside: free_port() for inside in _PORTS.values()}
        self._health = described.health
        self._environment = _bare() | {name: placed(value, places) for name, value in described.environment.items()}
        # What else it is told is what was described: these alone cannot be the same here.
        self._environment |= {name: str(self._ports[inside]) for name, inside in _PORTS.items()}
        self._environment |= {"TICKETPULSE_HOST": _HOST, "HOME": str(self.folder), "TMPDIR": str(folder)}
        argv = [sys.executable, "-m", "streams.cli", *described.command]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(tied(argv), cwd=self.folder, env=self._environment, stdout=log, stderr=log)

    def address(self, inside: int) -> str:
        """Where that port of its container is here."""
        return f"{_HOST}:{self._ports[inside]}"

    async def done(self) -> None:
        """Until it has ended by itself, with 0."""
        async with asyncio.timeout(WAIT):
            code = await asyncio.to_thread(self._process.wait)
        assert code == 0, last_lines(self.log)

    async def healthy(self) -> None:
        """Until its health is what it should be."""
        places = {f"{_HOST}:{inside}": self.address(inside) for inside in self._ports}
        argv = [placed(each, places) for each in self._health]
        async with asyncio.timeout(WAIT):
            # A check is a process of its own: none before somebody listens where it asks.
            while not self._listens(" ".join(argv)) or not await asyncio.to_thread(passes, argv, self._environment):
                assert self._process.poll() is None, last_lines(self.log)
                await asyncio.sleep(_POLL_SECONDS)

    def _listens(self, asked: str) -> bool:
        return not any(is_free(port) for port in self._ports.values() if f"{_HOST}:{port}" in asked)

    async def stop(self, seconds: float) -> None:
        """SIGTERM, upon which it has so long to end with 0."""
        assert self._process.poll() is None, last_lines(self.log)
        self._process.terminate()
        code = await asyncio.to_thread(self._process.wait, seconds)
        assert code == 0, last_lines(self.log)

    def discard(self) -> None:
        """Make sure that it is gone."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def written(self) -> list[str]:
        """What it has left where everything but volumes is read-only."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))


def passes(argv: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a check of health says that all is well; `python` is this one."""
    program = sys.executable if argv[0] == "python" else argv[0]
    return subprocess.run([program, *argv[1:]], env=environment, capture_output=True, check=False).returncode == 0


@asynccontextmanager
async def all_running(
    first: Iterable[Described], rest: Iterable[Described], places: Mapping[str, str], folder: Path, *, grace: float
) -> AsyncIterator[dict[str, Running]]:
    """Run the first ones to their end, then the rest: they are healthy, and after the block they end in order within
    the grace (seconds).
    """
    started: list[Running] = []

    def start(described: Described) -> Running:
        started.append(Running(described, places, folder))
        return started[-1]

    try:
        await asyncio.gather(*[start(each).done() for each in first])
        running = [start(each) for each in rest]
        await asyncio.gather(*(each.healthy() for each in running))
        yield {each.name: each for each in running}
        await asyncio.gather(*(each.stop(grace) for each in running))
    finally:
        for each in started:
            each.discard()


async def until(reached: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for a condition."""
    try:
        async with asyncio.timeout(WAIT):
            while not await reached():
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"not within {WAIT:.0f} s: {what}") from None


def _bare() -> dict[str, str]:
    # The image's own, and where the project is: here it is not installed into an image.
    root = str(Path(__file__).parents[2])
    return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": root}


def placed(text: str, places: Mapping[str, str]) -> str:
    """The text with what stands in `places` replaced by what is here."""
    for described, here in places.items():
        text = text.replace(described, here)
    return text

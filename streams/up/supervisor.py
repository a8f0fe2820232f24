"""Keeps a list of processes running: starts them in order, restarts what exits, stops all of them in reverse order."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sinks.pauses import doubled
from streams.up.processes import last_lines, tied

_POLL_SECONDS = 0.1
_LOG_BYTES = 16 * 1024 * 1024
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Ready = Callable[[], Awaitable[bool]]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Process:
    """A command to keep running, with `env` on top of this process's environment.

    The next process of the list is started once `ready` answers True; at once if there is no `ready` or `wait` is off.
    With `once` the command is a step: it has to end with status 0 before the next is started, and is then done.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Ready | None = None
    once: bool = False
    wait: bool = True


class Patience(NamedTuple):
    """How long a process is waited for, and when it is given up. All times in seconds.

    One that ends is started again after `first_delay`, doubled each time up to `longest_delay`. `exits` ends in a row,
    each less than `settled` after its start, end the run.
    """

    exits: int = 5
    first_delay: float = 0.5
    longest_delay: float = 15.0
    settled: float = 30.0
    ready: float = 120.0
    stop: float = 15.0


PATIENCE = Patience()


class Hopeless(Exception):
    """A process cannot be kept running. The message names its log and shows the end of it."""


async def supervise(
    processes: Sequence[Process], *, logs: Path, on_event: Report, patience: Patience = PATIENCE
) -> int:
    """Run the processes until SIGINT, SIGTERM or SIGHUP, then stop them in reverse order; a second signal kills all.

    Each writes to `logs/<name>.log`. Returns 0 after a signal or when all were steps that are done; 1 when a process
    could not be kept running: `on_event` was told which and why. No process outlives this call or this process.
    """
    keepers = [_Keeper(process, logs / f"{process.name}.log", on_event, patience) for process in processes]
    with _stop_signals(keepers) as asked_to_stop:
        running = asyncio.create_task(_run(keepers, on_event))
        asked = asyncio.create_task(asked_to_stop.wait())
        try:
            await asyncio.wait((running, asked), return_when=asyncio.FIRST_COMPLETED)
        finally:
            running.cancel()
            asked.cancel()
            await asyncio.wait((running, asked))
            for keeper in reversed(keepers):
                await keeper.stop()
    return 0 if running.cancelled() else running.result()


async def _run(keepers: Sequence["_Keeper"], on_event: Report) -> int:
    status = 0
    try:
        async with asyncio.TaskGroup() as group:
            for keeper in keepers:
                group.create_task(keeper.keep())
                if keeper.process.wait:
                    await keeper.up.wait()
            for keeper in keepers:
                await keeper.up.wait()
            on_event("everything is up")
    except* Hopeless as hopeless:
        status = 1
        for error in hopeless.exceptions:
            on_event(str(error))
    return status


@contextmanager
def _stop_signals(keepers: Sequence["_Keeper"]) -> Iterator[asyncio.Event]:
    asked = asyncio.Event()

    def on_signal() -> None:
        if asked.is_set():
            for keeper in keepers:
                keeper.kill()
        asked.set()

    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal)
    try:
        yield asked
    finally:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)


class _Keeper:
    """One process through all its lives."""

    def __init__(self, process: Process, log: Path, on_event: Report, patience: Patience) -> None:
        self.up = asyncio.Event()
        self.process = process
        self._log = log
        self._on_event = on_event
        self._patience = patience
        self._child: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Run the process again and again; a step until it has ended well. Raises Hopeless."""
        loop, ends = asyncio.get_running_loop(), 0
        while True:
            began = loop.time()
            status = await self._live()
            if self.process.once and status == 0:
                return self.up.set()
            ends = ends + 1 if loop.time() - began < self._patience.settled else 1
            if ends >= self._patience.exits:
                raise self._hopeless(f"ended {ends} times in a row, the last time with status {status}")
            delay = doubled(self._patience.first_delay, ends - 1, self._patience.longest_delay)
            self._say(f"ended with status {status}, starts again in {delay:g} s; see {self._log}")
            await asyncio.sleep(delay)

    async def stop(self) -> None:
        """End the process in order, or by force when that takes too long."""
        child = self._child
        if child is None or child.returncode is not None:
            return
        self._say("stopping")
        with suppress(ProcessLookupError):
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), self._patience.stop)
        except TimeoutError:
            self._say(f"does not stop within {self._patience.stop:g} s and is killed; see {self._log}")
            self.kill()
            await child.wait()

    def kill(self) -> None:
        """End the process and its children by force."""
        if self._child and self._child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    async def _live(self) -> int:
        child = self._child = await self._start()
        self._say(f"started, pid {child.pid}")
        ended = asyncio.create_task(child.wait())
        try:
            async with asyncio.timeout(self._patience.ready):
                await self._become_ready(ended)
        except TimeoutError:
            raise self._hopeless(f"was not ready {self._patience.ready:g} s after its start") from None
        return await ended

    async def _start(self) -> asyncio.subprocess.Process:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > _LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *tied(self.process.argv),
                env={**os.environ, **self.process.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in a terminal reaches a whole session; these are to be stopped in order.
                start_new_session=True,
            )

    async def _become_ready(self, ended: asyncio.Task[int]) -> None:
        if self.process.once:
            return
        while self.process.ready and not await self.process.ready():
            await asyncio.wait((ended,), timeout=_POLL_SECONDS)
            if ended.done():
                return
        self._say("is ready")
        self.up.set()

    def _say(self, what: str) -> None:
        self._on_event(f"{self.process.name} {what}")

    def _hopeless(self, what: str) -> Hopeless:
        return Hopeless(f"{self.process.name} {what}; {last_lines(self._log)}")

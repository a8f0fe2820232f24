"""Re-analyses in a process that serves the page: one at a time, on a thread with a client of its own; what takes
processor time is done by a process beside it.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from sinks.clickhouse.client import CannotOpen
from sinks.reanalysis.runner import Busy, NotAsked
from streams.reanalysis import running, runs
from streams.reanalysis.asked import Asked, BadRequest, check, decode
from streams.reanalysis.judging import Wanted
from streams.reanalysis.pool import processes
from streams.reanalysis.running import Means
from streams.reanalysis.runs import Run
from streams.reanalysis.scoring import Model
from streams.reanalysis.settling import settle, unsettled_days
from streams.windows import WindowRules

log = logging.getLogger(__name__)

# How often windows that were told again are set right.
SETTLE_SECONDS: Final = 600.0
# What is under way is stored before the process ends, which others wait for.
_SLICE_EVENTS: Final = 1_000

AskFor = Callable[[Run, Sequence[Wanted]], None]


class _Running(NamedTuple):
    """A run, the task that does it, and what is set to stop it and when it is over. The task ends a moment later, with
    its process.
    """

    run_id: str
    task: "asyncio.Future[None]"
    stop: threading.Event
    over: threading.Event


class ReanalysisService:
    """Keeps `sinks.reanalysis.runner.Reanalyses`. `connect` opens a client that may write. One process scores, so that
    the page has a processor for itself. `ask_for` sends requests for escalations; without it none can be asked for.
    """

    def __init__(
        self,
        connect: Callable[[], Client],
        model: Model,
        rules: WindowRules,
        *,
        ask_for: AskFor | None = None,
        settle_every: float = SETTLE_SECONDS,
    ) -> None:
        self._connect = connect
        self._model = model
        self._rules = rules
        self._ask_for = ask_for
        self._settle_every = settle_every
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reanalysis")
        self._running: _Running | None = None
        self._beginning = asyncio.Lock()
        self._settling: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to set windows right now and then."""
        self._settling = asyncio.create_task(self._settle_for_ever())

    async def start(self, asked: Mapping[str, Any]) -> str:
        """Begin; the run is stored when this returns. Raises Busy, NotAsked, CannotOpen and clickhouse_connect's
        errors.
        """
        try:
            wanted = check(msgspec.convert(dict(asked), Asked))
        except (msgspec.ValidationError, BadRequest) as error:
            raise NotAsked(str(error)) from None
        self._check_escalate(wanted)
        async with self._beginning:
            self._check_free()
            run = await asyncio.get_running_loop().run_in_executor(self._thread, self._begin, wanted)
            self._go_on(run)
        return run.id

    async def resume(self, run_id: str) -> None:
        """Go on with one. Raises as `start` does."""
        async with self._beginning:
            self._check_free()
            self._go_on(await asyncio.get_running_loop().run_in_executor(self._thread, self._take_up, run_id))

    def stop(self, run_id: str) -> bool:
        """Stop it behind what is under way."""
        if self._running is None or self._running.run_id != run_id or self._running.over.is_set():
            return False
        self._running.stop.set()
        return True

    async def ended(self, run_id: str, seconds: float) -> bool:
        """Whether it has ended within so many seconds."""
        running_now = self._running
        if running_now is None or running_now.run_id != run_id:
            return True
        return await asyncio.get_running_loop().run_in_executor(None, running_now.over.wait, seconds)

    async def close(self) -> None:
        """Stop what runs. It can be resumed."""
        if self._settling is not None:
            self._settling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._settling
        if self._running is not None:
            self._running.stop.set()
            await asyncio.wait([self._running.task])
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    def _check_free(self) -> None:
        if self._running is not None and not self._running.over.is_set():
            raise Busy(f"re-analysis {self._running.run_id} runs: wait for its end, or stop it")

    def _check_escalate(self, asked: Asked) -> None:
        if asked.escalate and self._ask_for is None:
            raise NotAsked("escalate: this process has no event log to ask in; `ticketpulse reanalyze --escalate` has")

    def _go_on(self, run: Run) -> None:
        stop, over = threading.Event(), threading.Event()
        task = asyncio.get_running_loop().run_in_executor(self._thread, self._work, run, stop, over)
        self._running = _Running(run.id, task, stop, over)

    # -- on the thread

    def _begin(self, asked: Asked) -> Run:
        with contextlib.closing(self._connect()) as client, ThreadPoolExecutor(1) as idle:
            return running.start(asked, self._means(client, idle, threading.Event()), version("ticketpulse"))

    def _take_up(self, run_id: str) -> Run:
        with contextlib.closing(self._connect()) as client:
            try:
                run = runs.read(client, run_id)
            except runs.UnknownRun as error:
                raise NotAsked(str(error)) from None
            if run.state == "done":
                raise NotAsked(f"re-analysis {run_id} is done: there is nothing left to go on with")
            self._check_escalate(decode(run.asked))
            # Before whoever asked for it looks.
            run = runs.moved(run, datetime.now(UTC), state="running", ended_at=None)
            runs.store(client, run)
            return run

    def _work(self, run: Run, stop: threading.Event, over: threading.Event) -> None:
        try:
            with contextlib.closing(self._connect()) as client, processes(1) as executor:
                try:
                    run = running.go_on(run, self._means(client, executor, stop))
                finally:
                    over.set()
            log.info("re-analysis %s is %s: %d events, %d windows", run.id, run.state, run.done, run.windows)
        except Exception:
            # The run says so, too, where the database takes it.
            log.exception("re-analysis %s failed", run.id)
        finally:
            over.set()

    def _means(self, client: Client, executor: Any, stop: threading.Event) -> Means:
        return Means(
            client,
            executor,
            1,
            self._model,
            self._rules,
            lambda: datetime.now(UTC),
            stopped=stop.is_set,
            ask_for=self._ask_for,
            slice_events=_SLICE_EVENTS,
        )

    # -- windows that the pipeline told again

    async def _settle_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._settle_every)
            if self._running is None or self._running.over.is_set():
                await loop.run_in_executor(self._thread, self._settle)

    def _settle(self) -> None:
        now = datetime.now(UTC)
        try:
            with contextlib.closing(self._connect()) as client:
                if unsettled_days(client, self._rules, now):
                    with processes(1) as executor:
                        windows = settle(client, self._rules, executor, now)
                    if windows:
                        log.info("%d windows of rows that were scored anew are set right", windows)
        except (ClickHouseError, CannotOpen, OSError, BrokenProcessPool) as error:
            log.warning("windows of rows that were scored anew cannot be set right now: %s", error)

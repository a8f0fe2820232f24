"""Workers of the test build beside those of the product, and what can be seen of them from outside."""

import asyncio
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import count
from pathlib import Path

from streams.up.local_kafka import LocalKafka
from tests.faults.pipeline import PARTITIONS, Pipeline, pipeline_of
from tests.faults.points import Action, At
from tests.faults.worker import PROGRAM
from tests.soak.cluster import Cluster
from tests.soak.feed import Feed, Pace, Steady
from tests.soak.generator import Generator
from tests.soak.workers import Worker

# As short as the group allows on a machine that does other things too: whoever dies or sleeps is missed after that.
SESSION_SECONDS = 2.0
# A process has to start first, which takes its time where many do at once.
POINT_SECONDS = 300.0
_SHORT_SESSION = {"TICKETPULSE_SESSION_TIMEOUT": str(SESSION_SECONDS)}
EVENTS_PER_SECOND = 15.0
# Those that start fast; what is tried at them is the same engine for all. One of them twice.
FAST = ("track", "registry", "trends", "track")


class PointedWorker(Worker):
    """Gets to a point and does there what `at` says; `mutant` says what is wrong with it."""

    def __init__(
        self,
        stage: str,
        number: int,
        brokers: str,
        folder: Path,
        *,
        at: str | None = None,
        mutant: str | None = None,
        also: Mapping[str, str] | None = None,
    ) -> None:
        self.at = At.parse(at) if at else None
        asked = {"TICKETPULSE_AT": at, "TICKETPULSE_MUTANT": mutant}
        environment = {name: value for name, value in asked.items() if value is not None}
        environment |= {**_SHORT_SESSION, **(also or {})}
        super().__init__(stage, number, brokers, folder, program=PROGRAM, also=environment)

    def was_there(self) -> bool:
        """Whether it got to its point."""
        return self._has_said(f"is at {self.at}")

    def has_taken_over(self) -> bool:
        """Whether it has taken a partition over."""
        return self._has_said(": taken over (")

    def alive(self) -> bool:
        """Whether it runs or sleeps. Raises WorkerDied when it has ended otherwise than by dying at its point."""
        is_to_die = self.at is not None and self.at.action == Action.DIE
        if is_to_die and self._process.poll() == -signal.SIGKILL and self.was_there():
            self._told_to_end = True
        return super().alive()

    def stands(self) -> bool:
        """Whether it stands still. Raises WorkerDied when it has ended."""
        return self.alive() and self.was_there() and _state(self.pid) == "T"

    def _has_said(self, what: str) -> bool:
        return what in self.log.read_text(errors="replace")

    def begin_to_leave(self) -> None:
        """SIGTERM; it dies on its way out."""
        os.kill(self.pid, signal.SIGTERM)


class MortalWorker(Worker):
    """Dies at one point after the other, and comes back after each but the last."""

    def __init__(self, stage: str, number: int, brokers: str, folder: Path, points: Sequence[At]) -> None:
        self._points = points
        program = (*PROGRAM, "--lives", *map(str, points))
        super().__init__(stage, number, brokers, folder, program=program, also=_SHORT_SESSION)

    def alive(self) -> bool:
        """Whether it will come back. Raises WorkerDied when it has ended otherwise than by all of its deaths."""
        if self._process.poll() == 0:
            self._told_to_end = True
        return super().alive()

    def missed(self) -> list[At]:
        """The points at which it has not been."""
        told = self.log.read_text(errors="replace")
        return [at for at in self._points if f"is at {at}" not in told]


class PointedPipeline(Pipeline):
    """Healthy workers of the product, which know nothing of points, and some of the test build."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        super().__init__(cluster, folder)
        self._numbers = count(100)

    def add(
        self, stage: str, at: str | None = None, *, mutant: str | None = None, also: Mapping[str, str] | None = None
    ) -> PointedWorker:
        """One more worker of the test build."""
        number, brokers = next(self._numbers), self.cluster.brokers
        worker = PointedWorker(stage, number, brokers, self.folder, at=at, mutant=mutant, also=also)
        self.workers.append(worker)
        return worker

    def add_mortal(self, stage: str, points: Sequence[At]) -> MortalWorker:
        """One more worker, which dies at each of the points."""
        worker = MortalWorker(stage, next(self._numbers), self.cluster.brokers, self.folder, points)
        self.workers.append(worker)
        return worker

    def feed(self, generator: Generator, pace: Pace | None = None) -> Feed:
        """Let a producer begin to send, at one rate until it is released: points are passed at any time."""
        return super().feed(generator, pace or Steady(EVENTS_PER_SECOND))

    async def death(self, worker: PointedWorker | MortalWorker) -> None:
        """Until it has died as it was to; from then on it is none of the pipeline's workers."""

        async def died() -> bool:
            return not worker.alive()

        await self.until(died, f"{worker.name} dies", POINT_SECONDS)
        self.workers.remove(worker)

    async def standing(self, workers: Iterable[PointedWorker]) -> None:
        """Until all of them stand still, each at its point."""
        for worker in workers:

            async def stands(worker: PointedWorker = worker) -> bool:
                return worker.stands()

            await self.until(stands, f"{worker.name} stops at {worker.at}", POINT_SECONDS)

    async def without(self, sleepers: Iterable[PointedWorker]) -> None:
        """Until the groups have missed those who sleep, and all that they had is somebody else's."""
        asleep = list(sleepers)
        for stage in {worker.stage for worker in asleep}:
            members = len(self.of(stage)) - sum(worker.stage == stage for worker in asleep)

            async def missed(stage: str = stage, members: int = members) -> bool:
                return await self.cluster.group(stage) == (members, True)

            await self.until(missed, f"the group of {stage} misses who sleeps")

    async def leave_all(self) -> None:
        """End all workers in order; others may come after them."""
        leaving, self.workers = self.workers, []
        await asyncio.gather(*(worker.leave() for worker in leaving))


def _state(pid: int) -> str:
    """The letter that the kernel has for it; T is stopped by a signal."""
    # The name before it may have spaces and parentheses.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def pointed_pipeline(
    kafka: LocalKafka, folder: Path, partitions: int = PARTITIONS
) -> AbstractAsyncContextManager[PointedPipeline]:
    """Without workers yet, on a broker that runs and has no topics yet."""
    return pipeline_of(PointedPipeline, kafka, folder, partitions)

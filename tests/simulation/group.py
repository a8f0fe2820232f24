"""A stage's workers, and who gives them their partitions: they come, go, die and stand still."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Protocol

from streams import topics
from streams.engine.partition import PartitionTask
from streams.engine.runtime import Runtime
from streams.engine.stage import Output
from streams.engine.turns import Turns
from tests.simulation.faulty_log import FarReader, SharedLog, Surroundings
from tests.simulation.loop import Process
from tests.simulation.parts import Parts, rules_of
from tests.simulation.plan import Plan
from tests.simulation.watch import Watched

# How long the group waits for a member that says nothing.
SESSION_SECONDS: Final = 1.5
# A stage runs in a thread or an agent of its own: how often others go first.
OTHERS_FIRST: Final = 0.3


class Around(Surroundings, Protocol):
    """What the workers of a schedule share."""

    plan: Plan
    log: SharedLog
    parts: Parts
    random: Random

    def clock(self) -> int:
        """Unix milliseconds."""
        ...


class Worker:
    """A process of one stage, as the shells make it: a reader, a runtime, and a task for each of its partitions."""

    def __init__(self, name: str, stage: str, watch: Watched, around: Around) -> None:
        self.process = Process(name, stage)
        self.is_leaving = self.is_over = False
        self._stage = around.parts.stage(stage, rules_of(around.plan))
        self._points = around.points(stage)
        self._draw = around.random.random
        self._watch = watch
        self._around = around
        self._generation = 0
        self._partitions: Sequence[int] = ()
        self._ordered = asyncio.Event()
        around.loop.create_task(self._live(), context=self.process.context)

    @property
    def responds(self) -> bool:
        """Whether the group hears of it."""
        return self.process.alive and not self.process.paused and not self.is_leaving

    def order(self, generation: int, partitions: Sequence[int] | None) -> None:
        """It shall have these partitions and no others; None: it shall stop. An older order comes too late."""
        if generation <= self._generation:
            return
        self._generation = generation
        if partitions is None:
            self.is_over = True
        else:
            self._partitions = partitions
        self._ordered.set()

    async def _live(self) -> None:
        around = self._around
        self._reader = FarReader(around.log, self._stage.input, self._stage.name, self.process, around)
        self._turns = Turns()
        runtime = Runtime(self._start_task)
        runtime.failed.add_done_callback(self._failed)
        self._reader.start(runtime)
        while not self.is_over:
            await self._ordered.wait()
            self._ordered.clear()
            # What it is told from here on is another order.
            partitions = self._partitions
            await runtime.revoked()
            await asyncio.sleep(around.delay())
            await runtime.assigned(partitions)
        await runtime.close()
        self._reader.stop()
        around.say(self.process.name, "has stopped")

    def _failed(self, failed: "asyncio.Future[None]") -> None:
        if not failed.cancelled():
            self._around.loop.errors.append(f"{self.process.name} cannot go on: {failed.exception()!r}")

    def _start_task(self, partition: int) -> PartitionTask:
        around, name = self._around, self._stage.name
        near = around.parts.near(around.log, name, self._reader, partition)
        return around.parts.task(
            self._stage,
            around.parts.far(near, name, self.process, around),
            run=self._run,
            clock=around.clock,
            watch=self._watch,
            turns=self._turns,
            dead_letters=topics.DEAD_LETTERS,
        )

    async def _run(self, function: Callable[[], Output]) -> Output:
        if self._is_struck("stage.before") or self._draw() < OTHERS_FIRST:
            await asyncio.sleep(0)
        made = function()
        if self._is_struck("stage.after") or self._draw() < OTHERS_FIRST:
            await asyncio.sleep(0)
        return made

    def _is_struck(self, point: str) -> bool:
        return point in self._points and self._around.strike(self.process, self._stage.name, point) is not None


class Group:
    """The workers of one stage. Whoever has a partition is told so some time later, and so is who has it no more."""

    def __init__(self, stage: str, partitions: int, workers: int, around: Around) -> None:
        self.stage = stage
        self.watch = Watched()
        self.members: list[Worker] = []
        self.everyone: list[Worker] = []
        self._partitions = range(partitions)
        self._around = around
        self._owners: dict[int, Worker] = {}
        self._born = 0
        self._generation = 0
        for _ in range(workers):
            self.join()

    def join(self) -> Worker:
        """A new worker, which has nothing before the next rebalance."""
        self._born += 1
        worker = Worker(f"{self.stage}/{self._born}", self.stage, self.watch, self._around)
        self.members.append(worker)
        self.everyone.append(worker)
        return worker

    def rebalance(self) -> None:
        """Deal out the partitions to whoever responds; about every second one stays where it was."""
        self._generation += 1
        members = [member for member in self.members if member.responds] or [self.join()]
        random = self._around.random
        for partition in self._partitions:
            owner = self._owners.get(partition)
            if owner not in members or random.random() < 0.5:
                self._owners[partition] = random.choice(members)
        for member in members:
            share = [partition for partition in self._partitions if self._owners[partition] is member]
            self._tell(member, share)
        shares = ", ".join(f"{partition} to {owner.process.name}" for partition, owner in self._owners.items())
        self._around.say(self.stage, f"is dealt out: {shares}")

    def leave(self, worker: Worker) -> None:
        """The worker stops in order."""
        worker.is_leaving = True
        self.members.remove(worker)
        self._generation += 1
        self._tell(worker, None)
        self._around.later(self._around.delay(), self.rebalance)

    def died(self, worker: Worker) -> None:
        """The worker is gone, which the group notices later."""
        if worker in self.members:
            self.members.remove(worker)
        self._around.later(SESSION_SECONDS * self._around.random.random(), self.rebalance)

    def silent(self, worker: Worker, seconds: float) -> None:
        """The worker stands still so long. If that is too long, others get its partitions until it is back."""
        if seconds > SESSION_SECONDS:
            self._around.later(SESSION_SECONDS, self.rebalance)
            self._around.later(seconds + self._around.delay(), self.rebalance)

    def _tell(self, worker: Worker, share: Sequence[int] | None) -> None:
        later = self._around.delay() + self._around.random.random() * 0.1
        self._around.loop.call_later(later, worker.order, self._generation, share, context=worker.process.context)

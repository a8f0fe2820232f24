"""One round: fresh topics, workers, a flow of events, faults in the middle of it, and the reckoning."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.soak.cluster import STAGES, WAY, Cluster
from tests.soak.feed import Feed
from tests.soak.generator import Generator
from tests.soak.pauses import Fault
from tests.soak.stored import stored_differently
from tests.soak.verify import Ledger, Verdict, verify
from tests.soak.waiting import Stuck, until
from tests.soak.workers import Worker

log = logging.getLogger(__name__)

# A wait that takes longer means that something is stuck. No promise: those are measured.
# Enough for three workers to share unevenly.
PARTITIONS = 8
STUCK_SECONDS = 180.0
POLL_SECONDS = 0.1


class Plan(NamedTuple):
    """What a round does. Each fault hits one worker of each of its stages at the same time.

    Stages under a fault have `workers` workers, the others one.
    """

    scenario: str
    seed: int
    events: int
    workers: int
    faults: Sequence[Sequence[str]]

    def workers_of(self, stage: str) -> int:
        """How many workers the stage has when none is missing."""
        return self.workers if any(stage in stages for stages in self.faults) else 1


@dataclass
class Outcome:
    """What came of a round. Times are in seconds."""

    plan: Plan
    verdict: Verdict
    seconds: float
    takeovers: int = 0
    recoveries: list[float] = field(default_factory=list)
    slowest_stop: float = 0.0
    oddities: list[str] = field(default_factory=list)


class Round:
    """Runs one plan on a broker that has no topics yet. Logs of the workers go to `folder`."""

    def __init__(self, plan: Plan, cluster: Cluster, folder: Path) -> None:
        self.plan = plan
        self.random = Random(plan.seed)
        self.workers: dict[str, list[Worker]] = {stage: [] for stage in STAGES}
        self._cluster = cluster
        self._folder = folder
        self._all: list[Worker] = []
        self._feed = Feed(cluster.brokers, Generator(plan.seed, plan.events, cluster.partitions))
        self._feeding: asyncio.Task[None] | None = None
        self._faults: list[Fault] = []
        self._recoveries: list[float] = []
        self._slowest_stop = 0.0

    async def run(self) -> Outcome:
        """Everything from the first worker to the verdict. Raises Stuck or WorkerDied."""
        begun = time.monotonic()
        try:
            await SCENARIOS[self.plan.scenario](self)
            self._feed.release()
            verdict = await self._reckon()
            seconds = time.monotonic() - begun
        finally:
            await self._clean_up()
        oddities = [f"{worker.name}: {line}" for worker in self._all for line in worker.oddities()]
        takeovers = sum(worker.takeovers() for worker in self._all)
        return Outcome(self.plan, verdict, seconds, takeovers, self._recoveries, self._slowest_stop, oddities)

    # -- what scenarios are made of

    def start_worker(self, stage: str) -> Worker:
        """One more worker."""
        worker = Worker(stage, len(self._all), self._cluster.brokers, self._folder)
        self._all.append(worker)
        self.workers[stage].append(worker)
        return worker

    def start_feed(self) -> None:
        """Let events flow."""
        self._feeding = asyncio.create_task(self._feed.run())

    async def start_all(self) -> None:
        """All workers, each group stable, and then the events."""
        await self.fill_up()
        self.start_feed()

    async def fill_up(self) -> None:
        """Start the workers that are missing and wait until they are in their groups."""
        for stage in STAGES:
            while len(self.workers[stage]) < self.plan.workers_of(stage):
                self.start_worker(stage)
        await self.complete(STAGES)

    async def complete(self, stages: Sequence[str]) -> None:
        """Until each group knows just the workers that should be in it, and all partitions move."""
        for stage in stages:
            await self.members(stage, len(self.workers[stage]))

    async def members(self, stage: str, count: int, *, stable: bool = True) -> None:
        """Until the stage's group has so many members."""

        async def reached() -> bool:
            group = await self._cluster.group(stage)
            return group.members == count and (group.stable or not stable)

        await self.until(reached, f"the group of {stage} has {count} members")

    async def all_move(self, stages: Sequence[str]) -> None:
        """Until every partition of the stages' inputs is further than it is now."""
        before = {stage: await self._cluster.committed(stage) for stage in stages}

        async def moved() -> bool:
            now = {stage: await self._cluster.committed(stage) for stage in stages}
            return all(b > a for stage in stages for a, b in zip(before[stage], now[stage], strict=True))

        await self.until(moved, f"every partition of {', '.join(stages)} moves")

    async def leave(self, worker: Worker) -> None:
        """End a worker in order."""
        self.workers[worker.stage].remove(worker)
        self._slowest_stop = max(self._slowest_stop, await worker.leave())

    async def inflict(self, stages: Sequence[str], fault: "Inflict") -> None:
        """A fault in full flow, at one worker of each stage; returns when every partition goes on."""
        await self.all_move(STAGES)
        victims = [self.random.choice(self.workers[stage]) for stage in stages]
        async with self.observed(stages):
            await fault(self, victims)

    @contextlib.asynccontextmanager
    async def observed(self, stages: Sequence[str]) -> AsyncIterator[None]:
        """Measures from here until every partition of the stages goes on after the block."""
        began = time.time()
        yield
        await self.all_move(stages)
        self._recoveries.append(time.time() - began)
        self._faults.append(Fault(stages, began, time.time()))

    async def until(
        self,
        reached: Callable[[], Awaitable[bool]],
        what: str,
        *,
        seconds: float = STUCK_SECONDS,
        poll: float = POLL_SECONDS,
    ) -> None:
        """Wait for a condition; notices at once when a worker or the feed has died."""
        await until(reached, what, seconds, check=self._check_alive, poll=poll)

    def _check_alive(self) -> None:
        for worker in self._all:
            worker.alive()
        if self._feeding is not None and self._feeding.done():
            self._feeding.result()

    # -- the end

    async def _reckon(self) -> Verdict:
        feeding = self._feeding
        if feeding is None:
            raise RuntimeError(f"{self.plan.scenario} never started the feed")

        async def all_sent() -> bool:
            return feeding.done()

        await self.until(all_sent, "all events are produced")
        for stage in WAY:
            await self.until(lambda stage=stage: self._cluster.is_through(stage), f"{stage} has read its input")  # type: ignore[misc]
        ledger = Ledger(self._cluster, self._feed.sent, self._faults, self._folder)
        async with ledger:
            await ledger.expect()
            await self._await_windows(ledger)
            for worker in [worker for stage in STAGES for worker in self.workers[stage]]:
                await self.leave(worker)
            verdict = await verify(ledger)
        stored = await stored_differently(self._cluster.brokers, self._folder)
        return verdict._replace(findings=[*verdict.findings, *stored])

    async def _await_windows(self, ledger: Ledger) -> None:
        try:
            await self.until(ledger.windows_agree, "the windows agree", poll=1.0)
        except Stuck:
            # The verdict says which of them do not.
            return

    async def _clean_up(self) -> None:
        if self._feeding is not None:
            self._feeding.cancel()
            await asyncio.wait([self._feeding])
        for worker in self._all:
            worker.discard()


Inflict = Callable[[Round, Sequence[Worker]], Awaitable[None]]


async def _join_fresh(play: Round) -> None:
    """Workers join while nothing has been committed yet, and the first events come in the middle of that."""
    for stage in STAGES:
        play.start_worker(stage)
    await play.complete(STAGES)
    [stages] = play.plan.faults
    for stage in stages:
        for _ in range(play.plan.workers - 1):
            play.start_worker(stage)
    await play.members(play.random.choice(stages), play.random.randint(1, play.plan.workers), stable=False)
    async with play.observed(stages):
        play.start_feed()
        await play.complete(STAGES)


async def _join(play: Round, victims: Sequence[Worker]) -> None:
    for victim in victims:
        play.start_worker(victim.stage)
    await play.complete([victim.stage for victim in victims])


async def _leave(play: Round, victims: Sequence[Worker]) -> None:
    await asyncio.gather(*(play.leave(victim) for victim in victims))
    await play.complete([victim.stage for victim in victims])


async def _kill(play: Round, victims: Sequence[Worker]) -> None:
    for victim in victims:
        victim.kill()
        play.workers[victim.stage].remove(victim)
    await play.complete([victim.stage for victim in victims])


async def _stop(play: Round, victims: Sequence[Worker]) -> None:
    """Hang until the others have taken over and go on, then wake as if nothing had happened."""
    stages = [victim.stage for victim in victims]
    for victim in victims:
        victim.stop()
    for stage in stages:
        await play.members(stage, len(play.workers[stage]) - 1)
    await play.all_move(stages)
    for victim in victims:
        victim.wake()
    await play.complete(stages)


def _in_flow(fault: Inflict) -> Callable[[Round], Awaitable[None]]:
    """A scenario: the same fault again and again, with the number of workers made up in between."""

    async def scenario(play: Round) -> None:
        await play.start_all()
        for stages in play.plan.faults:
            await play.fill_up()
            await play.inflict(stages, fault)

    return scenario


SCENARIOS: dict[str, Callable[[Round], Awaitable[None]]] = {
    "join-fresh": _join_fresh,
    "join-flow": _in_flow(_join),
    "leave": _in_flow(_leave),
    "kill": _in_flow(_kill),
    "stop": _in_flow(_stop),
}


async def run_round(plan: Plan, brokers: str, folder: Path) -> Outcome:
    """Run a plan on a fresh broker."""
    async with Cluster(brokers, PARTITIONS) as cluster:
        return await Round(plan, cluster, folder).run()

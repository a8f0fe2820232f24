"""One lap: a fresh broker and database, a steady flow of events, faults in the middle of it, and the reckoning."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError

from streams.up.local_kafka import LocalKafka
from tests.faults.fleet import Fleet
from tests.faults.injectors import Inflicted, Target
from tests.faults.network import proxied
from tests.faults.schedule import KINDS, Injection
from tests.faults.stored_rows import stored_otherwise
from tests.faults.timeline import Sample, follow, seconds_to_catch_up, take_sample
from tests.soak.cluster import SINK, STAGES, Cluster
from tests.soak.feed import Feed, Steady
from tests.soak.generator import Generator
from tests.soak.pauses import Fault
from tests.soak.stored import all_is_stored, different_windows
from tests.soak.verify import Ledger, Verdict, verify
from tests.soak.waiting import Stuck, until

log = logging.getLogger(__name__)

# A wait that takes longer means that something is stuck: the promise is a minute.
_STUCK_SECONDS = 240.0
_POLL_SECONDS = 0.5
# A producer waits for a broker that is away.
_PRODUCER_PATIENCE = 120.0


class Plan(NamedTuple):
    """What a lap does."""

    seed: int
    injections: Sequence[Injection]
    events: int
    per_second: float
    partitions: int
    workers: int
    sinks: int


class Recovery(NamedTuple):
    """What a fault cost, in seconds: how long a partition stood still although input waited, and how long after its end
    it took until all that there was then was done; None where that was not seen.
    """

    kind: str
    pause: float
    caught_up: float | None


class Outcome(NamedTuple):
    """What came of a lap: what the topics say, in words what differs in ClickHouse, and what each fault cost.

    `ended_alone` tells of processes that nobody had told to end.
    """

    plan: Plan
    verdict: Verdict
    stored: Sequence[str]
    recoveries: Sequence[Recovery]
    ended_alone: Sequence[str]
    caught_up: float

    @property
    def wrong(self) -> list[str]:
        """Everything that should not be, in words."""
        ended = (f"ended on its own: {told}" for told in self.ended_alone)
        return [*self.verdict.findings, *self.stored, *ended]


async def run_lap(plan: Plan, kafka: LocalKafka, folder: Path) -> Outcome:
    """From the start of a fresh broker to the verdict; logs go to `folder`.

    Raises Stuck, or WorkerDied when a process does not end in order.
    """
    async with proxied(kafka, folder, "afar") as proxies:
        try:
            async with Cluster(kafka.brokers, plan.partitions) as cluster:
                fleet = Fleet(kafka, proxies["afar"], folder, plan.workers, plan.sinks)
                try:
                    return await _Lap(plan, cluster, fleet, folder).run()
                finally:
                    fleet.discard()
        finally:
            await kafka.stop()


class _Lap:
    def __init__(self, plan: Plan, cluster: Cluster, fleet: Fleet, folder: Path) -> None:
        self._plan = plan
        self._cluster = cluster
        self._fleet = fleet
        self._folder = folder
        generator = Generator(plan.seed, plan.events, cluster.partitions)
        self._target = Target(fleet, generator)
        self._feed = Feed(cluster.brokers, generator, Steady(plan.per_second), _PRODUCER_PATIENCE)
        self._samples: list[Sample] = []

    async def run(self) -> Outcome:
        """Everything."""
        await self._fleet.start()
        await self._until(lambda: self._fleet.complete(self._cluster), "all groups are complete")
        async with _beside(self._fleet.supervise()), _beside(follow(self._cluster, self._samples)):
            async with asyncio.TaskGroup() as group:
                feeding = group.create_task(self._feed.run())
                inflicted = await self._inflict_all(group)
                await feeding
            over = time.time()
            await self._await_end()
            caught_up = time.time() - over
        struck = [task.result() for task in inflicted]
        verdict, stored = await self._reckon(struck)
        recoveries = [
            Recovery(each.injection.kind, pause, seconds_to_catch_up(self._samples, _readers(each), each.over))
            for each, pause in zip(struck, verdict.pauses, strict=True)
        ]
        return Outcome(self._plan, verdict, stored, recoveries, self._fleet.ended_alone, caught_up)

    async def _inflict_all(self, group: asyncio.TaskGroup) -> Sequence["asyncio.Task[Inflicted]"]:
        begun = time.monotonic()
        inflicted = []
        for injection in self._plan.injections:
            await asyncio.sleep(begun + injection.at - time.monotonic())
            log.info("%s", injection)
            inflicted.append(group.create_task(self._inflict(injection)))
        return inflicted

    async def _inflict(self, injection: Injection) -> Inflicted:
        try:
            return await self._target.inflict(injection)
        except Exception as error:
            # The producer holds the end up for as long as it waits for a broker.
            log.error("%s: %s", injection, error)
            raise

    async def _await_end(self) -> None:
        """Until everybody has read everything, the registry's answers included, and the sink has stored it."""
        await self._until(self._all_is_read, "every stage has read its input")
        await self._until(self._all_is_stored, "the sink has stored everything")

    async def _all_is_read(self) -> bool:
        sample = await take_sample(self._cluster)
        places = (sample.places[stage] for stage in STAGES)
        return all(list(place.committed) == list(place.ends) for place in places)

    async def _all_is_stored(self) -> bool:
        return await all_is_stored(self._cluster.brokers)

    async def _reckon(self, struck: Sequence[Inflicted]) -> tuple[Verdict, list[str]]:
        faults = [Fault(_stages(each), each.began, each.over) for each in struck]
        async with Ledger(self._cluster, self._feed.sent, faults, self._folder) as ledger:
            await ledger.expect()
            with contextlib.suppress(Stuck):
                # The verdict says which of them do not.
                await self._until(ledger.windows_agree, "the windows agree")
            await self._until(self._all_is_stored, "the sink has stored the windows")
            await self._fleet.leave()
            verdict = await verify(ledger)
            stored = await asyncio.to_thread(stored_otherwise, self._fleet.clickhouse_url, ledger)
        stored += await different_windows(self._fleet.environment, self._folder)
        return verdict, stored

    async def _until(self, reached: Callable[[], Awaitable[bool]], what: str) -> None:
        # What ends on its own is started again, and a broker may be away.
        await until(reached, what, _STUCK_SECONDS, poll=_POLL_SECONDS, unless=(KafkaError, TimeoutError))


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs while the block does; a failure of it is the block's."""
    task = asyncio.create_task(work)
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])


def _stages(each: Inflicted) -> Sequence[str]:
    """The stages that a fault may hold up."""
    kind = each.injection.kind
    if KINDS[kind].staged:
        return [each.injection.stage]
    return [] if kind.startswith(("sink", "ClickHouse")) else STAGES


def _readers(each: Inflicted) -> Sequence[str]:
    return _stages(each) or [SINK]

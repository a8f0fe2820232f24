"""Everything that runs in a lap, and who starts again what has ended."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from streams.up.local_kafka import LocalKafka
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.servers.toxiproxy import Proxy
from tests.soak.cluster import SINK, STAGES, Cluster
from tests.soak.stored import Sink, environment_of, run_command
from tests.soak.workers import ProductProcess, StageProcess, WorkerDied

log = logging.getLogger(__name__)

DATABASE: Final = "default"
# A supervisor looks so often.
_LOOK_SECONDS = 0.2
# And waits so long before it starts again what ended on its own.
_RESTART_SECONDS = 1.0


class Fleet:
    """Workers of each stage, sinks, ClickHouse and the broker, which every second process reaches through `proxy`.

    `ended_alone` tells of each process that ended although nobody told it to; a new one takes its place, as a
    supervisor would see to.
    """

    def __init__(self, kafka: LocalKafka, proxy: Proxy, folder: Path, workers: int, sinks: int) -> None:
        self.kafka = kafka
        self.proxy = proxy
        self.clickhouse = ClickHouseProcess(folder / "clickhouse")
        self.ended_alone: list[str] = []
        self.all: list[ProductProcess] = []
        self._folder = folder
        self._workers = workers
        self._sinks = sinks
        self._numbers = count()
        self._running: dict[str, list[ProductProcess]] = {stage: [] for stage in (*STAGES, SINK)}
        self._busy: set[ProductProcess] = set()

    @property
    def clickhouse_url(self) -> str:
        """The database that the sinks write."""
        return self.clickhouse.url(DATABASE)

    @property
    def environment(self) -> dict[str, str]:
        """What the sink and the commands of the product are told."""
        return environment_of(self.kafka.brokers, self.clickhouse_url)

    async def start(self) -> None:
        """All processes; the topics are there."""
        await asyncio.to_thread(self.clickhouse.start)
        await run_command(["migrate"], self.environment, self._folder)
        for role, wanted in self._wanted.items():
            for _ in range(wanted):
                self.add(role)

    async def complete(self, cluster: Cluster) -> bool:
        """Whether every group knows all of its members, and they their partitions."""
        return all([await cluster.group(role) == (wanted, True) for role, wanted in self._wanted.items()])

    @property
    def _wanted(self) -> Mapping[str, int]:
        return {**dict.fromkeys(STAGES, self._workers), SINK: self._sinks}

    def add(self, role: str) -> ProductProcess:
        """One more worker of a stage, or one more sink."""
        number = next(self._numbers)
        brokers = self.proxy.address if number % 2 else self.kafka.brokers
        process: ProductProcess
        if role == SINK:
            process = Sink(number, self.environment | {"KAFKA_BROKERS": brokers}, self._folder)
        else:
            process = StageProcess(role, number, brokers, self._folder)
        self.all.append(process)
        self._running[role].append(process)
        return process

    def remove(self, role: str, process: ProductProcess) -> None:
        """It is about to end: nobody starts it again."""
        self._running[role].remove(process)

    def running(self, role: str) -> Sequence[ProductProcess]:
        """What runs or sleeps of it."""
        return tuple(self._running[role])

    async def take(self, role: str, draw: float) -> ProductProcess:
        """One of the role that nothing is done to now, to be given back; waits until there is one."""
        while not (free := self._free(role)):
            await asyncio.sleep(_LOOK_SECONDS)
        victim = free[int(draw * len(free))]
        self._busy.add(victim)
        return victim

    def take_all(self, role: str) -> Sequence[ProductProcess]:
        """Whatever of the role nothing is done to now, to be given back."""
        free = self._free(role)
        self._busy.update(free)
        return free

    def give_back(self, *processes: ProductProcess) -> None:
        """Nothing is done to them any more."""
        self._busy.difference_update(processes)

    def _free(self, role: str) -> Sequence[ProductProcess]:
        return [process for process in self._running[role] if process not in self._busy]

    async def supervise(self) -> None:
        """Start again whatever ends on its own; for ever."""
        while True:
            for role in self._running:
                for process in self.running(role):
                    try:
                        process.alive()
                    except WorkerDied as death:
                        log.info("%s", death)
                        self.ended_alone.append(f"{time.strftime('%H:%M:%S')} {str(death).partition(';')[0]}")
                        self.remove(role, process)
                        await asyncio.sleep(_RESTART_SECONDS)
                        self.add(role)
            await asyncio.sleep(_LOOK_SECONDS)

    async def leave(self) -> None:
        """All workers and sinks end in order. Raises WorkerDied when one does not."""
        for role in self._running:
            for process in self.running(role):
                self.remove(role, process)
                await process.leave()

    def discard(self) -> None:
        """Whatever still runs is gone, the broker excepted."""
        for process in self.all:
            process.discard()
        self.clickhouse.kill()

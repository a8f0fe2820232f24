"""The pipeline as processes for as long as asked: first as fast as it goes, then steadily at a share of that."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer

from sinks.clickhouse.client import connect
from streams import topics
from streams.config import Settings
from streams.up.local_kafka import LocalKafka
from tests.bench.events import Generated
from tests.bench.sightings import watch_rows
from tests.bench.usage import cpu_seconds, resident_bytes
from tests.endurance.desk import PROBES, Desk, probe, probe_id
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.soak.cluster import READ, SINK, STAGES, Cluster
from tests.soak.stored import Sink, all_is_stored, environment_of, run_command
from tests.soak.waiting import until
from tests.soak.workers import ProductProcess, StageProcess

_PARTITIONS: Final = 4
_TICK_SECONDS: Final = 0.1
_SAMPLES: Final = 480
# As a desk has them. A soak of minutes has smaller ones, which make much more state.
_WINDOWS: Final = {"TICKETPULSE_WINDOW_SIZES": str(list(Settings.model_fields["window_sizes"].default))}
_STUCK_SECONDS: Final = 300.0
_ROW_SECONDS: Final = 60.0


class Plan(NamedTuple):
    """How long in seconds, how many tickets there are, how many events the greatest rate is measured with, and the
    share of that rate that then comes steadily.
    """

    seconds: float
    tickets: int
    backlog: int
    share: float
    seed: int


class Sample(NamedTuple):
    """At so many seconds after the steady flow began: of each process the resident memory (bytes) and the processor
    time so far (seconds), of each stage the rows of its state, and how many records wait for each reader.
    """

    at: float
    memory: dict[str, int]
    processor: dict[str, float]
    rows: dict[str, float]
    lag: dict[str, int]


class Seen(NamedTuple):
    """An event that was looked for: when it was sent, in seconds of the steady flow, and how many later its row was
    there; None: not within a minute.
    """

    at: float
    seconds: float | None


class Outcome(NamedTuple):
    """What came of it, in words: what is stored otherwise than it was sent, and what went wrong although nothing was
    lost by it.
    """

    plan: Plan
    greatest: float
    rate: float
    sent: int
    samples: Sequence[Sample]
    seen: Sequence[Seen]
    differences: Sequence[str]
    errors: Sequence[str]


async def run(plan: Plan, kafka: LocalKafka, folder: Path, say: Callable[[str], None]) -> Outcome:
    """From the start of the processes to the count of what is stored. Raises Stuck and WorkerDied."""
    clickhouse = ClickHouseProcess(folder / "clickhouse")
    processes: list[ProductProcess] = []
    await asyncio.to_thread(clickhouse.start)
    try:
        environment = environment_of(kafka.brokers, clickhouse.url("default")) | _WINDOWS
        await run_command(["migrate"], environment, folder)
        async with Cluster(kafka.brokers, _PARTITIONS) as cluster:
            processes += [StageProcess(stage, 0, kafka.brokers, folder, also=_WINDOWS) for stage in STAGES]
            processes.append(Sink(0, environment, folder))
            return await _Run(plan, cluster, processes, clickhouse, environment, folder, say).run()
    finally:
        for process in processes:
            process.discard()
        clickhouse.kill()


class _Run:
    def __init__(
        self,
        plan: Plan,
        cluster: Cluster,
        processes: Sequence[ProductProcess],
        clickhouse: ClickHouseProcess,
        environment: dict[str, str],
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._cluster = cluster
        self._processes = processes
        self._clickhouse = clickhouse
        self._environment = environment
        self._folder = folder
        self._say = say
        self._desk = Desk(plan.tickets, plan.seed)
        self._sent = 0
        self._samples: list[Sample] = []
        self._due: dict[str, float] = {}

    async def run(self) -> Outcome:
        await self._until(self._all_joined, "every group is complete")
        async with AIOKafkaProducer(
            bootstrap_servers=self._cluster.brokers, enable_idempotence=True, linger_ms=5, compression_type="lz4"
        ) as producer:
            await self._backlog(producer, self._plan.tickets)
            greatest = self._plan.backlog / await self._backlog(producer, self._plan.backlog)
            rate = greatest * self._plan.share
            self._say(f"at most {greatest:.0f} events/s; from now on {rate:.0f} for {self._plan.seconds:.0f} s")
            seen = await self._steadily(producer, rate)
        await self._until(self._all_stored, "everything is stored")
        errors = await self._leave()
        return Outcome(self._plan, greatest, rate, self._sent, self._samples, seen, await self._count(), errors)

    async def _backlog(self, producer: AIOKafkaProducer, count: int) -> float:
        """Send so many events at once; the seconds until all of them are stored, from the first one on."""
        began = time.monotonic()
        await self._send(producer, [self._desk.next(time.time()) for _ in range(count)])
        await self._until(self._all_stored, "the backlog is stored")
        return time.monotonic() - began

    async def _steadily(self, producer: AIOKafkaProducer, rate: float) -> list[Seen]:
        """Samples and probes come with it."""
        rows: dict[str, float] = {}
        over = asyncio.Event()
        watching = asyncio.create_task(watch_rows(self._clickhouse.url("default"), rows, over, PROBES))
        began = time.monotonic()
        sampling = asyncio.create_task(self._keep_sampling(began))
        try:
            await self._flow(producer, rate, began)
            await asyncio.sleep(min(_ROW_SECONDS, self._plan.seconds))
        finally:
            over.set()
            sampling.cancel()
            await asyncio.wait([watching, sampling])
        if not sampling.cancelled():
            sampling.result()
        return [
            Seen(due - began, found - due if (found := rows.get(event_id)) else None)
            for event_id, due in self._due.items()
        ]

    async def _flow(self, producer: AIOKafkaProducer, rate: float, began: float) -> None:
        made = probed = 0
        while (now := time.monotonic()) < began + self._plan.seconds:
            wanted = round((now - began) * rate) - made
            events = [self._desk.next(time.time()) for _ in range(wanted)]
            made += wanted
            if now - began >= probed:
                self._due[probe_id(probed)] = now
                events.append(probe(probed, time.time()))
                probed += 1
            await self._send(producer, events)
            await asyncio.sleep(max(0.0, now + _TICK_SECONDS - time.monotonic()))

    async def _send(self, producer: AIOKafkaProducer, events: Sequence[Generated]) -> None:
        sent = [await producer.send(topics.EVENTS, event.value, event.key) for event in events]
        await asyncio.gather(*sent)
        self._sent += len(events)

    async def _keep_sampling(self, began: float) -> None:
        number, every = 0, max(1.0, self._plan.seconds / _SAMPLES)
        while True:
            await asyncio.sleep(began + number * every - time.monotonic())
            number += 1
            sample = await self._sample(time.monotonic() - began)
            self._samples.append(sample)
            with (self._folder / "samples.jsonl").open("a") as log:
                log.write(json.dumps(sample._asdict()) + "\n")

    async def _sample(self, at: float) -> Sample:
        pids = {process.name: process.pid for process in self._processes if process.alive()}
        pids["ClickHouse"] = self._clickhouse.pid
        lag = {reader: await self._lag(reader) for reader in READ}
        rows = {
            process.name: await asyncio.to_thread(process.metric, "helpdesk_state_rows")
            for process in self._processes
            if isinstance(process, StageProcess)
        }
        memory = {name: resident_bytes(pid) for name, pid in pids.items()}
        return Sample(at, memory, {name: cpu_seconds(pid) for name, pid in pids.items()}, rows, lag)

    async def _lag(self, reader: str) -> int:
        committed = await self._cluster.committed(reader)
        return sum(await self._cluster.ends(reader)) - sum(committed)

    async def _all_joined(self) -> bool:
        return all([await self._cluster.group(role) == (1, True) for role in (*STAGES, SINK)])

    async def _all_stored(self) -> bool:
        stages = [await self._cluster.is_through(stage) for stage in STAGES]
        return all(stages) and await all_is_stored(self._cluster.brokers)

    async def _leave(self) -> list[str]:
        """Dead letters, partitions that were taken over more than once, and whatever a log has of errors."""
        dead = sum(process.metric("helpdesk_dead_letters_total") for process in self._processes)
        taken = {
            process.name: process.metric("helpdesk_takeovers_total")
            for process in self._processes
            if isinstance(process, StageProcess)
        }
        errors = [f"{dead:.0f} dead letters"] if dead else []
        errors += [f"{name}: {count:.0f} take-overs" for name, count in taken.items() if count > _PARTITIONS]
        for process in self._processes:
            await process.leave()
            errors += [f"{process.name}: {line}" for line in process.oddities()]
        return errors

    async def _count(self) -> list[str]:
        """Each event is stored once, and the windows are what the events say."""
        client = connect(self._clickhouse.url("default"), readonly=True)
        with contextlib.closing(client):
            [[count, distinct]] = client.query(
                "SELECT count(), uniqExact(tenant, event_id) FROM scored_events_now"
            ).result_rows
        told = json.loads(
            await run_command(["windows", "verify", "--output", "json"], self._environment, self._folder, 1)
        )
        wrong = [] if count == distinct == self._sent else [f"{self._sent} sent, {distinct} stored in {count} rows"]
        return wrong + ([f"{told['different']} of {told['final']} windows differ"] if told["different"] else [])

    async def _until(self, reached: Callable[[], Awaitable[bool]], what: str) -> None:
        await until(reached, what, _STUCK_SECONDS, check=self._check_alive)

    def _check_alive(self) -> None:
        for process in self._processes:
            process.alive()

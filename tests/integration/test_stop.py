"""A worker that is told to end under load: it ends its transaction, leaves its group at once, and loses nothing."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from streams import topics
from streams.engine.memory_bound import OUTGROWN
from streams.engine.watchdog import STALLED
from streams.up.local_kafka import LocalKafka
from tests.integration.reading import read_committed
from tests.soak.cluster import Cluster
from tests.soak.workers import StageProcess, Worker, WorkerDied

PARTITIONS = 2
EVENTS = 30_000
WAIT = 120.0
# What `ticketpulse up` waits before it kills, and docker and systemd at least.
STOP_SECONDS = 15.0


@pytest.fixture
async def cluster(own_kafka: LocalKafka) -> AsyncIterator[Cluster]:
    await own_kafka.start()
    async with Cluster(own_kafka.brokers, PARTITIONS) as cluster:
        yield cluster


async def produce(
    cluster: Cluster, count: int, text: str = "Where is my refund? I am very angry.", *, first: int = 0
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=cluster.brokers, linger_ms=20)
    await producer.start()
    for number in range(first, first + count):
        event = {"event_id": str(number), "ticket_id": f"T{number % 500}", "text": f"{text} {number}"}
        await producer.send(topics.EVENTS, msgspec.json.encode(event), partition=number % PARTITIONS)
    await producer.stop()


async def scored(cluster: Cluster) -> Counter[int]:
    """How often each event was scored, by its number."""
    records = await read_committed(cluster.brokers, topics.SCORED, PARTITIONS)
    return Counter(int(msgspec.json.decode(record.value or b"")["event_id"]) for record in records)


async def until_scored(cluster: Cluster, count: int) -> None:
    async with asyncio.timeout(WAIT):
        while sum(await cluster.ends("track")) < count:
            await asyncio.sleep(0.05)


async def hold_with_work_left(cluster: Cluster, worker: StageProcess) -> int:
    """Hold it while much of what was produced waits for it, and return how much was produced.

    Who looks may be so slow, and the worker so fast, that nothing is left by then: there is more to do then.
    """
    produced = EVENTS
    while True:
        worker.stop()
        if produced - sum(await cluster.ends("track")) > EVENTS // 3:
            return produced
        worker.wake()
        await produce(cluster, EVENTS, first=produced)
        produced += EVENTS


async def test_a_worker_under_load_ends_its_transaction_and_leaves_its_group_in_time(
    cluster: Cluster, tmp_path: Path
) -> None:
    await produce(cluster, EVENTS)
    first = StageProcess("score", 1, cluster.brokers, tmp_path)
    try:
        await until_scored(cluster, 3_000)
        produced = await hold_with_work_left(cluster, first)
        # Told while it is held, it knows as soon as it goes on.
        leaving = asyncio.create_task(first.leave())
        await asyncio.sleep(0)
        first.wake()
        seconds = await leaving
        # Who leaves without a word stays a member for six seconds more.
        group = await cluster.group("score")
        at_the_end = await scored(cluster)
    finally:
        first.discard()
    assert seconds < STOP_SECONDS
    assert group.members == 0
    assert 0 < at_the_end.total() < produced
    assert first.oddities() == []
    # Its transactions are decided: what it wrote last is there at once, and the group knows how far it was.
    told = await cluster.committed("score")
    assert sum(told) == at_the_end.total()
    second = Worker("score", 2, cluster.brokers, tmp_path)
    try:
        async with asyncio.timeout(WAIT):
            while await cluster.committed("score") != await cluster.ends("score"):
                assert second.alive()
                await asyncio.sleep(0.2)
    finally:
        second.discard()
    assert await scored(cluster) == Counter(range(produced))


def small_worker(brokers: str, log: Path) -> "subprocess.Popen[bytes]":
    """One that may take less memory than Python does."""
    environment = {"KAFKA_BROKERS": brokers, "TICKETPULSE_MEMORY_LIMIT": "16", "TICKETPULSE_STALLED_AFTER": "30"}
    argv = [sys.executable, "-m", "streams.cli", "worker", "--stage", "score"]
    with log.open("wb") as out:
        return subprocess.Popen(argv, env=os.environ | environment, stdout=out, stderr=out, cwd=log.parent)


async def test_a_worker_that_has_outgrown_its_memory_stops_in_order_with_a_code_of_its_own(
    cluster: Cluster, tmp_path: Path
) -> None:
    await produce(cluster, 1_000)
    log = tmp_path / "score.log"
    process = small_worker(cluster.brokers, log)
    try:
        assert await asyncio.to_thread(process.wait, WAIT) == OUTGROWN
    finally:
        process.send_signal(signal.SIGKILL)
    assert "MiB of memory and may take 16; it stops in order and ends with code 76" in log.read_text()
    assert (await cluster.group("score")).members == 0
    assert max((await scored(cluster)).values(), default=1) == 1


# A stop in order that never comes to its end, in a process with nothing but the watchdog.
ENDLESS_STOP = """
import asyncio
from streams.engine.watchdog import Pulse, Watchdog, Watched

async def stop() -> None:
    with Watchdog(Watched("127.0.0.1:1", "tickets.events.v1", "score-state", limit=0), Pulse()).stopping():
        await asyncio.Event().wait()

asyncio.run(stop())
"""


def test_a_stop_that_does_not_end_is_ended_with_a_word_and_a_code() -> None:
    argv = [sys.executable, "-c", ENDLESS_STOP]
    ended = subprocess.run(argv, capture_output=True, check=False, text=True, timeout=WAIT)
    assert ended.returncode == STALLED
    assert "tickets.events.v1: a stop in order takes longer than 13 s" in ended.stderr
    assert "task Task-1: " in ended.stderr


async def end_in_order_or_by_the_watchdog(worker: Worker) -> None:
    """Its requests may be given up shortly before the watchdog's time is over, or shortly after."""
    try:
        await worker.leave()
    except WorkerDied as death:
        if death.code != STALLED:
            raise


async def test_a_worker_ends_in_time_while_the_broker_hangs_in_its_transaction(
    own_kafka: LocalKafka, cluster: Cluster, tmp_path: Path
) -> None:
    await produce(cluster, EVENTS)
    first = Worker("score", 1, cluster.brokers, tmp_path)
    broker = own_kafka.pid
    assert broker is not None
    try:
        await until_scored(cluster, 3_000)
        os.kill(broker, signal.SIGSTOP)
        await asyncio.sleep(1.0)
        try:
            await end_in_order_or_by_the_watchdog(first)
        finally:
            os.kill(broker, signal.SIGCONT)
    finally:
        first.discard()
    second = Worker("score", 2, cluster.brokers, tmp_path)
    try:
        async with asyncio.timeout(WAIT):
            while (await scored(cluster)).total() < EVENTS:
                assert second.alive()
                await asyncio.sleep(0.5)
    finally:
        second.discard()
    assert await scored(cluster) == Counter(range(EVENTS))

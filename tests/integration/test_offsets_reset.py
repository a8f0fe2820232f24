"""An operator who resets a group's offsets changes nothing; who deletes the state plays history again, on purpose."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.escalations import Escalation, decode_escalation
from streams import topics
from streams.broker.admin import apply_topics
from streams.up.local_kafka import LocalKafka
from tests.soak.cluster import Cluster
from tests.soak.workers import Worker
from tests.unit.naive_conversations import Happened
from tests.unit.records import NINE
from tests.unit.watched import recorded

PARTITIONS = 2
GROUP = "ticketpulse-track"
WAIT = 120.0
TICKETS = [f"t{number}" for number in range(6)]


@pytest.fixture
async def cluster(own_kafka: LocalKafka) -> AsyncIterator[Cluster]:
    await own_kafka.start()
    async with Cluster(own_kafka.brokers, PARTITIONS) as cluster:
        yield cluster


@asynccontextmanager
async def worker(cluster: Cluster, number: int, folder: Path) -> AsyncIterator[Worker]:
    """A worker of `track`, which leaves when it has applied everything and the group knows."""
    running = Worker("track", number, cluster.brokers, folder)
    try:
        yield running
        async with asyncio.timeout(WAIT):
            while running.alive() and await cluster.committed("track") != await cluster.ends("track"):
                await asyncio.sleep(0.1)
        await running.leave()
    finally:
        running.discard()


async def append(cluster: Cluster, tickets: Sequence[str], event: str) -> None:
    """A message on each ticket that escalates it unless it is escalated."""
    producer = AIOKafkaProducer(bootstrap_servers=cluster.brokers)
    await producer.start()
    try:
        for ticket in tickets:
            happened = Happened("a", ticket, f"{event}-{ticket}", NINE, NINE, text="No!", score=1.0)
            record = recorded(happened)
            await producer.send_and_wait(topics.SCORED, record.value, key=record.key)
    finally:
        await producer.stop()


async def escalations(cluster: Cluster) -> list[Escalation]:
    """Every record of an escalation that was committed."""
    return [decode_escalation(value) for value in await _values(cluster, topics.ESCALATIONS)]


async def _values(cluster: Cluster, topic: str) -> list[bytes]:
    sources = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=cluster.brokers,
        group_id=None,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        consumer.assign(sources)
        ends = await consumer.end_offsets(sources)
        found: list[bytes] = []
        for source in sources:
            while await consumer.position(source) < ends[source]:
                fetched = await consumer.getmany(source, timeout_ms=100)
                found += [record.value for record in fetched.get(source, ())]
        return found
    finally:
        await consumer.stop()


async def set_offsets(cluster: Cluster, offset: int) -> None:
    """What `kafka-consumer-groups.sh --reset-offsets` does to a group that is not running."""
    consumer = AIOKafkaConsumer(bootstrap_servers=cluster.brokers, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    try:
        sources = [TopicPartition(topics.SCORED, partition) for partition in range(PARTITIONS)]
        consumer.assign(sources)
        await consumer.commit(dict.fromkeys(sources, offset))
    finally:
        await consumer.stop()


async def start_anew(cluster: Cluster) -> None:
    """What ARCHITECTURE.md tells to do: no worker runs, and the changelog and the group are deleted."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.brokers)
    await admin.start()
    try:
        await admin.delete_topics([topics.changelog_of("track")])
    finally:
        await admin.close()
    await set_offsets(cluster, 0)
    async with asyncio.timeout(WAIT):
        while True:
            applied = await apply_topics(cluster.brokers, topics.ALL, PARTITIONS, replication=1)
            if any(one.topic == topics.changelog_of("track") and one.action == "created" for one in applied):
                return
            # The broker is still deleting it.
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("offset", [0, 1_000])
async def test_offsets_that_are_reset_are_not_followed_and_that_is_told(
    cluster: Cluster, tmp_path: Path, offset: int
) -> None:
    await append(cluster, TICKETS, "first")
    async with worker(cluster, 1, tmp_path) as before:
        pass
    assert "that is not followed" not in before.log.read_text()
    await set_offsets(cluster, offset)
    await append(cluster, [*TICKETS, "new"], "second")
    async with worker(cluster, 2, tmp_path) as after:
        pass
    assert Counter(one.ticket_id for one in await escalations(cluster)) == Counter([*TICKETS, "new"])
    assert f"{GROUP} was set to {offset}; that is not followed" in after.log.read_text()


async def test_who_deletes_the_state_gets_the_same_escalations_again_under_the_same_ids(
    cluster: Cluster, tmp_path: Path
) -> None:
    await append(cluster, TICKETS, "first")
    async with worker(cluster, 1, tmp_path):
        pass
    await start_anew(cluster)
    async with worker(cluster, 2, tmp_path):
        pass
    told = Counter((one.ticket_id, one.escalation_id, one.revision) for one in await escalations(cluster))
    assert sorted(ticket for ticket, _, _ in told) == sorted(TICKETS)
    assert set(told.values()) == {2}

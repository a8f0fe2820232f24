"""Take-overs that are called off, because the group re-balances again: the whole group waits until they have ended."""

import asyncio
import gc
import time
from collections.abc import Callable
from itertools import cycle, islice

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from sinks.kafka_closing import stop_consumer
from streams.engine.kafka_recovery import POSITION_KEY, STOP_SECONDS, encode_position, recover
from streams.engine.log import Position
from streams.up.local_kafka import LocalKafka

ROWS = 200
MOMENTS = 50
ROUNDS = 10
LATE = 1.0
Unique = Callable[[str], str]


@pytest.fixture
async def topics(kafka: LocalKafka, unique: Unique) -> tuple[TopicPartition, TopicPartition]:
    """An input with one record, and a changelog with rows and the position behind that record."""
    source, changelog = TopicPartition(unique("source"), 0), TopicPartition(unique("changelog"), 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.brokers)
    await admin.start()
    await admin.create_topics([NewTopic(source.topic, 1, 1), NewTopic(changelog.topic, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka.brokers) as producer:
        first = await producer.send_and_wait(source.topic, b"record", partition=0)
        for number in range(ROWS):
            await producer.send(changelog.topic, b"row", key=b"k%d" % number, partition=0)
        position = encode_position(Position(1, 1, 0, first.timestamp), 1)
        await producer.send_and_wait(changelog.topic, position, key=POSITION_KEY, partition=0)
    return source, changelog


# A connection that is called off while it is made is left to the garbage collector, which says so (aiokafka 0.14).
@pytest.mark.filterwarnings("ignore:Unclosed AIOKafkaConnection:ResourceWarning")
async def test_a_take_over_that_is_called_off_at_any_moment_ends_soon(
    kafka: LocalKafka, topics: tuple[TopicPartition, TopicPartition]
) -> None:
    source, changelog = topics
    began = time.monotonic()
    found = await recover(kafka.brokers, changelog, source, 1, lambda _: None)
    whole = time.monotonic() - began
    assert len(found.rows) == ROWS
    assert found.position == Position(1, 1, 0, found.position.last_timestamp if found.position else 0)
    for moment in range(MOMENTS):
        under_way = asyncio.create_task(recover(kafka.brokers, changelog, source, 1, lambda _: None))
        await asyncio.sleep(whole * moment / MOMENTS)
        under_way.cancel()
        # One that does not end by itself ends never; a busy machine may take its time.
        await asyncio.wait([under_way], timeout=10 * STOP_SECONDS)
        assert under_way.done()
    gc.collect()


async def test_a_consumer_that_drops_fetches_may_miss_that_it_is_told_to_stop_but_not_for_long(
    kafka: LocalKafka, topics: tuple[TopicPartition, TopicPartition]
) -> None:
    source, changelog = topics
    seconds: list[float] = []
    # The steps of the event loop between the assignment and the stop. On a machine so busy that the fetch was not yet
    # under way none of them matters, and all are tried again.
    for steps in islice(cycle(range(6)), ROUNDS * 6):
        if max(seconds, default=0.0) >= LATE and not steps:
            break
        consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka.brokers, group_id=None, fetch_max_wait_ms=30_000, auto_offset_reset="latest"
        )
        await consumer.start()
        consumer.assign([changelog])
        await consumer.position(changelog)
        # There is nothing to read: a fetch is under way from now on.
        await consumer.getmany(changelog, timeout_ms=200)
        consumer.assign([source])
        for _ in range(steps):
            await asyncio.sleep(0)
        began = time.monotonic()
        await stop_consumer(consumer, LATE)
        seconds.append(time.monotonic() - began)
    # If none is late any more, aiokafka has mended it, and `stop_consumer` can go.
    assert max(seconds) >= LATE
    # A fetch is answered after thirty.
    assert max(seconds) < 15.0

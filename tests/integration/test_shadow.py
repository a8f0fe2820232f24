"""A challenger on real Kafka: each message once in both topics although a worker is killed, and what counts is the same
as without it.
"""

import asyncio
import os
import sys
from collections import Counter

from aiokafka import AIOKafkaProducer

from schemas.shadow import decode_shadow
from streams import topics
from streams.broker.admin import apply_topics
from streams.engine.partitioner import partition_of
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of
from streams.up.local_kafka import LocalKafka
from tests.integration.reading import read_committed
from tests.unit.records import CALM, FURIOUS, Appended, Partition, raw, score_stage

EVENTS = 600
PARTITIONS = 2
PATIENCE = 90.0


async def started(brokers: str) -> asyncio.subprocess.Process:
    environment = os.environ | {"KAFKA_BROKERS": brokers, "TICKETPULSE_NAME": "shadow"}
    arguments = [sys.executable, "-m", "tests.integration.challenged_worker"]
    return await asyncio.create_subprocess_exec(*arguments, env=environment)


async def send(brokers: str, numbers: range) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all")
    await producer.start()
    try:
        for number in numbers:
            text = (FURIOUS, "Great, thank you!", CALM)[number % 3]
            value = raw(event_id=f"e{number}", ticket_id=f"T-{number % 50}", text=text).value or b""
            key = str(number).encode()
            await producer.send(topics.EVENTS, value, key, partition=partition_of(key, value, PARTITIONS))
        await producer.flush()
    finally:
        await producer.stop()


async def scored_at_least(brokers: str, number: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(await read_committed(brokers, topics.SCORED, PARTITIONS)) < number:
            await asyncio.sleep(1.0)


async def test_a_kill_doubles_and_loses_nothing_of_either_and_what_counts_is_the_same(own_kafka: LocalKafka) -> None:
    await own_kafka.start()
    brokers = own_kafka.brokers
    await apply_topics(brokers, topics.ALL, PARTITIONS, 1)
    worker = await started(brokers)
    try:
        await send(brokers, range(EVENTS // 2))
        await scored_at_least(brokers, EVENTS // 4)
        await send(brokers, range(EVENTS // 2, EVENTS))
        worker.kill()
        await worker.wait()
        worker = await started(brokers)
        await scored_at_least(brokers, EVENTS)
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), PATIENCE) == 0
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    scored = await read_committed(brokers, topics.SCORED, PARTITIONS)
    shadows = [
        decode_shadow(each.value or b"") for each in await read_committed(brokers, topics.SHADOW_SCORES, PARTITIONS)
    ]
    assert Counter(each.event_id for each in shadows) == Counter(f"e{number}" for number in range(EVENTS))
    plain = Partition(score_stage(scorer_of("support"), reader_of("support")))
    events = await read_committed(brokers, topics.EVENTS, PARTITIONS)
    wanted = plain.process(*(Appended(each.offset, each.timestamp, each.key, each.value) for each in events))
    assert Counter((each.key, each.value) for each in scored) == Counter((each.key, each.value) for each in wanted)

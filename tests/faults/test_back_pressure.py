"""A worker whose input is far ahead of it takes no more of it than it can work on."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from streams import topics
from streams.up.local_kafka import LocalKafka
from tests.faults.pipeline import Pipeline, pipeline
from tests.soak.feed import BATCH_BYTES
from tests.soak.workers import Worker

BACKLOG = 200_000
# Of which the worker has to score so many, a step at a time.
STEPS, STEP = 5, 6_000
MOST_GROWTH = 1.5
SCORED = "helpdesk_events_in_total"


@pytest.fixture
async def world(own_kafka: LocalKafka, tmp_path: Path) -> AsyncIterator[Pipeline]:
    await own_kafka.start()
    async with pipeline(own_kafka, tmp_path) as made:
        yield made


async def produce_backlog(world: Pipeline) -> None:
    """Events of a few hundred bytes, on all partitions."""
    text = "Where is my order? " * 15
    async with AIOKafkaProducer(bootstrap_servers=world.cluster.brokers, max_batch_size=BATCH_BYTES) as producer:
        for partition in range(world.cluster.partitions):
            batch = producer.create_batch()
            for number in range(partition, BACKLOG, world.cluster.partitions):
                event = {"event_id": f"E{number}", "ticket_id": f"T{number % 5_000}", "text": text}
                value = msgspec.json.encode(event)
                if batch.append(key=None, value=value, timestamp=None) is None:
                    await (await producer.send_batch(batch, topics.EVENTS, partition=partition))
                    batch = producer.create_batch()
                    batch.append(key=None, value=value, timestamp=None)
            await (await producer.send_batch(batch, topics.EVENTS, partition=partition))


async def test_a_worker_far_behind_its_input_takes_no_more_memory_and_says_how_far(world: Pipeline) -> None:
    await produce_backlog(world)
    worker = world.start("score")
    # It may take its time to start.
    await world.complete("score")
    weights = []
    for step in range(1, STEPS + 1):
        await world.until(lambda step=step: has_scored(worker, step * STEP), f"{step * STEP} are scored")  # type: ignore[misc]
        weights.append(worker.resident_bytes())
    assert max(weights) < MOST_GROWTH * weights[0]
    # It goes on meanwhile, however long it takes to look.
    before = worker.metric(SCORED, stage="score")
    lag = worker.metric("helpdesk_consumer_lag_records", group="ticketpulse-score")
    after = worker.metric(SCORED, stage="score")
    assert BACKLOG - after - STEPS * STEP < lag < BACKLOG - before + STEPS * STEP
    assert lag < BACKLOG
    assert worker.metric("helpdesk_takeovers_total") == world.cluster.partitions
    assert worker.oddities() == []


async def has_scored(worker: Worker, count: int) -> bool:
    """Whether it has got so far; no, when it does not yet answer."""
    try:
        return worker.metric(SCORED, stage="score") >= count
    except OSError:
        return False

"""Secrets and personal data that customers send: not in logs, metrics or reasons of dead letters."""

import asyncio
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from streams import topics
from streams.up.local_kafka import LocalKafka
from tests.faults.pipeline import PARTITIONS, pipeline
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.soak.cluster import STAGES, WAY
from tests.soak.reading import read_topic
from tests.soak.stored import Sink, all_is_stored, run_command

CANARY = "Canary-5f1e"
SAID = f"My card is 4111 1111 1111 1111 and my password {CANARY}, write to {CANARY}@example.com. This is terrible!"
FIELDS = (
    "event_id",
    "ticket_id",
    "tenant",
    "type",
    "channel",
    "priority",
    "status",
    "author",
    "language",
    "occurred_at",
    "customer_id",
    "satisfaction",
    "metadata",
    "attachments",
    "journey_stage",
    "category",
)


def records() -> Iterator[bytes]:
    """Good events that say it, then records that say it in each field, of each kind, and outside of JSON."""
    numbers = count()

    def event(**changed: Any) -> bytes:
        return json.dumps({"event_id": f"E{next(numbers)}", "ticket_id": "T1", "text": SAID, **changed}).encode()

    for number in range(20):
        yield event(ticket_id=f"T{number}", subject=SAID, customer_id=CANARY, metadata={"note": SAID})
    for field in FIELDS:
        for wrong in (SAID, [SAID], {SAID: SAID}, {"text": [SAID]}):
            yield event(**{field: wrong})
    yield f'{{"event_id": "{SAID}'.encode()
    yield json.dumps(SAID).encode()
    yield SAID.encode("utf-16")


async def test_what_customers_say_is_in_no_log_no_metric_and_no_reason(own_kafka: LocalKafka, tmp_path: Path) -> None:
    await own_kafka.start()
    clickhouse = ClickHouseProcess(tmp_path / "clickhouse")
    clickhouse.start()
    environment = {"KAFKA_BROKERS": own_kafka.brokers, "CLICKHOUSE_URL": clickhouse.url("default")}
    try:
        async with pipeline(own_kafka, tmp_path) as running:
            await run_command(["migrate"], environment, tmp_path)
            sink = Sink(0, environment, tmp_path)
            for stage in STAGES:
                running.start(stage)
            await running.ready()
            await _send(own_kafka.brokers)
            for stage in WAY:
                await running.through(stage)
            while not await all_is_stored(own_kafka.brokers):
                assert sink.alive()
                await asyncio.sleep(0.2)
            shown = {worker.name: worker.metrics() for worker in running.workers}
            letters = await read_topic(own_kafka.brokers, topics.DEAD_LETTERS, PARTITIONS)
            sink.discard()
    finally:
        clickhouse.kill()
    told = shown | {process.log.name: process.log.read_text() for process in (*running.workers, sink)}
    told |= {str(letter.offset): str(letter.headers) for letter in letters}
    assert len(letters) > len(FIELDS)
    assert any(CANARY.encode() in (letter.value or b"") for letter in letters)
    assert {name: text for name, text in told.items() if CANARY in text or "4111 1111" in text} == {}


async def _send(brokers: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=brokers) as producer:
        for number, record in enumerate(records()):
            await producer.send_and_wait(topics.EVENTS, record, partition=number % PARTITIONS)

"""`ticketpulse enrich` as a process between Kafka and a model, killed in between."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from aiokafka import AIOKafkaProducer

from schemas.enrichments import Enrichment, decode_enrichment
from schemas.events import ticket_key
from streams import topics
from streams.broker.admin import apply_topics
from streams.up.local_kafka import LocalKafka
from tests.contract.messages import scored
from tests.integration.reading import read_committed
from tests.servers.chat_completions import KEY, MODEL, chat_server, fitting

PARTITIONS = 2
PATIENCE = 90.0
DAY_SECONDS = 86_400
# All of the test, on a machine that does much else.
WHOLE = 250.0
FILE = """
[model]
endpoint = "{endpoint}"
name = "{model}"
key = "file:{folder}/key"
timeout = "60s"
within = "80s"

[cache]
on_disk = true

[default]
classify = true
below = 1
requests = 6
"""


async def readings(brokers: str, at_least: int) -> list[Enrichment]:
    """Once there are so many."""
    async with asyncio.timeout(PATIENCE):
        while len(records := await read_committed(brokers, topics.ENRICHMENTS, PARTITIONS)) < at_least:
            await asyncio.sleep(0.2)
    return [decode_enrichment(record.value or b"") for record in records]


async def send(brokers: str, first: int, last: int) -> None:
    """Scored events of these numbers."""
    producer = AIOKafkaProducer(bootstrap_servers=brokers)
    await producer.start()
    try:
        for number in range(first, last):
            message = scored(number, f"T-{number}", text=f"Parcel {number} is lost.", confidence=0.2)
            await producer.send_and_wait(topics.SCORED, message.value, ticket_key("default", f"T-{number}"))
    finally:
        await producer.stop()


async def enough_of_the_day(seconds: float) -> None:
    """Wait for midnight UTC, when a budget begins anew, if it is nearer than this."""
    left = DAY_SECONDS - time.time() % DAY_SECONDS
    if left < seconds:
        await asyncio.sleep(left)


async def test_readings_go_on_after_a_kill_within_the_days_budget(own_kafka: LocalKafka, tmp_path: Path) -> None:
    await enough_of_the_day(WHOLE)
    await own_kafka.start()
    brokers = own_kafka.brokers
    await apply_topics(brokers, topics.ALL, PARTITIONS, replication=1)
    environment = os.environ | {
        "KAFKA_BROKERS": brokers,
        "TICKETPULSE_LLM": str(tmp_path / "llm.toml"),
        "TICKETPULSE_LOCAL_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "streams.cli", "enrich"]
    async with chat_server() as server:
        server.will(lambda body: fitting(body)._replace(wait=0.1))
        (tmp_path / "key").write_text(f"{KEY}\n")
        (tmp_path / "llm.toml").write_text(FILE.format(endpoint=server.endpoint, model=MODEL, folder=tmp_path))
        await send(brokers, 0, 4)
        process = await asyncio.create_subprocess_exec(*command, env=environment)
        try:
            await readings(brokers, 1)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            await send(brokers, 4, 10)
            process = await asyncio.create_subprocess_exec(*command, env=environment)
            async with asyncio.timeout(PATIENCE):
                while len({each.event_id for each in await readings(brokers, 10)}) < 10:
                    await asyncio.sleep(0.2)
            process.terminate()
            assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        found = await readings(brokers, 10)
        # What was answered before the kill was kept, and what was asked twice counted twice.
        assert len(server.asked) <= 6
        assert {each.event_id for each in found} == {f"event-{number}" for number in range(10)}
        answered = {each.enrichment_id for each in found if not each.fallback}
        assert {each.fallback for each in found} == {"", "budget"}
        assert 1 <= len(answered) <= 6
        assert all(each.read_by == "small-1-2026" for each in found if not each.fallback)

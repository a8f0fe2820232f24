"""The gateway on a real broker: what is answered 202 is on the topic, and Kafka may come and go."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.events import MAX_EVENT_BYTES
from streams.broker.admin import apply_topics
from streams.engine.partitioner import partition_of
from streams.gateway.app import EVENTS_PATH, create_app
from streams.gateway.kafka_writer import KafkaWriter
from streams.gateway.writer import NotAcknowledged
from streams.topics import EVENTS, Topic
from streams.up.local_kafka import LocalKafka
from streams.up.processes import free_port
from tests.ended import left_running

PARTITIONS = 3
# A process takes seconds of processor time to begin, and others run beside.
WAIT = 120.0
SETTINGS = {"max.message.bytes": str(4 * MAX_EVENT_BYTES)}


@pytest.fixture
async def topic(kafka: LocalKafka, unique: Callable[[str], str]) -> str:
    name = unique("events")
    await apply_topics(kafka.brokers, [Topic(name, SETTINGS)], PARTITIONS, 1)
    return name


@pytest.fixture
async def http(kafka: LocalKafka, topic: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(KafkaWriter(kafka.brokers, topic=topic, ack_seconds=20))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway", timeout=30) as client,
    ):
        yield client


def event(number: int, ticket: str = "t", **fields: Any) -> dict[str, Any]:
    return {"event_id": f"e{number}", "ticket_id": ticket, "text": "Where is my refund?"} | fields


async def read(brokers: str, topic: str, partitions: int = PARTITIONS) -> list[Any]:
    """Every record of the topic, by partition and offset."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, auto_offset_reset="earliest", fetch_max_wait_ms=50)
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        records: list[Any] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for fetched in (await consumer.getmany(timeout_ms=100)).values():
                records += fetched
        return sorted(records, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()


async def test_what_is_accepted_is_on_the_topic_in_order(
    http: httpx.AsyncClient, kafka: LocalKafka, topic: str
) -> None:
    events = [event(n, ticket=f"t{n % 5}", order=n) for n in range(1000)]
    answer = await http.post(EVENTS_PATH, json=events)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == [one["event_id"] for one in events]
    written: dict[bytes, list[int]] = {}
    for record in await read(kafka.brokers, topic):
        assert record.partition == partition_of(record.key, record.value, PARTITIONS)
        written.setdefault(record.key, []).append(msgspec.json.decode(record.value)["order"])
    assert written == {b"default/t%d" % n: list(range(n, 1000, 5)) for n in range(5)}


async def test_the_largest_event_fits(http: httpx.AsyncClient, kafka: LocalKafka, topic: str) -> None:
    answer = await http.post(EVENTS_PATH, json=event(1, text="ü" * ((MAX_EVENT_BYTES - 1000) // 2)))
    assert answer.status_code == 202, answer.text
    [record] = await read(kafka.brokers, topic)
    assert MAX_EVENT_BYTES - 1000 < len(record.value) <= MAX_EVENT_BYTES


async def test_a_list_of_large_events_keeps_its_order(http: httpx.AsyncClient, kafka: LocalKafka, topic: str) -> None:
    """Each fills a batch by itself, so most of them wait for room."""
    events = [event(n, order=n, text="x" * 300_000) for n in range(20)]
    assert (await http.post(EVENTS_PATH, json=events)).status_code == 202
    orders = [msgspec.json.decode(record.value)["order"] for record in await read(kafka.brokers, topic)]
    assert orders == list(range(20))


async def test_ready_once_connected(http: httpx.AsyncClient) -> None:
    assert (await http.post(EVENTS_PATH, json=event(1))).status_code == 202
    assert (await http.get("/readyz")).status_code == 200


async def test_not_ready_without_the_topic(kafka: LocalKafka, unique: Callable[[str], str]) -> None:
    writer = KafkaWriter(kafka.brokers, topic=unique("absent"), ack_seconds=0.5)
    await writer.start()
    with pytest.raises(NotAcknowledged):
        await writer.send(b"k", b"v")
    assert not await writer.ready()
    await writer.stop()


async def test_kafka_away_at_the_start_then_there_then_away_then_back(own_kafka: LocalKafka) -> None:
    """503 while it is away, 202 when it is there, by the same gateway, and nothing that was accepted is lost."""
    own_kafka.port = free_port()
    app = create_app(KafkaWriter(own_kafka.brokers, ack_seconds=1.0))
    transport = httpx.ASGITransport(app)
    before = asyncio.all_tasks()
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=30) as http:
        async with app.router.lifespan_context(app):
            away = await http.post(EVENTS_PATH, json=event(1))
            assert away.status_code == 503
            assert away.headers["retry-after"]
            assert (await http.get("/readyz")).status_code == 503
            assert (await http.get("/healthz")).status_code == 200
            accepted = []
            for round_ in range(2):
                await own_kafka.start()
                await apply_topics(own_kafka.brokers, [Topic(EVENTS, SETTINGS)], PARTITIONS, 1)
                accepted.append(await _until_accepted(http, event(10 + round_)))
                assert (await http.get("/readyz")).status_code == 200
                await own_kafka.stop()
                away = await http.post(EVENTS_PATH, json=event(100 + round_))
                assert away.status_code == 503
                assert "counted once" in away.json()["detail"]
        # The gateway stops while Kafka is away, and leaves nothing running.
        assert await left_running(before) == set()
    await own_kafka.start()
    stored = {msgspec.json.decode(record.value)["event_id"] for record in await read(own_kafka.brokers, EVENTS)}
    assert set(accepted) <= stored


async def _until_accepted(http: httpx.AsyncClient, one: dict[str, Any]) -> str:
    """As a client does that follows Retry-After."""
    async with asyncio.timeout(WAIT):
        while (answer := await http.post(EVENTS_PATH, json=one)).status_code == 503:
            await asyncio.sleep(0.1)
    assert answer.status_code == 202
    [accepted] = answer.json()["accepted"]
    return str(accepted)


@contextmanager
def gateway_process(brokers: str, port: int) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"KAFKA_BROKERS": brokers, "TICKETPULSE_GATEWAY_PORT": str(port)}
    argv = [sys.executable, "-m", "streams.cli", "serve", "gateway"]
    process = subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_the_command_serves_and_stops_in_order(number: int, status: int) -> None:
    with gateway_process("127.0.0.1:1", free_port()) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert EVENTS_PATH in said
        address = said.split("events go to ")[1].removesuffix(f"{EVENTS_PATH}\n")
        assert httpx.get(f"{address}/healthz", timeout=WAIT).json() == {"status": "alive"}
        assert httpx.get(f"{address}/readyz", timeout=WAIT).status_code == 503
        process.send_signal(number)
        _, rest = process.communicate(timeout=WAIT)
        assert process.returncode == status, rest
        assert "Traceback" not in rest


def test_a_taken_port_is_one_line_that_names_the_setting() -> None:
    port = free_port()
    with gateway_process("127.0.0.1:1", port) as first:
        assert first.stderr is not None
        first.stderr.readline()
        with gateway_process("127.0.0.1:1", port) as second:
            _, said = second.communicate(timeout=WAIT)
            assert second.returncode == 1
            [line] = said.splitlines()
            assert f"127.0.0.1:{port}" in line
            assert "TICKETPULSE_GATEWAY_PORT" in line

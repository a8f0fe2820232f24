"""Whoever writes to Kafka past the gateway is bounded by the broker, by the command that docs/tenancy.md shows."""

import asyncio
import shlex
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from sinks.kafka_cluster import client_arguments
from streams import topics
from tests.conftest import KAFKA_LIBS
from tests.security.conftest import cluster
from tests.security.left_here import LEFT
from tests.security.secure_kafka import SecureKafka

pytestmark = [pytest.mark.xdist_group("secure-kafka"), pytest.mark.usefixtures("all_closed")]

WAIT = 180.0
RECORDS, SIZE = 3, 50_000
# Kafka judges by the ten seconds before: the second record is twenty of these seconds too much. In that time others
# can send theirs, however busy the machine is.
BYTES_PER_SECOND = 3_000
LEAST_SECONDS = 15.0


def bounding(user: str) -> list[str]:
    """The arguments of the page's command, for another user and less."""
    [line] = LEFT["bound a user"].text.splitlines()
    assert line.startswith("kafka-configs.sh ")
    assert "producer_byte_rate=200000 " in line
    assert line.endswith("--entity-name acme")
    wanted = line.replace("=200000 ", f"={BYTES_PER_SECOND} ").replace("--entity-name acme", f"--entity-name {user}")
    return shlex.split(wanted)[1:]


def configure(secure: SecureKafka, arguments: list[str]) -> None:
    """What kafka-configs.sh does."""
    java = ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{KAFKA_LIBS}/*", "kafka.admin.ConfigCommand"]
    told = [secure.broker.brokers if each == "$KAFKA_BROKERS" else each for each in arguments]
    done = subprocess.run([*java, *told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@asynccontextmanager
async def bounded(secure: SecureKafka, user: str) -> AsyncIterator[None]:
    """The block runs while the broker bounds the user."""
    arguments = bounding(user)
    await asyncio.to_thread(configure, secure, arguments)
    try:
        yield
    finally:
        place = arguments.index("--add-config")
        undone = [*arguments[:place], "--delete-config", "producer_byte_rate", *arguments[place + 2 :]]
        await asyncio.to_thread(configure, secure, undone)


async def send(producer: AIOKafkaProducer, name: str) -> None:
    """Long events one by one, each when the one before was acknowledged."""
    for number in range(RECORDS):
        event = {"event_id": f"{name}-{number}", "ticket_id": "T-1", "tenant": name, "text": "word " * (SIZE // 5)}
        await producer.send_and_wait(topics.EVENTS, msgspec.json.encode(event), f"{name}/T-1".encode())


async def stored(secure: SecureKafka) -> int:
    """How many events the topic has had."""
    async with AIOKafkaConsumer(bootstrap_servers=secure.broker.brokers) as consumer:
        places = [TopicPartition(topics.EVENTS, partition) for partition in range(2)]
        return sum((await consumer.end_offsets(places)).values())


@pytest.mark.timeout(600)
async def test_one_producer_is_slowed_down_loses_nothing_and_others_go_on(secure: SecureKafka) -> None:
    before = await stored(secure)
    patient = {"request_timeout_ms": int(WAIT * 1000)}
    # Both may write events; in the life of a tenant its user would have the right of `producer`.
    async with (
        bounded(secure, "producer"),
        AIOKafkaProducer(**client_arguments(cluster(secure.login("producer"))), **patient) as noisy,
        AIOKafkaProducer(**client_arguments(cluster(secure.login("mailbox"))), **patient) as quiet,
    ):
        began = time.monotonic()
        sending = asyncio.create_task(send(noisy, "noisy"))
        await send(quiet, "quiet")
        assert not sending.done()
        await asyncio.wait_for(sending, WAIT)
        assert time.monotonic() - began >= LEAST_SECONDS
    assert await stored(secure) - before == 2 * RECORDS

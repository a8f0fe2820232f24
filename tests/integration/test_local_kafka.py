"""The local broker: what the supervisor and every other test rely on."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

from streams.up.local_kafka import KafkaNotRunning, Listener, LocalKafka
from streams.up.processes import free_port
from tests.ended import has_ended

_PARENT = """
import asyncio, sys
from pathlib import Path
from streams.up.local_kafka import LocalKafka

async def main():
    kafka = LocalKafka(Path(sys.argv[1]), Path(sys.argv[2]))
    await kafka.start()
    print(kafka.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_record_of_eight_megabytes_travels_in_a_transaction(
    kafka: LocalKafka, unique: Callable[[str], str]
) -> None:
    topic, value = unique("large"), b"x" * (8 * 1024 * 1024 - 1024)
    await create(kafka, NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": str(8 * 1024 * 1024)}))
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.brokers, transactional_id=topic, max_request_size=16 * 1024 * 1024
    )
    async with producer, producer.transaction():
        await producer.send_and_wait(topic, value)
    assert await only_value(kafka, topic) == value


async def test_a_topic_that_was_not_created_stays_unknown(kafka: LocalKafka, unique: Callable[[str], str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.brokers)
    await admin.start()
    try:
        [described] = await admin.describe_topics([unique("never-made")])
        assert described["error_code"] == 3
    finally:
        await admin.close()


async def answered(client: AIOKafkaClient) -> None:
    """A broker opens its listeners one after the other: that one answers does not say that all do."""
    async with asyncio.timeout(60):
        while True:
            try:
                await client.bootstrap()
            except KafkaConnectionError:
                await asyncio.sleep(0.05)
            else:
                return


async def test_who_asks_at_another_listener_is_sent_to_what_it_advertises(own_kafka: LocalKafka) -> None:
    own_kafka.listeners = [Listener("FAR", free_port(), "127.0.0.1:1"), Listener("NEAR", free_port(), "127.0.0.1:2")]
    await own_kafka.start()
    told = []
    for port in (own_kafka.port, *(listener.port for listener in own_kafka.listeners)):
        client = AIOKafkaClient(bootstrap_servers=f"127.0.0.1:{port}")
        await answered(client)
        told += [(broker.host, broker.port) for broker in client.cluster.brokers()]
        await client.close()
    assert told == [("127.0.0.1", own_kafka.port), ("127.0.0.1", 1), ("127.0.0.1", 2)]


async def test_a_second_start_keeps_the_port_and_the_records(
    own_kafka: LocalKafka, unique: Callable[[str], str]
) -> None:
    topic = unique("kept")
    await own_kafka.start()
    await create(own_kafka, NewTopic(topic, 1, 1))
    async with AIOKafkaProducer(bootstrap_servers=own_kafka.brokers) as producer:
        await producer.send_and_wait(topic, b"still here")
    await own_kafka.stop()

    async with LocalKafka(own_kafka.folder, own_kafka.libs) as again:
        assert again.brokers == own_kafka.brokers
        assert await only_value(again, topic) == b"still here"


async def test_a_port_that_was_taken_meanwhile_is_replaced(own_kafka: LocalKafka) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        own_kafka.folder.mkdir()
        (own_kafka.folder / "port").write_text(str(taken))
        await own_kafka.start()
        assert own_kafka.port != taken


async def test_a_given_port_that_is_taken_is_refused(own_kafka: LocalKafka) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        own_kafka.port = other.getsockname()[1]
        with pytest.raises(KafkaNotRunning, match=f"Port {own_kafka.port} is taken"):
            await own_kafka.start()


async def test_a_broker_that_ends_at_once_says_why(own_kafka: LocalKafka) -> None:
    own_kafka.prepare()
    stored = own_kafka.folder / "data" / "meta.properties"
    stored.write_text(stored.read_text().replace("node.id=1", "node.id=7"))
    with pytest.raises(KafkaNotRunning, match=r"(?s)Kafka ended with status 1; .*kafka.log ends with:.*node id"):
        await LocalKafka(own_kafka.folder, own_kafka.libs).start()


async def test_missing_jars_are_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(KafkaNotRunning, match=f"{tmp_path / 'libs'}; `make setup` puts them there"):
        await LocalKafka(tmp_path, tmp_path / "libs").start()


def test_the_broker_dies_with_its_parent_even_when_that_is_killed(own_kafka: LocalKafka) -> None:
    argv = [sys.executable, "-c", _PARENT, str(own_kafka.folder), str(own_kafka.libs)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        broker = int(parent.stdout.readline())
        assert b"kafka.Kafka" in Path(f"/proc/{broker}/cmdline").read_bytes()
        watch = os.pidfd_open(broker)
        os.kill(parent.pid, signal.SIGKILL)
    assert has_ended(watch)


async def create(kafka: LocalKafka, topic: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.brokers)
    await admin.start()
    try:
        await admin.create_topics([topic])
    finally:
        await admin.close()


async def only_value(kafka: LocalKafka, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.brokers, isolation_level="read_committed")
    async with consumer:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        record = await consumer.getone()
    value: bytes | None = record.value
    return value

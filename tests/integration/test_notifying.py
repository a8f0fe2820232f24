"""The planner as a process and senders over a real broker: who joins, leaves or dies, everybody is told once."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.notices import Notice, encode_notice, notice_key
from schemas.notifications import Notification, decode_notification
from sinks.notify.base import Receipt
from sinks.notify.sender import Sender, Way
from streams import topics
from streams.broker.admin import apply_topics
from streams.engine.partitioner import partition_of
from streams.notify.kafka_outbox import KafkaOutbox
from streams.up.local_kafka import LocalKafka
from tests.soak.workers import StageProcess
from tests.unit.notices import LEADS, SMTP, escalation

PARTITIONS = 3
WAIT = 120.0
# Longer than a busy machine lets nobody of this process say a word: who is given up meanwhile sends something twice.
SESSION = 20.0
SENDERS = "test-senders"
BOOK = SMTP + LEADS + 'per_minute = 10000\n[[routes]]\ntell = ["leads"]\n'


class Letterbox:
    """A provider that keeps what it gets; deliveries end when it is open."""

    name = "letterbox"

    def __init__(self) -> None:
        self.got: list[str] = []
        self.open = asyncio.Event()
        self.open.set()

    async def deliver(self, notification: Notification) -> Receipt:
        self.got.extend(notification.about)
        await self.open.wait()
        return Receipt()

    async def close(self) -> None:
        pass


class Ledger:
    """How each notification stands, as the topic tells it."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.newest: dict[str, Notification] = {}

    async def until(self, holds: Callable[[Counter[str]], bool]) -> None:
        async with asyncio.timeout(WAIT):
            while not holds(Counter(each.state for each in self.newest.values())):
                for records in (await self._consumer.getmany(timeout_ms=200)).values():
                    told = [decode_notification(record.value) for record in records]
                    self.newest |= {each.notification_id: each for each in told}


@asynccontextmanager
async def planning(kafka: LocalKafka, folder: Path) -> AsyncIterator[tuple[Ledger, AIOKafkaProducer]]:
    await kafka.start()
    await apply_topics(kafka.brokers, topics.ALL, PARTITIONS, replication=1)
    (folder / "notify.toml").write_text(BOOK)
    worker = StageProcess("notify", 0, kafka.brokers, folder, also={"TICKETPULSE_NOTIFY": str(folder)})
    producer = AIOKafkaProducer(bootstrap_servers=kafka.brokers, acks="all")
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.brokers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    consumer.assign([TopicPartition(topics.NOTIFICATIONS, partition) for partition in range(PARTITIONS)])
    try:
        await producer.start()
        await consumer.start()
        yield Ledger(consumer), producer
        await worker.leave()
    finally:
        await producer.stop()
        await consumer.stop()
        worker.discard()


@asynccontextmanager
async def sending(kafka: LocalKafka, letterbox: Letterbox) -> AsyncIterator["asyncio.Task[None]"]:
    stop = asyncio.Event()
    outbox = KafkaOutbox(kafka.brokers, SENDERS, session_timeout=SESSION, patience=WAIT)
    running = asyncio.create_task(Sender(outbox, {"leads": Way(letterbox, WAIT)}).run(stop))
    try:
        yield running
    finally:
        stop.set()
        async with asyncio.timeout(WAIT):
            await asyncio.wait([running])
        if not running.cancelled():
            running.result()


async def until_group(kafka: LocalKafka, state: str, members: int) -> None:
    """Until the senders' group is in this state, with so many members at least."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.brokers)
    await admin.start()
    try:
        async with asyncio.timeout(WAIT):
            while True:
                [response] = await admin.describe_consumer_groups([SENDERS])
                [(_error, _name, now, _kind, _protocol, known, *_)] = response.groups
                if now == state and len(known) >= members:
                    return
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def tell(producer: AIOKafkaProducer, notices: Sequence[Notice]) -> None:
    for notice in notices:
        key, value = notice_key(notice), encode_notice(notice)
        partition = partition_of(key, value, PARTITIONS)
        await producer.send_and_wait(topics.NOTICES, value, key=key, partition=partition)


def escalations(begin: int, end: int) -> list[Notice]:
    return [escalation(f"e{number}", tenant=f"tenant-{number % 7}") for number in range(begin, end)]


def names(begin: int, end: int) -> Counter[str]:
    return Counter(f"e{number}" for number in range(begin, end))


async def test_senders_that_come_and_go_in_order_send_nothing_twice(own_kafka: LocalKafka, tmp_path: Path) -> None:
    first, second = Letterbox(), Letterbox()
    async with planning(own_kafka, tmp_path) as (ledger, producer):
        async with sending(own_kafka, first):
            await tell(producer, escalations(0, 20))
            await ledger.until(lambda states: states == Counter(sent=20))
            # What is under way when another comes is waited for, not repeated by it.
            first.open.clear()
            await tell(producer, escalations(20, 40))
            async with asyncio.timeout(WAIT):
                while len(first.got) == 20:
                    await asyncio.sleep(0.05)
            async with sending(own_kafka, second):
                # Another asks to join, and the group waits for who has something under way.
                await until_group(own_kafka, "PreparingRebalance", 1)
                first.open.set()
                await until_group(own_kafka, "Stable", 2)
                await ledger.until(lambda states: states == Counter(sent=40))
                await tell(producer, escalations(40, 80))
                await ledger.until(lambda states: states == Counter(sent=80))
        assert second.got
        async with sending(own_kafka, second):
            await tell(producer, escalations(80, 90))
            await ledger.until(lambda states: states == Counter(sent=90))
    assert Counter(first.got + second.got) == names(0, 90)


async def test_a_sender_that_dies_leaves_only_what_was_under_way_to_be_sent_again(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    dying, after = Letterbox(), Letterbox()
    async with planning(own_kafka, tmp_path) as (ledger, producer):
        async with sending(own_kafka, dying) as running:
            await tell(producer, escalations(0, 10))
            await ledger.until(lambda states: states == Counter(sent=10))
            dying.open.clear()
            await tell(producer, escalations(10, 30))
            async with asyncio.timeout(WAIT):
                while len(dying.got) == 10:
                    await asyncio.sleep(0.05)
            running.cancel()
        under_way = Counter(dying.got[10:])
        async with sending(own_kafka, after):
            await ledger.until(lambda states: states == Counter(sent=30))
    told = Counter(dying.got + after.got)
    assert set(told) == set(names(0, 30))
    assert told - names(0, 30) <= under_way


async def test_a_planner_that_is_killed_tells_nobody_twice(own_kafka: LocalKafka, tmp_path: Path) -> None:
    letterbox = Letterbox()
    async with planning(own_kafka, tmp_path) as (ledger, producer), sending(own_kafka, letterbox):
        also = {"TICKETPULSE_NOTIFY": str(tmp_path)}
        other = StageProcess("notify", 1, own_kafka.brokers, tmp_path, also=also)
        try:
            for begin in range(0, 60, 10):
                await tell(producer, escalations(begin, begin + 10))
                if begin == 30:
                    other._end(signal.SIGKILL)
            await ledger.until(lambda states: states == Counter(sent=60))
        finally:
            other.discard()
    assert Counter(letterbox.got) == names(0, 60)

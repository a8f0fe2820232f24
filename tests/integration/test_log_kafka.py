"""Kafka keeps the log contract: the suite of tests/contract against a real broker."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete

from streams.engine.kafka_log import KafkaLog, KafkaStage
from streams.engine.kafka_reader import KafkaReader
from streams.engine.runtime import Runtime
from streams.engine.turns import Turns
from streams.up.local_kafka import LocalKafka
from tests.contract.log_contract import OUTPUT, PARTITIONS, SOURCE, LogContract, Plain, World, plain

LARGE = {"max.message.bytes": "4194304"}


class KafkaWorld(World):
    """Topics of its own on a broker, and one reader that stands for the runtime of a worker."""

    def __init__(self, brokers: str) -> None:
        super().__init__()
        self._brokers = brokers
        self._name = f"contract-{uuid.uuid4()}"
        self._reader = KafkaReader(self._layout("stage"), Turns(), session_seconds=10)
        self._assigned = asyncio.Event()
        self._pumping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._create_topics()
        await self._reader.start(cast(Runtime, self))
        await self._assigned.wait()
        self._pumping = asyncio.create_task(self._reader.pump(lambda: False))

    async def close(self) -> None:
        if self._pumping is not None:
            self._pumping.cancel()
            await asyncio.wait([self._pumping])
        await self._reader.stop()

    async def revoked(self) -> None:
        """The reader is the only member of its group: nothing moves."""

    async def assigned(self, partitions: Iterable[int]) -> None:
        """All partitions are ours."""
        if set(partitions) == set(range(PARTITIONS)):
            self._assigned.set()

    def owner(self, partition: int, stage: str = "stage") -> KafkaLog:
        return KafkaLog(self._layout(stage), partition, PARTITIONS, self._reader)

    def topic(self, name: str) -> str:
        return f"{self._name}-{name}"

    async def append(self, partition: int, records: Sequence[Plain]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self._brokers, max_batch_size=1 << 20)
        await producer.start()
        try:
            # A batch, because `send` takes no record that has neither key nor value, and others do send them.
            batch = producer.create_batch()
            for key, value, headers in records:
                assert batch.append(key=key, value=value, timestamp=None, headers=list(headers)) is not None
            await (await producer.send_batch(batch, self.topic(SOURCE), partition=partition))
        finally:
            await producer.stop()

    async def read(self, name: str, partition: int) -> list[Plain]:
        source = TopicPartition(self.topic(name), partition)
        end = await self._end(source)
        found: list[Plain] = []
        async with self._consumer(source, "read_committed") as consumer:
            while await consumer.position(source) < end:
                fetched = await consumer.getmany(source, timeout_ms=100)
                found += [plain(record) for record in fetched.get(source, ())]
        return found

    async def expire(self, partition: int, before: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._brokers)
        await admin.start()
        try:
            await admin.delete_records({TopicPartition(self.topic(SOURCE), partition): RecordsToDelete(before)})
        finally:
            await admin.close()

    async def _end(self, source: TopicPartition) -> int:
        """The high watermark, open transactions included: reading up to it waits until each of them is decided."""
        async with self._consumer(source, "read_uncommitted") as consumer:
            return int((await consumer.end_offsets([source]))[source])

    @contextlib.asynccontextmanager
    async def _consumer(self, source: TopicPartition, isolation: str) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._brokers, isolation_level=isolation, auto_offset_reset="earliest", group_id=None
        )
        await consumer.start()
        try:
            consumer.assign([source])
            yield consumer
        finally:
            await consumer.stop()

    async def _create_topics(self) -> None:
        names = [SOURCE, OUTPUT, "stage-changelog", "upstream-changelog"]
        admin = AIOKafkaAdminClient(bootstrap_servers=self._brokers)
        await admin.start()
        try:
            await admin.create_topics(
                [NewTopic(self.topic(name), PARTITIONS, 1, topic_configs=LARGE) for name in names]
            )
        finally:
            await admin.close()

    def _layout(self, stage: str) -> KafkaStage:
        return KafkaStage(self._brokers, f"{self._name}-{stage}", self.topic(SOURCE), self.topic(f"{stage}-changelog"))

    async def told(self, partition: int) -> int | None:
        """The offset that the stage's group has committed."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._brokers)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(self._layout("stage").application)
        finally:
            await admin.close()
        found = offsets.get(TopicPartition(self.topic(SOURCE), partition))
        return None if found is None else int(found.offset)


class TestKafka(LogContract):
    @pytest.fixture
    async def world(self, kafka: LocalKafka) -> AsyncIterator[World]:
        world = KafkaWorld(kafka.brokers)
        await world.start()
        yield world
        await world.close()


async def test_the_group_hears_of_progress_while_reading_goes_on_and_at_the_stop(kafka: LocalKafka) -> None:
    world = KafkaWorld(kafka.brokers)
    await world.start()
    try:
        owner = await world.begin(partition=1)
        await world.append(1, [Plain(b"k", b"v")] * 3)
        owner.progress(2)
        async with asyncio.timeout(60):
            while await world.told(1) != 2:
                await asyncio.sleep(0.05)
        owner.progress(3)
        await owner.release()
    finally:
        await world.close()
    assert await world.told(1) == 3
    assert await world.told(0) is None

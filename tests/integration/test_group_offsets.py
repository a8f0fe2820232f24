"""The group hears how far we are, but never while it re-balances."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from streams.broker.admin import apply_topics
from streams.engine import kafka_reader
from streams.engine.kafka_log import KafkaStage
from streams.engine.kafka_reader import KafkaReader
from streams.engine.runtime import Runtime
from streams.engine.turns import Turns
from streams.topics import Topic
from streams.up.local_kafka import LocalKafka

PARTITIONS = 2
TELL_SECONDS = 0.05


class Owner:
    """Owns what is assigned, applies without end, and takes its time to let a partition go."""

    def __init__(self, stage: KafkaStage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reader = KafkaReader(stage, Turns(), session_seconds=10)
        self.partitions: set[int] = set()
        self.told: list[TopicPartition] = []
        self.letting_go = asyncio.Event()
        self.may_let_go = asyncio.Event()
        self._applied = 0
        self._commit = self.reader._consumer.commit
        monkeypatch.setattr(self.reader._consumer, "commit", self._noted)

    async def _noted(self, offsets: dict[TopicPartition, Any]) -> None:
        self.told += offsets
        await self._commit(offsets)

    async def revoked(self) -> None:
        if self.partitions:
            self.letting_go.set()
            await self.may_let_go.wait()

    async def assigned(self, partitions: Iterable[int]) -> None:
        self.partitions = set(partitions)

    async def apply(self) -> None:
        while True:
            self._applied += 1
            for partition in range(PARTITIONS):
                self.reader.progress(partition, self._applied)
            await asyncio.sleep(TELL_SECONDS / 5)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not true():
            await asyncio.sleep(0.02)


async def test_nothing_is_told_from_the_revocation_to_the_assignment(
    kafka: LocalKafka, unique: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_reader, "TELL_SECONDS", TELL_SECONDS)
    stage = KafkaStage(kafka.brokers, unique("group"), unique("source"), unique("changelog"))
    await apply_topics(kafka.brokers, [Topic(stage.source, {})], PARTITIONS, 1)
    first, second = Owner(stage, monkeypatch), Owner(stage, monkeypatch)
    await first.reader.start(cast(Runtime, first))
    applying = asyncio.create_task(first.apply())
    await until(lambda: len(first.told) > PARTITIONS)
    joining = asyncio.create_task(second.reader.start(cast(Runtime, second)))
    await first.letting_go.wait()
    told = len(first.told)
    await asyncio.sleep(10 * TELL_SECONDS)
    assert len(first.told) == told
    first.may_let_go.set()
    await joining
    await until(lambda: len(first.partitions) == len(second.partitions) == 1)
    # Settled again, it goes on telling, of what is its own.
    await until(lambda: len(first.told) > told)
    assert {source.partition for source in first.told[told:]} == first.partitions
    second.may_let_go.set()
    applying.cancel()
    await asyncio.wait([applying])
    await asyncio.gather(first.reader.stop(), second.reader.stop())

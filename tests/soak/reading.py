"""Reads whole topics, committed records only."""

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

STUCK_SECONDS = 60.0


class TopicFollower:
    """Reads all partitions of a topic from their beginnings, as far as they go at each call of `catch_up`."""

    def __init__(self, brokers: str, topic: str, partitions: int) -> None:
        self._sources = [TopicPartition(topic, partition) for partition in range(partitions)]
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=brokers,
            group_id=None,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=8 << 20,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        self._consumer.assign(self._sources)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def catch_up(self, take: Callable[[Any], None]) -> Mapping[TopicPartition, int]:
        """Hand over every record up to the ends as they are now, which are returned.

        Raises TimeoutError after a minute without reaching them.
        """
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(self._sources)
        async with asyncio.timeout(STUCK_SECONDS):
            while not await self._reached(ends):
                for records in (await self._consumer.getmany(timeout_ms=100, max_records=10_000)).values():
                    for record in records:
                        take(record)
        return ends

    async def _reached(self, ends: Mapping[TopicPartition, int]) -> bool:
        return all([await self._consumer.position(source) >= end for source, end in ends.items()])


async def read_topic(brokers: str, topic: str, partitions: int) -> list[Any]:
    """Every committed record of a topic, sorted by partition and offset."""
    records: list[Any] = []
    async with TopicFollower(brokers, topic, partitions) as follower:
        await follower.catch_up(records.append)
    return sorted(records, key=lambda record: (record.partition, record.offset))

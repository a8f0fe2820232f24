"""Dead letters as they lie on their topic, found by partition and offset."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from heapq import nlargest
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.deadletters import DeadLetter, read_dead_letter
from streams.broker.admin import describe_topics
from streams.topics import DEAD_LETTERS


class Letter(NamedTuple):
    """A dead letter and where it lies."""

    partition: int
    offset: int
    letter: DeadLetter

    @property
    def id(self) -> str:
        """partition-offset on the dead-letter topic."""
        return f"{self.partition}-{self.offset}"


async def newest_letters(brokers: str, limit: int, wanted: Callable[[DeadLetter], bool] | None = None) -> list[Letter]:
    """The newest `limit` letters that are wanted, oldest first. With a filter the whole topic is read."""
    async with _reader(brokers) as consumer:
        ends = await _ends(brokers, consumer)
        # At worst each letter has a transaction marker of its own behind it.
        starts = {one: 0 if wanted else max(0, end - 2 * limit) for one, end in ends.items()}
        letters = [
            letter async for letter in _between(consumer, starts, ends) if wanted is None or wanted(letter.letter)
        ]
    newest = nlargest(limit, letters, key=lambda one: (one.letter.failed_at, one.partition, one.offset))
    return newest[::-1]


async def read_letter(brokers: str, partition: int, offset: int) -> Letter | None:
    """The letter at this place; None if there is none."""
    async with _reader(brokers) as consumer:
        place, ends = TopicPartition(DEAD_LETTERS, partition), await _ends(brokers, consumer)
        if offset >= ends.get(place, 0):
            return None
        found = [letter async for letter in _between(consumer, {place: offset}, {place: offset + 1})]
        return next((letter for letter in found if letter.offset == offset), None)


@asynccontextmanager
async def _reader(brokers: str) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=brokers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 * 1024 * 1024,
        fetch_max_wait_ms=50,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _ends(brokers: str, consumer: Any) -> dict[TopicPartition, int]:
    described = await describe_topics(brokers, [DEAD_LETTERS])
    places = [TopicPartition(topic.name, number) for topic in described for number in range(topic.partitions)]
    ends: dict[TopicPartition, int] = await consumer.end_offsets(places) if places else {}
    return ends


async def _between(
    consumer: Any, starts: dict[TopicPartition, int], ends: dict[TopicPartition, int]
) -> AsyncIterator[Letter]:
    oldest = await consumer.beginning_offsets(list(starts)) if starts else {}
    reading = {one for one, start in starts.items() if max(start, oldest[one]) < ends[one]}
    consumer.assign(list(reading))
    for one in reading:
        consumer.seek(one, max(starts[one], oldest[one]))
    while reading:
        for one, records in (await consumer.getmany(timeout_ms=100)).items():
            for record in records:
                if record.offset < ends[one]:
                    yield _letter(record)
        done = {one for one in reading if await consumer.position(one) >= ends[one]}
        consumer.pause(*done)
        reading -= done


def _letter(record: Any) -> Letter:
    failed_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    letter = read_dead_letter(record.key, record.value, record.headers, failed_at)
    return Letter(record.partition, record.offset, letter)

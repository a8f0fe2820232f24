"""What a sink has read so far, read again: to compare it with what is stored."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from sinks.base import Message
from sinks.kafka_closing import stop_consumer
from sinks.kafka_cluster import Brokers, client_arguments
from streams.broker.admin import describe_topics
from streams.broker.lag import committed_by

_WAIT_MS = 500
_STOP_SECONDS = 10.0
#: Records that are handed over at a time, at most.
AT_A_TIME = 2_000


class Span(NamedTuple):
    """Of a partition: from this offset up to the next one that the group reads; the partition ends at `end`."""

    start: int
    read: int
    end: int


async def spans(
    brokers: Brokers, group: str, names: Sequence[str], since: datetime | None
) -> Mapping[TopicPartition, Span]:
    """What each topic still has of what the group has read, or of that what was appended at `since` or later. A topic
    that is missing is left out. Raises KafkaError.
    """
    described = await describe_topics(brokers, names)
    sources = [TopicPartition(topic.name, number) for topic in described for number in range(topic.partitions)]
    committed = await _committed(brokers, group)
    async with _reading(brokers) as consumer:
        starts, ends = await consumer.beginning_offsets(sources), await consumer.end_offsets(sources)
        if since is not None:
            moment = round(since.timestamp() * 1000)
            told = await consumer.offsets_for_times(dict.fromkeys(sources, moment))
            starts = {one: max(starts[one], told[one].offset if told[one] else ends[one]) for one in sources}
    read = {one: min(max(committed.get(one, 0), starts[one]), ends[one]) for one in sources}
    return {one: Span(starts[one], read[one], ends[one]) for one in sources}


async def records(brokers: Brokers, topic: str, found: Mapping[TopicPartition, Span]) -> AsyncIterator[list[Message]]:
    """Committed records of a topic within its spans. Raises KafkaError."""
    wanted = {one: span for one, span in found.items() if one.topic == topic and span.start < span.read}
    if not wanted:
        return
    async with _reading(brokers) as consumer:
        consumer.assign(list(wanted))
        for one, span in wanted.items():
            consumer.seek(one, span.start)
        while wanted:
            fetched = await consumer.getmany(*wanted, timeout_ms=_WAIT_MS, max_records=AT_A_TIME)
            yield [
                Message(*(one.topic, one.partition, one.offset, one.timestamp, one.key, one.value, one.headers))
                for part, several in fetched.items()
                for one in several
                if one.offset < wanted[part].read
            ]
            for part in list(wanted):
                if await consumer.position(part) >= wanted[part].read:
                    consumer.pause(part)
                    del wanted[part]


@asynccontextmanager
async def _reading(brokers: Brokers) -> AsyncIterator[Any]:
    """A consumer that commits nothing."""
    consumer = AIOKafkaConsumer(
        **client_arguments(brokers), group_id=None, isolation_level="read_committed", enable_auto_commit=False
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await stop_consumer(consumer, _STOP_SECONDS)


async def _committed(brokers: Brokers, group: str) -> Mapping[TopicPartition, int]:
    admin = AIOKafkaAdminClient(**client_arguments(brokers))
    try:
        await admin.start()
        return await committed_by(admin, group)
    finally:
        await admin.close()

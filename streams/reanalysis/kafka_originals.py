"""What events said themselves, out of Kafka where it has them still."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.cloudevents import read_message, text_headers
from schemas.rejections import Rejected
from sinks.kafka_closing import stop_consumer
from sinks.kafka_cluster import Brokers, client_arguments
from streams import topics
from streams.broker.admin import describe_topics
from streams.reanalysis.rows import Original, Row

# A broker that is there answers at once.
_REACH_SECONDS: Final = 5.0
_SHOWN_EVERY: Final = 10_000


class KafkaAway(Exception):
    """Kafka or its topic of events is not there. The message says which."""


class KafkaOriginals:
    """Keeps `running.Originals` for every event that the topic has; some 130 bytes each. The first copy of an event
    counts, as in the pipeline.
    """

    def __init__(self) -> None:
        self._found: dict[bytes, Original] = {}
        # Few differ: they are kept once.
        self._same: dict[Original, Original] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, tenant: str, ticket_id: str, event_id: str, original: Original) -> None:
        """Note what an event said."""
        self._found.setdefault(_key(tenant, ticket_id, event_id), self._same.setdefault(original, original))

    def of(self, row: Row) -> Original | None:
        """What the event of a row said; None where the topic has it no more."""
        return self._found.get(_key(row.tenant, row.ticket_id, row.event_id))


def read_originals(brokers: Brokers, show: Callable[[int], None], topic: str = topics.EVENTS) -> KafkaOriginals:
    """Read the whole topic as it is now. `show` is told how many records were read. Raises KafkaAway."""
    return asyncio.run(_read(brokers, show, topic))


async def _read(brokers: Brokers, show: Callable[[int], None], topic: str) -> KafkaOriginals:
    consumer = AIOKafkaConsumer(
        **client_arguments(brokers), enable_auto_commit=False, isolation_level="read_committed", group_id=None
    )
    try:
        try:
            async with asyncio.timeout(_REACH_SECONDS):
                await consumer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaAway(f"Kafka at {brokers} does not answer") from error
        partitions = [
            TopicPartition(one.name, number)
            for one in await describe_topics(brokers, [topic])
            for number in range(one.partitions)
        ]
        if not partitions:
            raise KafkaAway(f"Kafka at {brokers} has no topic {topic}")
        return await _read_all(consumer, partitions, show)
    finally:
        await stop_consumer(consumer, _REACH_SECONDS)


async def _read_all(
    consumer: AIOKafkaConsumer, partitions: list[TopicPartition], show: Callable[[int], None]
) -> KafkaOriginals:
    found, read = KafkaOriginals(), 0
    ends = await consumer.end_offsets(partitions)
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    left = {one for one in partitions if await consumer.position(one) < ends[one]}
    while left:
        for one, records in (await consumer.getmany(timeout_ms=500)).items():
            for record in records:
                headers = text_headers(record.headers)
                _note(record.value, headers, datetime.fromtimestamp(record.timestamp / 1000, UTC), found)
            read += len(records)
            if read % _SHOWN_EVERY < len(records):
                show(read)
            # Behind the last record there may be transaction markers alone.
            if one in left and records and records[-1].offset + 1 >= ends[one]:
                left.discard(one)
        left = {one for one in left if await consumer.position(one) < ends[one]}
    return found


def _note(value: bytes | None, headers: dict[str, str], at: datetime, found: KafkaOriginals) -> None:
    event = read_message(value, headers, at)
    if not isinstance(event, Rejected):
        original = Original(event.language, event.journey_stage, event.priority)
        found.add(event.tenant, event.ticket_id, event.event_id, original)


def _key(*ids: str) -> bytes:
    return blake2b("\0".join(ids).encode("utf-8", "surrogatepass"), digest_size=16).digest()

"""What is on a topic, as a reader that reads committed sees it."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

_SECONDS = 120.0


async def read_committed(brokers: str, topic: str, partitions: int) -> "list[ConsumerRecord[bytes, bytes]]":
    """Every record, in order of each partition; waits for the end of transactions under way."""
    sources = [TopicPartition(topic, partition) for partition in range(partitions)]
    ends = await ends_of(brokers, sources)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=brokers, isolation_level="read_committed", auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    consumer.assign(sources)
    found: list[ConsumerRecord[bytes, bytes]] = []
    try:
        async with asyncio.timeout(_SECONDS):
            while any([await consumer.position(source) < ends[source] for source in sources]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += records
    finally:
        await consumer.stop()
    return found


async def ends_of(brokers: str, sources: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Where they end, transactions under way included."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, group_id=None)
    await consumer.start()
    try:
        return dict(await consumer.end_offsets(sources))
    finally:
        await consumer.stop()

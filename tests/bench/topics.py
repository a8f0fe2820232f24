"""Topics for one measurement: made when it starts, and an input that is filled once for all runs."""

from collections.abc import Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.broker.admin import apply_topics
from streams.engine.partitioner import partition_of
from streams.topics import Topic
from tests.bench.events import Generated

PARTITIONS = 8
BATCH_BYTES = 256 * 1024

LOG = {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime", "max.message.bytes": "4194304"}
# As streams.topics lays out the changelogs.
CHANGELOG = {
    "cleanup.policy": "compact",
    "segment.bytes": str(64 << 20),
    "min.cleanable.dirty.ratio": "0.1",
    "max.message.bytes": "4194304",
}


async def make(brokers: str, *topics: Topic, partitions: int = PARTITIONS) -> None:
    """Create topics and wait until they can be used."""
    await apply_topics(brokers, topics, partitions, 1)


async def fill(brokers: str, topic: str, events: Iterable[Generated]) -> None:
    """Append events, each to the partition of its key, in batches."""
    producer = AIOKafkaProducer(
        bootstrap_servers=brokers, acks="all", compression_type="zstd", max_batch_size=BATCH_BYTES
    )
    async with producer:
        open_batches: dict[int, BatchBuilder] = {}
        for event in events:
            partition = partition_of(event.key, event.value, PARTITIONS)
            batch = open_batches.get(partition)
            if batch is None or batch.append(timestamp=None, key=event.key, value=event.value) is None:
                if batch is not None:
                    await producer.send_batch(batch, topic, partition=partition)
                batch = open_batches[partition] = producer.create_batch()
                batch.append(timestamp=None, key=event.key, value=event.value)
        for partition, batch in open_batches.items():
            await producer.send_batch(batch, topic, partition=partition)

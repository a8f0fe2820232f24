"""The reference: a bare aiokafka loop that reads, decodes, encodes, produces and commits, without transactions.

It is as fast as we could make it: uvloop, batches by partition, and the acknowledgements and the commit of one round
awaited while the next round is already being read and processed.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from streams.engine.partitioner import partition_of
from tests.bench.events import decode, encode
from tests.bench.lap import Lap, Stopwatch, tell
from tests.bench.run import Run

BATCH_BYTES = 900_000
ROUND_RECORDS = 4000


async def measure(run: Run) -> Lap:
    """Work through the input until `run.total` events are committed."""
    consumer = AIOKafkaConsumer(
        run.input,
        bootstrap_servers=run.brokers,
        group_id=run.name,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=run.brokers, acks="all", linger_ms=0, compression_type="zstd", max_batch_size=BATCH_BYTES
    )
    async with consumer, producer:
        return await _work(run, consumer, producer)


async def _work(run: Run, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> Lap:
    watch = Stopwatch(run.warm_up, run.total)
    done = 0
    finishing: asyncio.Task[int] | None = None
    while True:
        fetched = await consumer.getmany(timeout_ms=200, max_records=ROUND_RECORDS)
        offsets = {source: records[-1].offset + 1 for source, records in fetched.items()}
        records = [record for batch in fetched.values() for record in batch]
        acknowledged = await _produce(producer, run, records)
        if finishing is not None:
            done += await finishing
            if lap := watch.committed(done):
                return lap
        finishing = asyncio.create_task(_finish(consumer, acknowledged, offsets, len(records)))


async def _produce(
    producer: AIOKafkaProducer, run: Run, records: Iterable["ConsumerRecord[bytes, bytes]"]
) -> list["asyncio.Future[object]"]:
    by_target: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
    for record in records:
        event = decode(record.value)
        key = run.key_of(event)
        value = encode(event)
        by_target[partition_of(key, value, run.partitions)].append((key, value))
    sent = []
    for partition, entries in by_target.items():
        batch = producer.create_batch()
        for key, value in entries:
            if batch.append(timestamp=None, key=key, value=value) is None:
                sent.append(await producer.send_batch(batch, run.output, partition=partition))
                batch = producer.create_batch()
                batch.append(timestamp=None, key=key, value=value)
        sent.append(await producer.send_batch(batch, run.output, partition=partition))
    return sent


async def _finish(
    consumer: AIOKafkaConsumer,
    acknowledged: list["asyncio.Future[object]"],
    offsets: dict[TopicPartition, int],
    events: int,
) -> int:
    await asyncio.gather(*acknowledged)
    if offsets:
        await consumer.commit(offsets)
    return events


if __name__ == "__main__":
    tell(uvloop.run(measure(Run.from_arguments())))

"""Produces the generated records while the workers run."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaProducer

from streams import topics
from tests.soak.generator import Generator, Sent

TICK_SECONDS = 0.1
# Of what is left, each tick: the flow gets thinner and never ends while faults still happen.
SHARE = 0.004
BURST = 5000
BATCH_BYTES = 900_000


class Feed:
    """Sends until `release` is called at a falling rate, and then the rest at once. `sent` is what Kafka has."""

    def __init__(self, brokers: str, generator: Generator) -> None:
        self.sent: list[Sent] = []
        self._brokers = brokers
        self._generator = generator
        self._released = asyncio.Event()

    def release(self) -> None:
        """Send the rest."""
        self._released.set()

    async def run(self) -> None:
        """Send everything; returns when Kafka has acknowledged all of it."""
        # Idempotent: what it retries is not doubled, so that only the workers could be to blame.
        async with AIOKafkaProducer(
            bootstrap_servers=self._brokers, enable_idempotence=True, max_batch_size=BATCH_BYTES, linger_ms=0
        ) as producer:
            while self._generator.left:
                count = BURST if self._released.is_set() else max(1, round(self._generator.left * SHARE))
                await self._send(producer, self._generator.take(count, time.time_ns() // 1_000_000))
                await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(TICK_SECONDS):
                await self._released.wait()
        except TimeoutError:
            pass

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Sent]) -> None:
        by_partition: dict[int, list[Sent]] = defaultdict(list)
        for record in records:
            by_partition[record.partition].append(record)
        await asyncio.gather(*[_send_batch(producer, partition, some) for partition, some in by_partition.items()])
        self.sent += records


async def _send_batch(producer: AIOKafkaProducer, partition: int, records: Iterable[Sent]) -> None:
    batch = producer.create_batch()
    for record in records:
        appended = batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
        if appended is None:
            raise ValueError(f"record {record.number} does not fit into the batch of its tick")
    await (await producer.send_batch(batch, topics.EVENTS, partition=partition))

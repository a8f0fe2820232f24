"""Produces the generated records while the workers run."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from streams import topics
from tests.soak.generator import Generator, Sent

TICK_SECONDS = 0.1
# Of what is left, each tick.
SHARE = 0.004
# So many come singly at the end, which takes them five minutes: faults on a slow machine need a flow for as long.
TRICKLE = 3000
BURST = 5000
BATCH_BYTES = 900_000


# How many of the records that are left are due.
Pace = Callable[[int], int]


def thinning(left: int) -> int:
    """A flow that gets thinner and goes on for minutes while it is not released."""
    return max(1, round((left - TRICKLE) * SHARE))


class Steady:
    """So many a second, from the first call on: what was missed while the broker was away comes later."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._begun: float | None = None
        self._asked = 0

    def __call__(self, left: int) -> int:
        now = time.monotonic()
        self._begun = self._begun or now
        count = min(left, BURST, round((now - self._begun) * self._per_second) - self._asked)
        self._asked += count
        return count


class Feed:
    """Sends at its pace until `release` is called, and then the rest at once. `sent` is what Kafka has.

    A broker that is away for less than `patience` seconds is waited for.
    """

    def __init__(self, brokers: str, generator: Generator, pace: Pace = thinning, patience: float = 40.0) -> None:
        self.sent: list[Sent] = []
        self._brokers = brokers
        self._generator = generator
        self._pace = pace
        self._patience = patience
        self._released = asyncio.Event()

    def go_on_at(self, pace: Pace) -> None:
        """Another pace from now on."""
        self._pace = pace

    def release(self) -> None:
        """Send the rest."""
        self._released.set()

    async def run(self) -> None:
        """Send everything; returns when Kafka has acknowledged all of it."""
        # Idempotent: what it retries is not doubled, so that only the workers could be to blame.
        async with AIOKafkaProducer(
            bootstrap_servers=self._brokers,
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            linger_ms=0,
            request_timeout_ms=round(self._patience * 1000),
        ) as producer:
            while self._generator.left:
                count = BURST if self._released.is_set() else self._pace(self._generator.left)
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
        await asyncio.gather(*[_send_batches(producer, partition, some) for partition, some in by_partition.items()])
        self.sent += records


async def _send_batches(producer: AIOKafkaProducer, partition: int, records: Sequence[Sent]) -> None:
    """Send them in as few batches as hold them."""
    acknowledged = []
    while records:
        batch = producer.create_batch()
        taken = sum(1 for _ in takewhile(partial(_is_taken, batch), records))
        if not taken:
            raise ValueError(f"record {records[0].number} does not fit into a batch")
        acknowledged.append(await producer.send_batch(batch, topics.EVENTS, partition=partition))
        records = records[taken:]
    await asyncio.gather(*acknowledged)


def _is_taken(batch: BatchBuilder, record: Sent) -> bool:
    appended = batch.append(key=record.key, value=record.value, timestamp=None, headers=list(record.headers))
    return appended is not None

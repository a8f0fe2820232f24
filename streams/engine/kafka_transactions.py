"""One partition's transactional producer: fencing, and everything of a chunk in one Kafka transaction.

What depends on how aiokafka 0.14 behaves inside is here, each point with a test in tests/integration/test_aiokafka.py.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

import aiokafka.producer.sender
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, InvalidProducerEpoch, InvalidTxnState, ProducerFenced

from sinks.kafka_cluster import Brokers, client_arguments
from streams.engine.log import Fenced, Headers, Outgoing
from streams.engine.partitioner import partition_of

log = logging.getLogger(__name__)

# Batches close at this size. The producer's default of 16 KB would refuse rows: append() answers None when a batch is
# full.
BATCH_BYTES = 900_000
START_SECONDS = 30.0
CLOSE_SECONDS = 5.0
TRANSACTION_TIMEOUT_MS = 30_000

# After CONCURRENT_TRANSACTIONS (the marker of the last transaction is not yet written) aiokafka waits 20 ms, which
# dominates a small transaction: the marker takes about 3.
aiokafka.producer.sender.BACKOFF_OVERRIDE = 0.003

_FENCED = (ProducerFenced, InvalidProducerEpoch)

Entry = tuple[bytes | None, bytes | None, Headers]


class TransactionalProducer:
    """A producer that owns a transactional id. Whoever starts one later with the same id fences this one.

    The broker aborts a transaction that stays open for longer than `timeout_ms`.
    """

    def __init__(self, brokers: Brokers, transactional_id: str, timeout_ms: int = TRANSACTION_TIMEOUT_MS) -> None:
        self._producer = AIOKafkaProducer(
            **client_arguments(brokers),
            transactional_id=transactional_id,
            acks="all",
            linger_ms=0,
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=10_000,
            transaction_timeout_ms=timeout_ms,
            retry_backoff_ms=20,
        )

    async def start(self) -> None:
        """Fence older owners. Their open transaction is aborted before this returns."""
        # Transaction requests are retried for ever inside: the bound has to be outside.
        async with asyncio.timeout(START_SECONDS):
            await self._producer.start()

    async def partitions_of(self, topic: str) -> int:
        """How many partitions a topic has."""
        return len(await self._producer.partitions_for(topic))

    async def commit(self, batches: Mapping[TopicPartition, Iterable[Entry]]) -> None:
        """Write the batches in one transaction; returns when it is known to be committed."""
        producer = self._producer
        try:
            await producer.begin_transaction()
            await self._write(batches)
            await producer.commit_transaction()
        except _FENCED as error:
            raise Fenced(str(error)) from error
        except InvalidTxnState as error:
            raise self._refusal() or error from None

    def _refusal(self) -> BaseException | None:
        """Why the transaction did not come about. One that was refused a topic is over, and aiokafka sends the batches
        nevertheless: those of the other topics learn only that there is no transaction.
        """
        ended: asyncio.Future[None] = self._producer._txn_manager.wait_for_transaction_end()
        return ended.exception() if ended.done() and not ended.cancelled() else None

    async def _write(self, batches: Mapping[TopicPartition, Iterable[Entry]]) -> None:
        """Send the batches; returns when all are acknowledged, because commit_transaction() does not look at those that
        failed.
        """
        acknowledged: list[asyncio.Future[object]] = []
        try:
            for target, entries in batches.items():
                async for sent in self._send(target, entries):
                    acknowledged.append(sent)
        except (IllegalOperation, *_FENCED):
            # The transaction failed with a batch that was sent already, and that batch knows why.
            await asyncio.gather(*acknowledged)
            raise
        await asyncio.gather(*acknowledged)

    async def _send(self, target: TopicPartition, entries: Iterable[Entry]) -> AsyncIterator[asyncio.Future[object]]:
        """Batches of one partition, as few as fit, each when it is on its way."""
        batch = self._producer.create_batch()
        for key, value, headers in entries:
            listed = list(headers) if headers else []
            if batch.append(timestamp=None, key=key, value=value, headers=listed) is None:
                yield await self._producer.send_batch(batch, target.topic, partition=target.partition)
                batch = self._producer.create_batch()
                if batch.append(timestamp=None, key=key, value=value, headers=listed) is None:
                    raise ValueError(f"{target.topic}: a record does not fit into an empty batch")
        yield await self._producer.send_batch(batch, target.topic, partition=target.partition)

    async def close(self) -> None:
        """Close the connections. An open transaction is left to its time-out or to the next owner's fencing."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._producer.stop()
        except Exception as error:
            log.info("closing a producer: %r", error)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._producer.client.close()


def by_partition(outputs: Iterable[Outgoing], partitions: Callable[[str], int]) -> dict[TopicPartition, list[Entry]]:
    """Records of a transaction by where they go, in order within each partition."""
    topics: dict[str, list[list[Entry]]] = {}
    for topic, key, value, headers, everywhere in outputs:
        targets = topics.get(topic)
        if targets is None:
            targets = topics[topic] = [[] for _ in range(partitions(topic))]
        entry = (key, value, headers)
        if everywhere:
            for target in targets:
                target.append(entry)
        else:
            targets[partition_of(key, value, len(targets))].append(entry)
    return {
        TopicPartition(topic, partition): entries
        for topic, targets in topics.items()
        for partition, entries in enumerate(targets)
        if entries
    }

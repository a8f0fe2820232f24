"""Kafka as an event writer: one idempotent producer, connected in the background and replaced when it is beyond use."""

import asyncio
import contextlib
import logging

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerClosed

from schemas.events import MAX_EVENT_BYTES
from sinks.kafka_admission import why_not_let_in
from sinks.kafka_cluster import Brokers, client_arguments
from sinks.kafka_rights import not_allowed
from streams import topics
from streams.engine.partitioner import partition_of
from streams.gateway.writer import Headers, NotAcknowledged

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.2, 2.0
READY_SECONDS = 2.0
STOP_SECONDS = 5.0


class KafkaWriter:
    """Keeps `EventWriter`: acks=all, no duplicates from retries, partition by key.

    An event that was not acknowledged within `ack_seconds` stays with the producer and may still be stored when Kafka
    is back. What waits is bounded to two batches a partition; whoever finds no room is told NotAcknowledged in the end.
    """

    def __init__(self, brokers: Brokers, *, topic: str = topics.EVENTS, ack_seconds: float = 5.0) -> None:
        self._brokers = brokers
        self._topic = topic
        self._ack_seconds = ack_seconds
        self._producer: AIOKafkaProducer | None = None
        self._connected = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        # First come, first appended: without it a sender that waits for room in a batch could be overtaken.
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Begin to connect."""
        self._connecting = asyncio.create_task(self._connect())

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        """Append one event and wait for the acknowledgement of all in-sync replicas."""
        producer = None
        try:
            async with asyncio.timeout(self._ack_seconds):
                await self._connected.wait()
                producer = self._producer
                if producer is None:
                    raise NotAcknowledged("the writer is stopped")
                async with self._turn:
                    partition = partition_of(key, value, len(await producer.partitions_for(self._topic)))
                    sent = await producer.send(self._topic, value, key, partition=partition, headers=list(headers))
                await sent
        except TimeoutError as error:
            raise NotAcknowledged(f"no acknowledgement from {self._brokers} within {self._ack_seconds:g} s") from error
        except MessageSizeTooLargeError:
            raise
        except KafkaError as error:
            self._replace(producer)
            raise NotAcknowledged(str(not_allowed(error, "WRITE") or error)) from error

    async def ready(self) -> bool:
        """Ask a broker for the topic, at most two seconds."""
        producer = self._producer
        if producer is None or not self._connected.is_set():
            return False
        try:
            async with asyncio.timeout(READY_SECONDS):
                return bool(await producer.client.force_metadata_update()) and bool(
                    producer.client.cluster.partitions_for_topic(self._topic)
                )
        except (TimeoutError, KafkaError):
            return False

    async def stop(self) -> None:
        """Wait a little for what is under way, then close the connections."""
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer)

    async def _connect(self) -> None:
        delay, told = FIRST_RETRY_SECONDS, False
        while True:
            producer = self._new_producer()
            try:
                await producer.start()
                await producer.client.add_topic(self._topic)
            except (KafkaError, OSError) as error:
                await _close(producer)
                if not told:
                    why = await why_not_let_in(self._brokers)
                    log.warning("Kafka is away, trying again until it is back: %s", why or error)
                    told = True
                await asyncio.sleep(delay)
                delay = min(delay * 2, LAST_RETRY_SECONDS)
            except BaseException:
                await _close(producer)
                raise
            else:
                self._producer = producer
                self._connected.set()
                log.info("connected to Kafka at %s", self._brokers)
                return

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **client_arguments(self._brokers),
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            linger_ms=5,
            max_batch_size=MAX_EVENT_BYTES // 4,
            # Room for the key, the headers and the frame of an event of the largest size.
            max_request_size=MAX_EVENT_BYTES * 2,
            request_timeout_ms=10_000,
        )

    def _replace(self, broken: AIOKafkaProducer | None) -> None:
        """An idempotent producer that met an error it cannot retry takes no more events: start another."""
        if broken is None or broken is not self._producer:
            return
        log.warning("the producer is replaced after an error that cannot be retried")
        self._producer = None
        self._connected.clear()
        self._connecting = asyncio.create_task(self._reconnect(broken))

    async def _reconnect(self, broken: AIOKafkaProducer) -> None:
        await _close(broken)
        await self._connect()


async def _close(producer: AIOKafkaProducer) -> None:
    """Stop the producer. While Kafka is away its flush never ends: then what waits is given up."""
    with contextlib.suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
            return
    # No public call gives up what waits to be sent; tests/integration/test_gateway.py looks for tasks left behind.
    with contextlib.suppress(KafkaError, TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await producer._sender.close()
    producer._message_accumulator.fail_all(ProducerClosed())
    await producer.client.close()

"""Answers from Kafka: one consumer for all who wait."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from sinks.kafka_cluster import Brokers, client_arguments
from streams.broker.admin import TopicError, describe_topics
from streams.engine.waiting import wait_at_most
from streams.gateway.answers import TOPICS, Awaited, Board

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.2, 5.0
STOP_SECONDS = 5.0


class KafkaAnswers:
    """Keeps `Answers`: reads both topics from their ends on, in no group, so that each gateway hears all of them.

    It starts with the first who waits and goes on until `stop`. While Kafka is away, who waits hears nothing.
    """

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._board = Board()
        self._reading: asyncio.Task[None] | None = None
        self._at_the_end = asyncio.Event()

    @asynccontextmanager
    async def awaiting(self, key: bytes, event_id: str, seconds: float) -> AsyncIterator[Awaited]:
        """Hear what is appended from now on, once the reader is where the topics end."""
        if self._reading is None or self._reading.done():
            self._at_the_end.clear()
            self._reading = asyncio.create_task(self._keep_reading(), name="answers")
        with self._board.awaiting(key, event_id) as awaited:
            await wait_at_most(self._at_the_end, seconds)
            yield awaited

    async def stop(self) -> None:
        """Close the consumer."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])

    async def _keep_reading(self) -> None:
        delay, told = FIRST_RETRY_SECONDS, False
        while True:
            try:
                await self._read()
            except (KafkaError, OSError, TopicError) as error:
                if not told:
                    log.warning("answers cannot be read, trying again until they can: %s", error)
            except Exception:
                # Whatever it is: events are written without answers too, and the next attempt may read them again.
                log.exception("the reader of answers failed and starts anew")
            told = not self._at_the_end.is_set()
            if self._at_the_end.is_set():
                delay = FIRST_RETRY_SECONDS
            self._at_the_end.clear()
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_RETRY_SECONDS)

    async def _read(self) -> None:
        described = await describe_topics(self._brokers, TOPICS)
        places = [TopicPartition(topic.name, number) for topic in described for number in range(topic.partitions)]
        if {place.topic for place in places} != set(TOPICS):
            raise TopicError(f"of {', '.join(TOPICS)} not all exist: `ticketpulse topics apply` creates them")
        consumer = self._new_consumer()
        try:
            await consumer.start()
            consumer.assign(places)
            if not await consumer.seek_to_end(*places):
                raise KafkaError("the ends of the topics are not told in time")
            self._at_the_end.set()
            while True:
                for place, records in (await consumer.getmany(timeout_ms=1_000)).items():
                    for record in records:
                        self._board.hear(place.topic, record.key, record.value)
        finally:
            await _close(consumer)

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **client_arguments(self._brokers),
            enable_auto_commit=False,
            # What was said while this one was away so long that its place is gone concerns nobody any more.
            auto_offset_reset="latest",
            isolation_level="read_committed",
            # One fetch is under way per broker: a long wait for one partition would hold up the others.
            fetch_max_wait_ms=100,
        )


async def _close(consumer: AIOKafkaConsumer) -> None:
    """Stop the consumer. `stop` ends as if it were cancelled, before it has closed the connections, when a fetch was
    about to be tried again; so it is a task of its own, and no public call closes what it leaves open.
    """
    stopping = asyncio.create_task(consumer.stop(), name="answers-stop")
    try:
        await asyncio.wait([stopping], timeout=STOP_SECONDS)
    finally:
        stopping.cancel()
        await consumer._client.close()

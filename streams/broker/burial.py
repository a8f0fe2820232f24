"""Messages that a sink refuses, as dead letters on Kafka."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import uuid4

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from sinks.base import Refused, Unavailable
from sinks.kafka_cluster import Brokers
from sinks.letters import letter_headers
from streams.engine.kafka_transactions import Entry, TransactionalProducer
from streams.topics import DEAD_LETTERS

log = logging.getLogger(__name__)

_SECONDS = 30.0


class KafkaBurial:
    """Keeps `sinks.base.Burial`: those of one call are one transaction, so a call that fails keeps none of them, unless
    only its answer was lost.

    `sink` is the stage that the letters name. A letter that is refused gets none, because that would be refused too.
    Nothing is connected before there is something to bury.
    """

    def __init__(self, brokers: Brokers, name: str, sink: str) -> None:
        self._brokers = brokers
        # Nobody takes over from it, so nobody must be fenced: each process has an id of its own.
        self._id = f"{name}-{sink}-letters-{uuid4()}"
        self._sink = sink
        self._producer: TransactionalProducer | None = None

    async def bury(self, refused: Sequence[Refused]) -> None:
        """Send them; returns when they are committed. Raises Unavailable."""
        letters = [one for one in refused if one.message.topic != DEAD_LETTERS]
        if not letters:
            return
        try:
            async with asyncio.timeout(_SECONDS):
                producer = await self._started()
                partitions = await producer.partitions_of(DEAD_LETTERS)
                entries: dict[TopicPartition, list[Entry]] = {}
                for one in letters:
                    target = TopicPartition(DEAD_LETTERS, one.message.partition % partitions)
                    entry = (one.message.key, one.message.value, letter_headers(one, self._sink))
                    entries.setdefault(target, []).append(entry)
                await producer.commit(entries)
        except (KafkaError, OSError, TimeoutError) as error:
            await self.close()
            raise Unavailable(f"{len(letters)} refused messages cannot be sent to {DEAD_LETTERS}: {error!r}") from error

    async def close(self) -> None:
        """Close the connection; the next letter opens one again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.close()

    async def _started(self) -> TransactionalProducer:
        if self._producer is None:
            # Kept before it has started: what fails on the way is closed as well.
            self._producer = producer = TransactionalProducer(self._brokers, self._id)
            await producer.start()
        return self._producer

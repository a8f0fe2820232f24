"""Kafka behind the log contract: one partition of a stage's input, its changelog partition and its outputs."""

import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from sinks.kafka_cluster import Brokers
from sinks.kafka_rights import not_allowed
from streams.engine.kafka_recovery import POSITION_KEY, encode_position, recover
from streams.engine.kafka_transactions import Entry, TransactionalProducer, by_partition
from streams.engine.log import Fenced, Recovered, Refused, Transaction


class KafkaStage(NamedTuple):
    """How a stage is laid out on Kafka. `application` names the consumer group and prefixes the transactional ids."""

    brokers: Brokers
    application: str
    source: str
    changelog: str
    patience: float = 0.0

    @property
    def name(self) -> str:
        """The stage's, which is the last word of its application."""
        return self.application.rpartition("-")[2]


class Reader(Protocol):
    """The part of the reader that a partition's log needs."""

    async def seek(self, partition: int, offset: int, token: int) -> int: ...
    def delivered(self, partition: int) -> int: ...
    def end(self, partition: int) -> int | None: ...
    def progress(self, partition: int, position: int) -> None: ...
    def recovering(self, partition: int, position: int) -> None: ...
    def wake(self) -> None: ...


@contextlib.contextmanager
def refusing(operation: str, component: str) -> Iterator[None]:
    """A right that is missing is no fault that passes: raise Refused, which stops the worker and says what to do."""
    try:
        yield
    except (KafkaError, Fenced) as error:
        if (missing := not_allowed(error, operation, component)) is not None:
            raise Refused(str(missing)) from error
        raise


class KafkaLog:
    """Keeps `streams.engine.log.PartitionLog` with a transactional producer whose id is the application and the
    partition. `make_producer` takes the brokers and that id.
    """

    def __init__(
        self,
        stage: KafkaStage,
        partition: int,
        partitions: int,
        reader: Reader,
        make_producer: Callable[[Brokers, str], TransactionalProducer] = TransactionalProducer,
    ) -> None:
        self.partition = partition
        self.partitions = partitions
        self._stage = stage
        self._reader = reader
        self._make_producer = make_producer
        self._source = TopicPartition(stage.source, partition)
        self._changelog = TopicPartition(stage.changelog, partition)
        self._producer: TransactionalProducer | None = None
        self._counts: dict[str, int] = {}

    async def take_over(self) -> Recovered:
        """Fence, then read the changelog as it stands."""
        await self.release()
        stage = self._stage
        self._producer = self._make_producer(stage.brokers, f"{stage.application}-{self.partition}")
        with refusing("WRITE", stage.name):
            await self._producer.start()
        with refusing("READ", stage.name):
            # A topic that is hidden from us is told here alone: whoever reads looks for its leader without end.
            await self._producer.partitions_of(stage.changelog)
            return await recover(stage.brokers, self._changelog, self._source, self.partitions, self._recovering)

    async def seek(self, offset: int, token: int) -> int:
        """Read on from `offset`."""
        with refusing("READ", self._stage.name):
            return await self._reader.seek(self.partition, offset, token)

    async def delivered(self) -> int:
        """Where the reader is."""
        return self._reader.delivered(self.partition)

    async def end(self) -> int | None:
        """The input's end as the last fetch told it."""
        return self._reader.end(self.partition)

    def wake(self) -> None:
        """Tell the reader to fetch."""
        self._reader.wake()

    async def commit(self, transaction: Transaction) -> None:
        """Outputs, rows and the position row in one Kafka transaction."""
        with refusing("WRITE", self._stage.name):
            await self._commit(transaction)

    async def _commit(self, transaction: Transaction) -> None:
        producer = self._owned()
        for outgoing in transaction.outputs:
            if outgoing.topic not in self._counts:
                self._counts[outgoing.topic] = await producer.partitions_of(outgoing.topic)
        batches = by_partition(transaction.outputs, self._counts.__getitem__)
        rows: list[Entry] = [(key, row, ()) for key, row in transaction.rows.items()]
        if transaction.position is not None:
            rows.append((POSITION_KEY, encode_position(transaction.position, self.partitions), ()))
        if rows:
            batches[self._changelog] = rows
        await producer.commit(batches)

    def progress(self, position: int) -> None:
        """The reader tells the group."""
        self._reader.progress(self.partition, position)

    async def release(self) -> None:
        """Close the producer, and forget what it knew of the topics."""
        producer, self._producer = self._producer, None
        self._counts.clear()
        if producer is not None:
            await producer.close()

    def _recovering(self, position: int) -> None:
        self._reader.recovering(self.partition, position)

    def _owned(self) -> TransactionalProducer:
        if self._producer is None:
            raise RuntimeError(f"{self._source.topic}-{self.partition} has not been taken over")
        return self._producer

"""Committed messages of Kafka topics, as one member of a consumer group."""

import asyncio
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from sinks.base import Message
from sinks.kafka_closing import stop_consumer
from sinks.kafka_cluster import Brokers, client_arguments
from sinks.kafka_membership import expect_answers, membership
from sinks.kafka_reach import reach
from sinks.kafka_rights import not_allowed

log = logging.getLogger(__name__)

# aiokafka leaves the group when nothing was polled for this long. Its heartbeats and rejoins run in tasks of their
# own, not in poll, so a sink that holds a batch through an outage stays a member; one that is dead is found by the
# session timeout.
_MAX_POLL_MS = 7 * 86_400_000
_COMMIT_SECONDS = 10.0
_LAG_SECONDS = 5.0
# A group that re-balances has to end that first.
_STOP_SECONDS = 10.0
_MB = 1_048_576


class KafkaSource:
    """Keeps `sinks.base.Source`: read committed, at least once, from the earliest record when the group is new.

    When partitions move, their uncommitted messages are given again to the next owner.
    """

    def __init__(
        self,
        brokers: Brokers,
        group: str,
        topics: Sequence[str],
        *,
        session_timeout: float = 6.0,
        patience: float = 0.0,
    ) -> None:
        self._topics = topics
        self._brokers = brokers
        self._group = group
        self._session_timeout = session_timeout
        self._patience = patience
        self._consumer: AIOKafkaConsumer | None = None

    async def start(self) -> None:
        """Join the group. Raises KafkaConnectionError when no broker has answered within `patience` seconds."""
        await reach(self._join, self._brokers, self._patience)

    async def poll(self, max_messages: int, timeout: float) -> Sequence[Message]:
        """Up to `max_messages` in order of each partition; empty after `timeout` seconds without any.

        Raises NotAllowed when the cluster does not let us read any more.
        """
        try:
            fetched = await self._started.getmany(timeout_ms=round(timeout * 1000), max_records=max_messages)
        except KafkaError as error:
            if (missing := not_allowed(error, "READ", self._group.rpartition("-")[2])) is not None:
                raise missing from error
            raise
        return [
            Message(
                record.topic,
                record.partition,
                record.offset,
                record.timestamp,
                record.key,
                record.value,
                record.headers,
            )
            for records in fetched.values()
            for record in records
        ]

    async def commit(self) -> None:
        """Commit the positions of the partitions that are ours now; those of lost ones are their next owner's business.

        A commit that fails is logged: the messages come again, or the next commit covers them.
        """
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await self._started.commit()
        except (CommitFailedError, IllegalStateError, KafkaError, TimeoutError) as error:
            log.warning("%s: positions not committed, their messages may be written again: %r", self._group, error)

    async def lag(self) -> dict[str, int]:
        """Positions between what was polled and the last stable offset, by topic, of the partitions that are ours."""
        consumer = self._started
        lag = dict.fromkeys(self._topics, 0)
        async with asyncio.timeout(_LAG_SECONDS):
            ends: dict[TopicPartition, int] = await consumer.end_offsets(list(consumer.assignment()))
            for partition, end in ends.items():
                if partition in consumer.assignment():
                    lag[partition.topic] += max(0, end - await consumer.position(partition))
        return lag

    async def stop(self) -> None:
        """Leave the group, so that others take over at once."""
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await stop_consumer(consumer, _STOP_SECONDS)

    async def _join(self) -> None:
        consumer = AIOKafkaConsumer(
            *self._topics,
            **client_arguments(self._brokers),
            group_id=self._group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            **membership(self._session_timeout),
            max_poll_interval_ms=_MAX_POLL_MS,
            # One fetch is in flight for each broker: it waits this long for more, and a lone message with it.
            fetch_min_bytes=_MB // 4,
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=2 * _MB,
        )
        expect_answers(consumer, self._session_timeout)
        try:
            await consumer.start()
        except BaseException:
            await stop_consumer(consumer, _STOP_SECONDS)
            raise
        self._consumer = consumer

    @property
    def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise RuntimeError("the source is not started")
        return self._consumer

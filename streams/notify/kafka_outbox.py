"""A sender's outbox on Kafka: asked on the ledger's topic, as a member of a group; answers are notices."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from schemas.notices import SenderReady, Tried, encode_notice, notice_key
from schemas.notifications import Notification
from sinks.base import Unavailable
from sinks.kafka_closing import stop_consumer
from sinks.kafka_cluster import Brokers, client_arguments
from sinks.kafka_membership import expect_answers, membership
from sinks.kafka_reach import reach
from streams import topics
from streams.engine.partitioner import partition_of
from streams.notify.asking import asked_of

log = logging.getLogger(__name__)

_STOP_SECONDS = 10.0
_COMMIT_SECONDS = 10.0
# Above what a sender needs to let its deliveries end: until then the group waits for it.
_REBALANCE_MS = 40_000
_TOLD_SECONDS = 1.0


class KafkaOutbox(ConsumerRebalanceListener):  # type: ignore[misc]
    """Keeps `sinks.notify.sender.Outbox`.

    With every assignment it begins anew, by another name and where the partitions end: what was asked of other names
    and is not answered is asked of the new one when it is told, also what we were asked ourselves and have not begun.
    """

    def __init__(self, brokers: Brokers, group: str, *, session_timeout: float, patience: float) -> None:
        self._brokers = brokers
        self._group = group
        self._name = ""
        # Partitions that are ours by now, of which the end is not known yet, and in which we have not said so.
        self._unread: set[TopicPartition] = set()
        self._unsaid: set[TopicPartition] = set()
        self._beginning = asyncio.Lock()
        self._patience = patience
        self._session_timeout = session_timeout
        self._settle: Callable[[], asyncio.Future[None]] | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._sure = asyncio.Event()
        self._polled = self._committed = time.monotonic()
        self._consumer = AIOKafkaConsumer(
            **client_arguments(brokers),
            group_id=group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="latest",
            **membership(session_timeout),
            rebalance_timeout_ms=_REBALANCE_MS,
            fetch_max_wait_ms=100,
        )
        expect_answers(self._consumer, session_timeout)
        self._producer = AIOKafkaProducer(
            **client_arguments(brokers), enable_idempotence=True, acks="all", linger_ms=0, compression_type="zstd"
        )

    async def start(self, settle: Callable[[], "asyncio.Future[None]"]) -> None:
        """Join the group. Raises KafkaConnectionError when no broker has answered within `patience` seconds."""
        self._settle = settle
        self._consumer.subscribe([topics.NOTIFICATIONS], listener=self)
        await reach(self._producer.start, self._brokers, self._patience)
        await reach(self._consumer.start, self._brokers, self._patience)

    async def poll(self, timeout: float) -> Sequence[Notification]:
        """What is asked of us. Nothing is read before we have begun."""
        if self._unsaid and not await self._begun():
            await asyncio.sleep(timeout)
            return []
        if self._has_slept():
            self._sure.clear()
        self._polled = time.monotonic()
        if self._positions and (not self._sure.is_set() or self._polled - self._committed > _TOLD_SECONDS):
            await self._commit()
        fetched = await self._consumer.getmany(timeout_ms=round(timeout * 1000))
        asked: list[Notification] = []
        for partition, records in fetched.items():
            self._positions[partition] = records[-1].offset + 1
            asked += asked_of(self._name, (record.value for record in records))
        return asked

    async def is_ours(self, notification: Notification) -> bool:
        """After a sleep the group may have given it to another, who sends by now; a commit tells."""
        if self._has_slept():
            self._sure.clear()
        await self._sure.wait()
        return notification.sender == self._name

    async def answer(self, tried: Tried) -> None:
        """Returns when the brokers have it. Raises Unavailable."""
        key, value = notice_key(tried), encode_notice(tried)
        try:
            partitions = await self._producer.partitions_for(topics.NOTICES)
            # Where the tenant's notifications are planned.
            await self._say(value, partition_of(key, value, len(partitions)), key)
        except KafkaError as error:
            raise Unavailable(f"what came of a notification cannot be told: {error!r}") from error

    async def stop(self) -> None:
        """Leave the group."""
        await stop_consumer(self._consumer, _STOP_SECONDS)
        await self._producer.stop()

    # -- called by the group

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Begin nothing more; whoever gets them must not send what we are sending."""
        self._name = ""
        self._sure.set()
        if self._settle is not None:
            await self._settle()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin anew."""
        # Before it is said: an answer may come at once.
        self._name = f"{self._group}-{uuid4()}"
        self._unread, self._unsaid, self._positions = set(assigned), set(assigned), {}
        await self._begun()
        self._polled = time.monotonic()
        self._sure.set()

    async def _begun(self) -> bool:
        """Go to the end of each partition, once, and say that we are there, until that is kept; whether it is."""
        async with self._beginning:
            try:
                ends = await self._consumer.end_offsets(list(self._unread)) if self._unread else {}
                for partition, end in ends.items():
                    self._consumer.seek(partition, end)
                    self._positions[partition] = end
                    self._unread.discard(partition)
                for partition in sorted(self._unsaid):
                    await self._say(encode_notice(SenderReady(self._name)), partition.partition)
                    self._unsaid.discard(partition)
            except KafkaError as error:
                log.warning("%s: cannot begin to send yet: %r", self._group, error)
                return False
        return True

    def _has_slept(self) -> bool:
        """Whether the group may have given us up."""
        return time.monotonic() - self._polled > self._session_timeout / 2

    async def _say(self, value: bytes, partition: int, key: bytes | None = None) -> None:
        await self._producer.send_and_wait(topics.NOTICES, value, key=key, partition=partition)

    async def _commit(self) -> None:
        """Tell the group how far we are, for whoever watches the lag; who is a member no more learns it by that."""
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await self._consumer.commit(dict(self._positions))
        except (KafkaError, TimeoutError) as error:
            log.warning("%s: positions not committed: %r", self._group, error)
            return
        self._committed = time.monotonic()
        self._sure.set()

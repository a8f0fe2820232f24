"""Reads a stage's input with one plain consumer and cuts it into chunks for the partition tasks."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, KafkaError

from sinks.kafka_closing import stop_consumer
from sinks.kafka_cluster import client_arguments
from sinks.kafka_membership import expect_answers, membership
from streams.engine.kafka_log import KafkaStage
from streams.engine.kafka_offsets import OURS, offsets_of_others, refusal
from streams.engine.log import CHUNK_BYTES, CHUNK_RECORDS, Chunk, Record
from streams.engine.runtime import Runtime
from streams.engine.sticky import StickyAssignor
from streams.engine.turns import Turns
from streams.engine.waiting import wait_at_most
from streams.engine.watchdog import Pulse

log = logging.getLogger(__name__)

# Records that one poll hands over, mostly all of one partition.
FETCH_RECORDS = 3 * CHUNK_RECORDS
POLL_SECONDS = 0.2
# The group is told the positions this often. Within the transactions it would cost two of their five requests.
TELL_SECONDS = 1.0
# A group that re-balances has to end that first.
STOP_SECONDS = 10.0


class KafkaReader(ConsumerRebalanceListener):  # type: ignore[misc]
    """One consumer in the stage's group.

    What is exact is the position in the changelog, which is committed with the outputs. The group's offsets follow it
    once a second, for whoever watches the lag.
    """

    def __init__(self, stage: KafkaStage, turns: Turns, session_seconds: float) -> None:
        self._topic = stage.source
        self._stage = stage
        self._foreign: dict[int, int] = {}
        self._patience = stage.patience
        self._turns = turns
        self._runtime: Runtime | None = None
        self._wanted = asyncio.Event()
        self._at: dict[int, tuple[int, int]] = {}
        self._progress: dict[int, int] = {}
        self._unanswered: Mapping[TopicPartition, int | None] | None = None
        self.pulse = Pulse()
        self._telling: asyncio.Task[None] | None = None
        # A commit that meets a join under way makes the client forget who it is and join again, and so for ever.
        self._settled = False
        self._committing = asyncio.Lock()
        self._consumer = AIOKafkaConsumer(
            **client_arguments(stage.brokers),
            group_id=stage.application,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            # One fetch is under way per broker: a long wait for one partition would hold up the others.
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=1 << 20,
            **membership(session_seconds),
            rebalance_timeout_ms=30_000,
            partition_assignment_strategy=(StickyAssignor(self._topic),),
        )
        expect_answers(self._consumer, session_seconds)

    async def start(self, runtime: Runtime) -> None:
        """Join the group; the runtime is told what is assigned."""
        self._runtime = runtime
        self._foreign.update(await offsets_of_others(self._stage.brokers, self._stage.application, self._topic))
        self._consumer.subscribe([self._topic], listener=self)
        await self._consumer.start()
        self._telling = asyncio.create_task(self._keep_telling(), name=f"{self._topic}-progress")

    async def stop(self) -> None:
        """Tell the group how far we are and leave it, so that others take over at once."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait([self._telling])
            await self._tell()
        await stop_consumer(self._consumer, STOP_SECONDS)

    def partitions(self) -> int:
        """How many partitions the input has. Known once something is assigned."""
        return len(self._consumer.partitions_for_topic(self._topic) or ())

    # -- called by the group

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing is delivered or told until the partitions are assigned again."""
        self._settled = False
        async with self._committing:
            pass
        if self._runtime is not None:
            await self._runtime.revoked()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Start or go on with what is ours now."""
        partitions = {partition.partition for partition in assigned}
        self.pulse.assigned(partitions)
        if self._runtime is not None:
            await self._runtime.assigned(partitions)
        self._settled = True

    # -- called by the partition tasks

    async def seek(self, partition: int, offset: int, token: int) -> int:
        """Read on from `offset`, or from the earliest that the log still has."""
        source = TopicPartition(self._topic, partition)
        first: int = (await self._consumer.beginning_offsets([source]))[source]
        found = max(offset, first)
        self._consumer.seek(source, found)
        self._at[partition] = (token, found)
        foreign = self._foreign.pop(partition, offset)
        if foreign != offset >= 0:
            log.warning("%s", refusal(self._stage.application, self._topic, partition, foreign, found))
        return found

    def delivered(self, partition: int) -> int:
        """The position up to which chunks were handed over."""
        return self._at[partition][1]

    def end(self, partition: int) -> int | None:
        """The high watermark that the last fetch told."""
        end: int | None = None
        # Not assigned any more: the task is about to be told.
        with contextlib.suppress(IllegalStateError, AssertionError):
            end = self._consumer.highwater(TopicPartition(self._topic, partition))
        return end

    def progress(self, partition: int, position: int) -> None:
        """Everything before `position` is applied: the group hears of it soon."""
        self._progress[partition] = position
        self.pulse.applied(partition, position)

    def recovering(self, partition: int, position: int) -> None:
        """A take-over has read the changelog up to here."""
        self.pulse.recovering(partition, position)

    def wake(self) -> None:
        """Somebody wants chunks again."""
        self._wanted.set()

    # -- the loop

    async def pump(self, stopping: Callable[[], bool]) -> None:
        """Fetch for the tasks that want chunks, until told to stop."""
        while not stopping():
            wanting = self._assigned(self._runtime.wanting() if self._runtime else ())
            if not wanting:
                self._wanted.clear()
                await wait_at_most(self._wanted, POLL_SECONDS)
                continue
            fetched = await self._consumer.getmany(
                *wanting, timeout_ms=int(POLL_SECONDS * 1000), max_records=FETCH_RECORDS
            )
            # Taken before anything is awaited: a seek from here on makes what was fetched outdated.
            tokens = {source: self._at.get(source.partition, (-1, -1)) for source in wanting}
            for source in wanting:
                await self._deliver(source, tokens[source], fetched.get(source, []))
            if sum(map(len, fetched.values())) < CHUNK_RECORDS:
                # A fetch costs the same for one record as for many.
                await asyncio.sleep(self._turns.pause(self._patience) / 4)

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(TELL_SECONDS)
            await self._tell()

    async def _tell(self) -> None:
        """Commit the positions of what is ours. They are for watching only: what fails is told the next time.

        But not before an answer has come again. To the group, who tells it something is alive: a member that can ask
        and hears no answers would keep its partitions, and they would stand still.
        """
        if not self._settled or self._unanswered == self._heard():
            return
        ours = {source: (self._progress[source.partition], OURS) for source in self._assigned(self._progress)}
        told, self._progress = self._progress, {}
        if not ours:
            return
        try:
            async with self._committing, asyncio.timeout(TELL_SECONDS):
                await self._consumer.commit(ours)
            self._unanswered = None
        except (KafkaError, TimeoutError) as error:
            self._unanswered = self._heard()
            log.info("%s: the group was not told its offsets: %r", self._topic, error)
            self._progress = told | self._progress

    def _heard(self) -> Mapping[TopicPartition, int | None]:
        """When the broker last answered a fetch of each partition."""
        return {source: self._consumer.last_poll_timestamp(source) for source in self._consumer.assignment()}

    def _assigned(self, partitions: Iterable[int]) -> list[TopicPartition]:
        assignment = self._consumer.assignment()
        return [source for p in partitions if (source := TopicPartition(self._topic, p)) in assignment]

    async def _deliver(self, source: TopicPartition, at: tuple[int, int], records: Sequence[Record]) -> None:
        token, start = at
        try:
            following = await self._consumer.position(source)
        except IllegalStateError:
            return
        task = self._runtime.delivery(source.partition) if self._runtime else None
        if task is None or self._at.get(source.partition) != at or following <= start:
            return
        self._at[source.partition] = (token, following)
        end = max(self.end(source.partition) or 0, following)
        for chunk in cut(token, start, following, end, records):
            task.deliver(chunk)


def cut(token: int, start: int, following: int, end: int, records: Sequence[Record]) -> Iterator[Chunk]:
    """Chunks of bounded count and size that chain from `start` to `following`.

    Without records there is one empty chunk: the position moved over transaction markers alone.
    """
    if not records:
        yield Chunk(token, start, following, end, ())
        return
    first = size = 0
    for index, record in enumerate(records):
        length = len(record.value or b"")
        if index > first and (index - first == CHUNK_RECORDS or size + length > CHUNK_BYTES):
            yield Chunk(token, start, record.offset, end, records[first:index])
            start, first, size = record.offset, index, 0
        size += length
    yield Chunk(token, start, following, end, records[first:])

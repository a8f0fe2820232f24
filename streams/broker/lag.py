"""How far each consumer group is behind the end of its topics."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)

from sinks.kafka_cluster import Brokers, client_arguments

# A gap this small is read and its records are counted: transaction markers occupy offsets too, and a group that has
# read everything may still have some of them before it.
_COUNTED_GAP = 100
_COUNT_SECONDS = 2.0
_COORDINATOR_SECONDS = 10.0
_POLL_SECONDS = 0.05


class Lag(NamedTuple):
    """One group on one topic. `lag` is in records where it is small, else in offsets; rates are offsets a second."""

    group: str
    topic: str
    lag: int
    written_per_second: float
    read_per_second: float


class Positions(NamedTuple):
    """Where everything is at one moment (monotonic seconds): the partitions' starts and ends, each group's offsets."""

    at: float
    starts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    committed: Mapping[str, Mapping[TopicPartition, int]]

    def next_of(self, group: str, partition: TopicPartition) -> int:
        """The next offset that the group reads: what it committed, else where the partition starts."""
        return max(self.committed[group].get(partition, -1), self.starts[partition])


async def measure(brokers: Brokers, groups: Mapping[str, Sequence[str]], seconds: float = 1.0) -> list[Lag]:
    """The lag of each group on each of its topics, and rates over the next `seconds`. A missing topic is left out.

    Raises KafkaError when the broker cannot be reached.
    """
    async with _clients(brokers) as (admin, consumer):
        before = await _positions(admin, consumer, groups)
        await asyncio.sleep(seconds)
        after = await _positions(admin, consumer, groups)
        return [
            await _lag_of(consumer, group, topic, before, after)
            for group, topics in groups.items()
            for topic in topics
            if any(partition.topic == topic for partition in after.ends)
        ]


async def await_read(
    brokers: Brokers, groups: Mapping[str, Sequence[str]], show: Callable[[str], None], seconds: float
) -> None:
    """Wait until each group has read what its topics have now. Raises TimeoutError, with the group that is behind, and
    KafkaError.
    """
    async with _clients(brokers) as (admin, consumer):
        goal = (await _positions(admin, consumer, groups)).ends
        deadline = time.monotonic() + seconds
        while behind := await _behind(consumer, groups, await _positions(admin, consumer, groups), goal):
            if time.monotonic() > deadline:
                raise TimeoutError(behind)
            show(f"waiting for {behind}")
            await asyncio.sleep(4 * _POLL_SECONDS)


@asynccontextmanager
async def _clients(brokers: Brokers) -> AsyncIterator[tuple[Any, Any]]:
    """Who asks for what groups have committed, and who reads as they do and commits nothing."""
    admin = AIOKafkaAdminClient(**client_arguments(brokers))
    consumer = AIOKafkaConsumer(
        **client_arguments(brokers), isolation_level="read_committed", enable_auto_commit=False, fetch_max_wait_ms=50
    )
    try:
        await admin.start()
        await consumer.start()
        yield admin, consumer
    finally:
        await consumer.stop()
        await admin.close()


async def _behind(
    consumer: Any, groups: Mapping[str, Sequence[str]], now: Positions, goal: Mapping[TopicPartition, int]
) -> str | None:
    """A group that has not read up to there; None when all have."""
    for group, topics in groups.items():
        left = {
            one: now.next_of(group, one)
            for one, end in goal.items()
            if one.topic in topics and now.next_of(group, one) < end
        }
        # Behind the last record there may be markers of transactions alone.
        if any(goal[one] - start > _COUNTED_GAP for one, start in left.items()) or (
            left and await _count(consumer, left, goal)
        ):
            return group
    return None


async def _positions(admin: Any, consumer: Any, groups: Mapping[str, Sequence[str]]) -> Positions:
    names = sorted({topic for topics in groups.values() for topic in topics})
    partitions = [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in await admin.describe_topics(names)
        for partition in topic["partitions"]
    ]
    committed = {group: await committed_by(admin, group) for group in groups}
    starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    return Positions(time.monotonic(), starts, ends, committed)


async def committed_by(admin: Any, group: str) -> dict[TopicPartition, int]:
    """The offsets of a group; none for one that never committed."""
    try:
        async with asyncio.timeout(_COORDINATOR_SECONDS):
            offsets = await _offsets(admin, group)
    except TimeoutError:
        raise GroupCoordinatorNotAvailableError(f"Kafka names no coordinator for the group {group}") from None
    return {partition: committed.offset for partition, committed in offsets.items()}


async def _offsets(admin: Any, group: str) -> Mapping[TopicPartition, Any]:
    while True:
        try:
            return cast(Mapping[TopicPartition, Any], await admin.list_consumer_group_offsets(group))
        except (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError, GroupLoadInProgressError):
            # The first question on a new cluster makes the broker create its topic of offsets.
            await asyncio.sleep(_POLL_SECONDS)


async def _lag_of(consumer: Any, group: str, topic: str, before: Positions, after: Positions) -> Lag:
    partitions = [partition for partition in after.ends if partition.topic == topic]
    earlier = [partition for partition in partitions if partition in before.ends]
    elapsed = after.at - before.at
    written = sum(after.ends[one] - before.ends[one] for one in earlier)
    read = sum(after.next_of(group, one) - before.next_of(group, one) for one in earlier)
    gaps = {one: max(0, after.ends[one] - after.next_of(group, one)) for one in partitions}
    lag = sum(gap for gap in gaps.values() if gap > _COUNTED_GAP)
    small = {one: after.next_of(group, one) for one, gap in gaps.items() if 0 < gap <= _COUNTED_GAP}
    if small:
        lag += await _count(consumer, small, after.ends)
    return Lag(group, topic, lag, written / elapsed, read / elapsed)


async def _count(consumer: Any, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> int:
    """Committed records from `starts` up to `ends`; what cannot be read in time is counted as offsets."""
    consumer.assign(list(starts))
    for partition, start in starts.items():
        consumer.seek(partition, start)
    found = 0
    open_ones = set(starts)
    deadline = time.monotonic() + _COUNT_SECONDS
    while open_ones and time.monotonic() < deadline:
        fetched = await consumer.getmany(timeout_ms=50)
        found += sum(int(record.offset < ends[one]) for one, records in fetched.items() for record in records)
        open_ones = {one for one in open_ones if await consumer.position(one) < ends[one]}
    unread = [ends[one] - int(await consumer.position(one)) for one in open_ones]
    return found + sum(unread)

"""Where a sink goes on reading, set back: what it has read comes to it again."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalGenerationError, UnknownMemberIdError

from sinks.kafka_closing import stop_consumer
from sinks.kafka_cluster import Brokers, client_arguments
from streams.broker.lag import committed_by

_STOP_SECONDS = 10.0
# A session takes six seconds unless somebody has set it otherwise.
_SESSION_SECONDS, _LOOK_SECONDS = 12.0, 0.25


class InUse(Exception):
    """Somebody reads as this group. The message says how many."""


class Rewound(NamedTuple):
    """A partition of a topic: the next offset that was to be read, and the one that is read next now."""

    topic: str
    partition: int
    before: int
    after: int


async def rewind(brokers: Brokers, group: str, names: Sequence[str], since: datetime | None) -> list[Rewound]:
    """Set a group that nobody reads as back to the beginning of its topics, or to the first records that were appended
    at `since` or later. Never forward, because what is between would not be read. A topic that the group has never
    committed, or that is missing, is left out: it is read from its beginning anyway. Who was killed is in the group
    until its session is over, for which it waits. Raises InUse and KafkaError.
    """
    async with _clients(brokers, group) as (admin, consumer):
        await _until_empty(admin, group)
        found = await committed_by(admin, group)
        committed = {one: offset for one, offset in found.items() if one.topic in names and offset >= 0}
        if not committed:
            return []
        consumer.assign(list(committed))
        wanted = await _wanted(consumer, list(committed), since)
        moved = {one: min(wanted.get(one, offset), offset) for one, offset in committed.items()}
        try:
            await consumer.commit(moved)
        except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError) as error:
            raise InUse(f"somebody has begun to read as {group} meanwhile") from error
    return [Rewound(one.topic, one.partition, committed[one], moved[one]) for one in sorted(committed)]


@asynccontextmanager
async def _clients(brokers: Brokers, group: str) -> AsyncIterator[tuple[Any, Any]]:
    admin = AIOKafkaAdminClient(**client_arguments(brokers))
    consumer = AIOKafkaConsumer(**client_arguments(brokers), group_id=group, enable_auto_commit=False)
    try:
        await admin.start()
        await consumer.start()
        yield admin, consumer
    finally:
        await stop_consumer(consumer, _STOP_SECONDS)
        await admin.close()


async def _until_empty(admin: Any, group: str) -> None:
    deadline = time.monotonic() + _SESSION_SECONDS
    while members := await _members(admin, group):
        if time.monotonic() > deadline:
            raise InUse(f"{members} of {group} run")
        await asyncio.sleep(_LOOK_SECONDS)


async def _members(admin: Any, group: str) -> int:
    responses = await admin.describe_consumer_groups([group])
    return sum(len(members) for one in responses for _, _, _, _, _, members, *_ in one.groups)


async def _wanted(
    consumer: Any, partitions: Sequence[TopicPartition], since: datetime | None
) -> dict[TopicPartition, int]:
    """Where to go back to; without those in which nothing is that young."""
    begins: dict[TopicPartition, int] = await consumer.beginning_offsets(partitions)
    if since is None:
        return begins
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, round(since.timestamp() * 1000)))
    return {one: max(told.offset, begins[one]) for one, told in found.items() if told is not None}

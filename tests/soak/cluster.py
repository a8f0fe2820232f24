"""What the broker says of a stage: who is in its group, how far it is, and where its input ends."""

import asyncio
import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams import topics
from streams.broker.admin import apply_topics

INPUTS: Mapping[str, str] = {
    "score": topics.EVENTS,
    "track": topics.SCORED,
    "registry": topics.REGISTRY,
    "trends": topics.PARTIALS,
}
STAGES = tuple(INPUTS)
# How events go through them: what the registry answers goes to track again.
WAY = ("score", "track", "registry", "track")
SINK = "clickhouse"
# What tells how far each is; the sink reads more topics, of which this has the most records.
READ: Mapping[str, str] = {**INPUTS, SINK: topics.SCORED}
COORDINATOR_SECONDS = 90.0
_GROUP_PREFIX = "ticketpulse-"


class Group(NamedTuple):
    """`stable` says that every member knows its partitions."""

    members: int
    stable: bool


class Cluster:
    """The product's topics and groups on a fresh broker."""

    def __init__(self, brokers: str, partitions: int) -> None:
        self.brokers = brokers
        self.partitions = partitions
        self._admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
        # In no group and of no topic: it only asks for ends, those of open transactions included.
        self._consumer = AIOKafkaConsumer(bootstrap_servers=brokers, group_id=None, isolation_level="read_uncommitted")

    async def __aenter__(self) -> Self:
        await apply_topics(self.brokers, topics.ALL, self.partitions, replication=1)
        try:
            await self._admin.start()
            await self._consumer.start()
            await self._await_coordinator()
        except BaseException:
            # Nobody leaves what was not entered, and what is left open a later test is blamed for.
            await self._close()
            raise
        return self

    async def _await_coordinator(self) -> None:
        """A fresh broker makes the topic of the groups' offsets when it is first asked for one."""
        async with asyncio.timeout(COORDINATOR_SECONDS):
            while True:
                with contextlib.suppress(KafkaError):
                    for stage in STAGES:
                        await self._admin.find_coordinator(_GROUP_PREFIX + stage)
                        await self.group(stage)
                    return
                await asyncio.sleep(0.1)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        await asyncio.gather(self._admin.close(), self._consumer.stop())

    async def group(self, stage: str) -> Group:
        """The stage's consumer group."""
        [response] = await self._admin.describe_consumer_groups([_GROUP_PREFIX + stage])
        [(_error, _name, state, _kind, _protocol, members, *_)] = response.groups
        return Group(len(members), state == "Stable")

    async def committed(self, reader: str) -> list[int]:
        """The offset of each partition in the group of a stage or of the sink; 0 where nothing was committed yet."""
        found = await self._admin.list_consumer_group_offsets(_GROUP_PREFIX + reader)
        sources = (TopicPartition(READ[reader], partition) for partition in range(self.partitions))
        return [found[source].offset if source in found else 0 for source in sources]

    async def ends(self, reader: str) -> list[int]:
        """The end of each partition of what it reads."""
        sources = [TopicPartition(READ[reader], partition) for partition in range(self.partitions)]
        ends = await self._consumer.end_offsets(sources)
        return [ends[source] for source in sources]

    async def is_through(self, stage: str) -> bool:
        """Whether the stage has read its input."""
        return await self.committed(stage) == await self.ends(stage)

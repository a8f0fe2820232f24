"""The broker's log cleaner, made to compact changelogs within seconds, and what it has removed."""

from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.broker.admin import apply_topics
from streams.topics import Topic, changelog_of
from tests.soak.cluster import STAGES, Cluster
from tests.soak.reading import read_topic

# The only node of a local broker.
_NODE: Final = "1"
# It looks for something to do this often instead of every 15 s.
_BACKOFF: Final = {"log.cleaner.backoff.ms": "100"}
# What was written is cleaned as soon as a newer segment begins, which the next write after a moment does.
_SETTINGS: Final = {"segment.ms": "300", "min.cleanable.dirty.ratio": "0.001", "max.compaction.lag.ms": "300"}

Offsets = set[tuple[int, int]]


async def hurry_up(cluster: Cluster) -> None:
    """From now on the changelogs of all stages are compacted all the time."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.brokers)
    await admin.start()
    try:
        for response in await admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, _NODE, _BACKOFF)]):
            refused = [message for code, message, *_ in response.resources if code]
            if refused:
                raise RuntimeError(f"the cleaner's settings cannot be altered: {refused}")
    finally:
        await admin.close()
    changelogs = [Topic(changelog_of(stage), _SETTINGS) for stage in STAGES]
    await apply_topics(cluster.brokers, changelogs, cluster.partitions, replication=1)


async def offsets_of(cluster: Cluster, stage: str) -> Offsets:
    """Partition and offset of each record that the stage's changelog has now."""
    records = await read_topic(cluster.brokers, changelog_of(stage), cluster.partitions)
    return {(record.partition, record.offset) for record in records}


def removed_everywhere(before: Offsets, now: Offsets) -> bool:
    """Whether in every partition that had records some of those are gone."""
    return bool(before) and {partition for partition, _ in before} == {partition for partition, _ in before - now}

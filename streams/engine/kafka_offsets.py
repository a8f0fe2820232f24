"""A group's offsets that somebody else has set. They are not followed: who set them is told so, and what to do instead.

A take-over starts from the position in the changelog, which was committed with the state and the outputs. To follow an
offset that was set back would apply events twice to a state that has them; one set forward would lose events.
"""

import asyncio
import logging
from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from sinks.kafka_cluster import Brokers, client_arguments

log = logging.getLogger(__name__)

# Stands beside each offset that a worker commits. Tools that set a group's offsets leave it empty.
OURS = "applied"
ASK_SECONDS = 5.0


async def offsets_of_others(brokers: Brokers, group: str, topic: str) -> Mapping[int, int]:
    """The group's offsets of a topic, by partition, that no worker has committed. Empty when the broker cannot tell."""
    admin = AIOKafkaAdminClient(**client_arguments(brokers))
    try:
        async with asyncio.timeout(ASK_SECONDS):
            await admin.start()
            found = await admin.list_consumer_group_offsets(group)
    except (KafkaError, TimeoutError) as error:
        # A new cluster has no offsets yet. Nothing depends on them.
        log.debug("%s: the group's offsets are not known: %r", group, error)
        return {}
    finally:
        await admin.close()
    return {
        source.partition: at.offset for source, at in found.items() if source.topic == topic and at.metadata != OURS
    }


def refusal(group: str, topic: str, partition: int, offset: int, position: int) -> str:
    """What to tell whoever has set an offset."""
    return (
        f"{topic}-{partition}: the offset of the group {group} was set to {offset}; that is not followed. This stage "
        f"goes on at {position}, the position that was committed with its state: events before it are applied already, "
        "and none after it is left out. To apply history again on purpose see ARCHITECTURE.md, Playing history again."
    )

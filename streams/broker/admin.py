"""The topics on the broker: made as the pipeline needs them, and kept so."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

from sinks.kafka_cluster import Brokers, client_arguments
from streams.topics import Topic

EFFECT_SECONDS = 30.0
_POLL_SECONDS = 0.05
# Where a setting comes from, in Kafka's DescribeConfigs: 1 is the topic's own, all others are defaults.
_OWN_SETTING = 1
_UNKNOWN_TOPIC = 3


class TopicError(Exception):
    """A topic is not as the pipeline needs it, and a person must decide. The message says what to do."""


class Applied(NamedTuple):
    """What was done about one topic: created, altered or unchanged. `changes` is setting -> (before, after)."""

    topic: str
    action: str
    changes: Mapping[str, tuple[str | None, str]]


class Described(NamedTuple):
    """A topic as the broker has it. `settings` are those that differ from the broker's defaults."""

    name: str
    partitions: int
    replication: int
    leaderless: int
    settings: Mapping[str, str]


async def apply_topics(brokers: Brokers, wanted: Sequence[Topic], partitions: int, replication: int) -> list[Applied]:
    """Create what is missing, alter settings that differ, and wait until every partition has a leader.

    Running it again changes nothing. Settings that are not ours are left alone. Raises TopicError before anything is
    changed when a topic has another number of partitions, and KafkaError when the broker cannot be reached.
    """
    async with _admin(brokers) as admin:
        existing = {topic.name: topic for topic in await _describe(admin, [topic.name for topic in wanted])}
        for topic in existing.values():
            _require_partitions(topic, partitions)
        missing = [topic for topic in wanted if topic.name not in existing]
        await _create(admin, missing, partitions, replication)
        applied = [
            await _align(admin, topic, existing[topic.name])
            if topic.name in existing
            else Applied(topic.name, "created", {})
            for topic in wanted
        ]
        await _await_effect(admin, wanted, partitions)
        return applied


async def describe_topics(brokers: Brokers, names: Sequence[str]) -> list[Described]:
    """The topics of these names that exist."""
    async with _admin(brokers) as admin:
        return await _describe(admin, names)


@asynccontextmanager
async def _admin(brokers: Brokers) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(**client_arguments(brokers), request_timeout_ms=15_000)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


def _require_partitions(topic: Described, partitions: int) -> None:
    if topic.partitions != partitions:
        raise TopicError(
            f"topic {topic.name} has {topic.partitions} partitions and {partitions} are set: set "
            f"TICKETPULSE_PARTITIONS={topic.partitions}, or use a cluster without these topics. State belongs to a "
            "partition, so the number of an existing topic must not change."
        )


async def _create(admin: Any, missing: Sequence[Topic], partitions: int, replication: int) -> None:
    if not missing:
        return
    new = [NewTopic(topic.name, partitions, replication, topic_configs=topic.settings) for topic in missing]
    response = await admin.create_topics(new)
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        # Somebody else may have created it in the meantime; the check for leaders sees its partitions.
        if code and error is not TopicAlreadyExistsError:
            said = next((text for text in message if text), error.description)
            raise TopicError(f"topic {name} cannot be created: {said}")


async def _align(admin: Any, wanted: Topic, topic: Described) -> Applied:
    changes = {
        name: (topic.settings.get(name), value)
        for name, value in wanted.settings.items()
        if topic.settings.get(name) != value
    }
    if not changes:
        return Applied(topic.name, "unchanged", {})
    # AlterConfigs replaces all of a topic's own settings: those that are not ours have to be said again.
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, {**topic.settings, **wanted.settings})
    for response in await admin.alter_configs([resource]):
        for code, message, *_ in response.resources:
            if code:
                raise TopicError(
                    f"topic {topic.name}: its settings cannot be altered: {message or for_code(code).description}"
                )
    return Applied(topic.name, "altered", changes)


async def _describe(admin: Any, names: Sequence[str]) -> list[Described]:
    told = await admin.describe_topics(list(names))
    if hidden := [topic["topic"] for topic in told if topic["error_code"] == TopicAuthorizationFailedError.errno]:
        raise TopicAuthorizationFailedError(hidden)
    found = [topic for topic in told if topic["error_code"] != _UNKNOWN_TOPIC]
    settings = await _own_settings(admin, [topic["topic"] for topic in found])
    return [
        Described(
            name=topic["topic"],
            partitions=len(topic["partitions"]),
            replication=max((len(partition["replicas"]) for partition in topic["partitions"]), default=0),
            leaderless=sum(partition["leader"] < 0 for partition in topic["partitions"]),
            settings=settings[topic["topic"]],
        )
        for topic in found
    ]


async def _own_settings(admin: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    settings: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources) if resources else ():
        for _code, _message, _kind, name, entries in response.resources:
            settings[name] = {entry[0]: entry[1] for entry in entries if entry[3] == _OWN_SETTING}
    return settings


async def _await_effect(admin: Any, wanted: Sequence[Topic], partitions: int) -> None:
    """A broker answers before it knows the leaders of new partitions, and before altered settings hold."""
    waiting = [topic.name for topic in wanted]
    try:
        async with asyncio.timeout(EFFECT_SECONDS):
            while waiting:
                described = {topic.name: topic for topic in await _describe(admin, [topic.name for topic in wanted])}
                waiting = [
                    topic.name for topic in wanted if not _in_effect(topic, described.get(topic.name), partitions)
                ]
                await asyncio.sleep(_POLL_SECONDS if waiting else 0)
    except TimeoutError:
        raise TopicError(
            f"after {EFFECT_SECONDS:.0f} s a partition of {', '.join(waiting)} has no leader: is a broker down?"
        ) from None


def _in_effect(wanted: Topic, topic: Described | None, partitions: int) -> bool:
    return (
        topic is not None
        and topic.partitions >= partitions
        and topic.leaderless == 0
        and wanted.settings.items() <= topic.settings.items()
    )

"""A broker that asks who is there, for all tests of one worker of pytest."""

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from sinks.kafka_cluster import Brokers
from streams import topics
from streams.broker.admin import apply_topics
from streams.config import Settings
from streams.rights import components, rights_of
from tests.conftest import KAFKA_LIBS
from tests.security.secure_kafka import SecureKafka

NAME = "ticketpulse"


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """Each component is a user of its own name and has its rights; topics are there."""
    kafka = SecureKafka(tmp_path_factory.mktemp("secure") / "kafka", KAFKA_LIBS, [*components(), "guest"])

    async def begin() -> None:
        await kafka.broker.start()
        await kafka.allow((user, right) for user in components() for right in rights_of(user, NAME))
        await apply_topics(cluster(kafka.login("topics")), topics.ALL, 2, 1)

    asyncio.run(begin())
    yield kafka
    asyncio.run(kafka.broker.stop())


def cluster(environment: Mapping[str, str]) -> Brokers:
    """What the settings of this environment mean."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return Settings().kafka

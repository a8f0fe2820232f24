"""A broker that asks who is there, for all tests of one worker of pytest."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from sinks.kafka_cluster import Brokers
from streams import topics
from streams.broker.admin import apply_topics
from streams.config import Settings
from streams.rights import components, rights_of
from tests.conftest import KAFKA_LIBS
from tests.security.secure_kafka import SecureKafka

NAME = "ticketpulse"
# As long as asyncio waits for the other end.
CLOSED_SECONDS = 60.0


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """Each component is a user of its own name and has its rights; topics are there."""
    kafka = SecureKafka(tmp_path_factory.mktemp("secure") / "kafka", KAFKA_LIBS, [*components(), "guest"])

    async def begin() -> None:
        await kafka.broker.start()
        await kafka.allow((user, right) for user in components() for right in rights_of(user, NAME))
        await apply_topics(cluster(kafka.login("topics")), topics.ALL, 2, 1)
        await until_closed()

    asyncio.run(begin())
    yield kafka
    asyncio.run(kafka.broker.stop())


@pytest.fixture
async def all_closed() -> AsyncIterator[None]:
    """After the test, until its connections are closed."""
    yield
    await until_closed()


async def until_closed() -> None:
    """Until each connection of the loop is closed. TLS is closed by both ends, and aiokafka does not wait for the other
    one: a loop that ends before leaves the socket open, for which the test is blamed that runs when it is collected.
    """
    transports = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]
    async with asyncio.timeout(CLOSED_SECONDS):
        while not all(transport.is_closing() for transport in list(transports.values())):
            await asyncio.sleep(0.01)
    # What is closing is closed in the loop's next round.
    await asyncio.sleep(0)


def cluster(environment: Mapping[str, str]) -> Brokers:
    """What the settings of this environment mean."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return Settings().kafka

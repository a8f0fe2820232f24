"""Servers that the tests share, and an environment that they do not inherit."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest

from streams.up import processes
from streams.up.local_kafka import LocalKafka
from tests.servers.clickhouse_process import ClickHouseProcess

KAFKA_LIBS = Path(__file__).parents[1] / ".local" / "kafka" / "libs"

# How long an example takes, and how long it takes to make one, depends on what else the machine does. Each run has the
# same examples, so that who changes one thing is not told of another; `pytest --hypothesis-profile explore` draws more.
_ANY_SPEED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("explore", _ANY_SPEED)
hypothesis.settings.register_profile("ticketpulse", _ANY_SPEED, derandomize=True)
hypothesis.settings.load_profile("ticketpulse")

# Settings of the person who runs the tests must not reach them: they name servers with real data.
for _name in [name for name in os.environ if name.startswith("TICKETPULSE_")] + ["KAFKA_BROKERS", "CLICKHOUSE_URL"]:
    os.environ.pop(_name, None)


def _share_ports(number: int, sharers: int) -> None:
    """Let this process name ports that no other one of the run does: a server that stops and starts again at its port
    must not find one of a test that runs beside.
    """
    each = (processes._PORTS_END - processes._PORTS_BEGIN) // sharers
    begin = processes._PORTS_BEGIN + number * each
    processes._SERVER_PORTS = processes._in_turn(begin, begin + each)


# Set in the processes of xdist alone.
if "PYTEST_XDIST_WORKER" in os.environ:
    _share_ports(
        int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    )


# A shell starts what runs in its background with Ctrl-C ignored, and children inherit that: the commands under test
# would never notice it.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Before xdist reads the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests that share the broker run in one process, and so do those of a file that have brokers of their own."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "kafka" in fixtures:
            item.add_marker(pytest.mark.xdist_group("kafka"))
        elif "own_kafka" in fixtures:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that runs in this process sends all logging to its own stderr, which is closed when its test ends."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """One broker for all tests of this process. A test takes topics and names of its own (see `unique`)."""
    yield from started(tmp_path_factory.mktemp("kafka"))


def started(folder: Path) -> Iterator[LocalKafka]:
    """A broker that runs until whoever asked for it is done, for fixtures."""
    broker = LocalKafka(folder, KAFKA_LIBS)
    asyncio.run(broker.start())
    yield broker
    asyncio.run(broker.stop())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseProcess]:
    """A ClickHouse server of the module; a test that kills it starts it again."""
    process = ClickHouseProcess(tmp_path_factory.mktemp("server"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[LocalKafka]:
    """A broker for one test alone: for what stops it, or needs the product's own topics empty. Not yet started."""
    broker = LocalKafka(tmp_path / "kafka", KAFKA_LIBS)
    yield broker
    asyncio.run(broker.stop())


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Makes a name of a topic, group or application that no other test has."""
    run = uuid4().hex[:10]
    return lambda name: f"{name}-{run}"

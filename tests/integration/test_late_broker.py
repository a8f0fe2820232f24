"""A worker and a sink that start while the broker is away wait for it, and say so."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from streams import topics
from streams.broker.admin import apply_topics
from streams.up.local_kafka import LocalKafka
from streams.up.processes import free_port
from tests.soak.cluster import Cluster, Group
from tests.soak.stored import run_command
from tests.soak.workers import ProductProcess, WorkerDied

WAIT = 120.0
PARTITIONS = 2
WORKER = ("worker", "--stage", "score")
SINK = ("sink", "clickhouse")


def process(brokers: str, argv: Sequence[str], patience: float, folder: Path) -> ProductProcess:
    return ProductProcess(argv[0], ["-m", "streams.cli", *argv], environment(brokers, patience, folder), folder)


def environment(brokers: str, patience: float, folder: Path) -> dict[str, str]:
    return {
        "KAFKA_BROKERS": brokers,
        "CLICKHOUSE_URL": f"chdb://{folder / 'clickhouse'}",
        "TICKETPULSE_BROKER_PATIENCE": str(patience),
    }


async def until_told(waiting: ProductProcess, what: str) -> None:
    async with asyncio.timeout(WAIT):
        while what not in waiting.log.read_text():
            assert waiting.alive()
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(("argv", "group"), [(WORKER, "score"), (SINK, "clickhouse")])
async def test_one_that_starts_before_the_broker_joins_its_group_when_it_is_there(
    own_kafka: LocalKafka, tmp_path: Path, argv: Sequence[str], group: str
) -> None:
    await own_kafka.start()
    await apply_topics(own_kafka.brokers, topics.ALL, PARTITIONS, replication=1)
    await run_command(["migrate"], environment(own_kafka.brokers, WAIT, tmp_path), tmp_path)
    await own_kafka.stop()
    waiting = process(own_kafka.brokers, argv, WAIT, tmp_path)
    try:
        await until_told(waiting, "answers; waiting for one, up to 120 s")
        await own_kafka.start()
        await until_joined(own_kafka, group, waiting)
    finally:
        waiting.discard()


# A worker asks whether there is a broker, then what offsets its group has, and then joins; a sink joins.
@pytest.mark.parametrize(("argv", "group", "answered"), [(WORKER, "score", 1), (SINK, "clickhouse", 0)])
async def test_one_whose_broker_goes_away_before_it_has_joined_goes_on_waiting(
    own_kafka: LocalKafka, tmp_path: Path, argv: Sequence[str], group: str, answered: int
) -> None:
    await own_kafka.start()
    await apply_topics(own_kafka.brokers, topics.ALL, PARTITIONS, replication=1)
    await run_command(["migrate"], environment(own_kafka.brokers, WAIT, tmp_path), tmp_path)
    async with away_after(answered, own_kafka) as brokers:
        waiting = process(brokers, argv, WAIT, tmp_path)
        try:
            await until_joined(own_kafka, group, waiting)
        finally:
            waiting.discard()
    assert f"none of {brokers} answers; waiting for one" in waiting.log.read_text()


@pytest.mark.parametrize("argv", [WORKER, SINK])
async def test_one_that_waits_ends_in_order_when_it_is_told_to(tmp_path: Path, argv: Sequence[str]) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    await run_command(["migrate"], environment(nobody, WAIT, tmp_path), tmp_path)
    waiting = process(nobody, argv, WAIT, tmp_path)
    try:
        await until_told(waiting, "answers; waiting for one, up to 120 s")
        await waiting.leave()
    finally:
        waiting.discard()


@asynccontextmanager
async def away_after(answered: int, kafka: LocalKafka) -> AsyncIterator[str]:
    """An address of the broker that cuts a few connections after so many; clients begin there and go on elsewhere."""
    numbers = itertools.count()
    connections: set[asyncio.Task[None]] = set()

    def accept(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        cut = answered <= next(numbers) < answered + 4
        connections.add(asyncio.create_task(closed(back) if cut else forward(kafka.brokers, client, back)))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        try:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            # A server that is closed leaves what it has accepted open.
            server.close()
            for each in connections:
                each.cancel()
            await asyncio.gather(*connections, return_exceptions=True)


async def forward(brokers: str, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
    """Until one end is gone, or the test ends: then neither stays open."""
    try:
        broker, forth = await asyncio.open_connection(*brokers.split(":"))
    except BaseException:
        back.transport.abort()
        raise
    passing = [asyncio.create_task(pass_on(client, forth)), asyncio.create_task(pass_on(broker, back))]
    try:
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in passing:
            each.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
        await closed(forth)
        await closed(back)


async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(65_536):
        target.write(data)
        await target.drain()


async def closed(stream: asyncio.StreamWriter) -> None:
    stream.close()
    with suppress(OSError):
        await stream.wait_closed()


async def until_joined(kafka: LocalKafka, group: str, waiting: ProductProcess) -> None:
    async with Cluster(kafka.brokers, PARTITIONS) as cluster, asyncio.timeout(WAIT):
        while await cluster.group(group) != Group(1, stable=True):
            assert waiting.alive()
            await asyncio.sleep(0.2)


async def test_a_sink_that_waits_ends_in_order(own_kafka: LocalKafka, tmp_path: Path) -> None:
    own_kafka.prepare()
    await run_command(["migrate"], environment(own_kafka.brokers, WAIT, tmp_path), tmp_path)
    waiting = process(own_kafka.brokers, SINK, WAIT, tmp_path)
    try:
        await until_told(waiting, "answers; waiting for one, up to 120 s")
        await waiting.leave()
    finally:
        waiting.discard()


@pytest.mark.parametrize("argv", [WORKER, SINK])
async def test_one_whose_broker_does_not_come_says_which_and_ends(
    own_kafka: LocalKafka, tmp_path: Path, argv: Sequence[str]
) -> None:
    own_kafka.prepare()
    waiting = process(own_kafka.brokers, argv, 0.5, tmp_path)
    try:
        with pytest.raises(WorkerDied, match="ended with 1"):
            await until_told(waiting, "never said")
    finally:
        waiting.discard()
    said = waiting.log.read_text()
    assert f"none of {own_kafka.brokers} has answered for 0 s. Is it running, and does KAFKA_BROKERS name it?" in said
    assert "Traceback" not in said

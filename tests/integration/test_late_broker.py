"""A worker and a sink that start while the broker is away wait for it, and say so."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from streams import topics
from streams.broker.admin import apply_topics
from streams.up.local_kafka import LocalKafka
from tests.soak.cluster import Cluster, Group
from tests.soak.stored import run_command
from tests.soak.workers import ProductProcess, WorkerDied

WAIT = 120.0
PARTITIONS = 2
WORKER = ("worker", "--stage", "score")
SINK = ("sink", "clickhouse")


def process(kafka: LocalKafka, argv: Sequence[str], patience: float, folder: Path) -> ProductProcess:
    return ProductProcess(argv[0], ["-m", "streams.cli", *argv], environment(kafka, patience, folder), folder)


def environment(kafka: LocalKafka, patience: float, folder: Path) -> dict[str, str]:
    return {
        "KAFKA_BROKERS": kafka.brokers,
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
    await run_command(["migrate"], environment(own_kafka, WAIT, tmp_path), tmp_path)
    await own_kafka.stop()
    waiting = process(own_kafka, argv, WAIT, tmp_path)
    try:
        await until_told(waiting, "answers; waiting for one, up to 120 s")
        await own_kafka.start()
        async with Cluster(own_kafka.brokers, PARTITIONS) as cluster, asyncio.timeout(WAIT):
            while await cluster.group(group) != Group(1, stable=True):
                assert waiting.alive()
                await asyncio.sleep(0.2)
    finally:
        waiting.discard()


@pytest.mark.parametrize("argv", [WORKER, SINK])
async def test_one_whose_broker_does_not_come_says_which_and_ends(
    own_kafka: LocalKafka, tmp_path: Path, argv: Sequence[str]
) -> None:
    own_kafka.prepare()
    waiting = process(own_kafka, argv, 0.5, tmp_path)
    try:
        with pytest.raises(WorkerDied, match="ended with 1"):
            await until_told(waiting, "never said")
    finally:
        waiting.discard()
    said = waiting.log.read_text()
    assert f"none of {own_kafka.brokers} has answered for 0 s. Is it running, and does KAFKA_BROKERS name it?" in said
    assert "Traceback" not in said

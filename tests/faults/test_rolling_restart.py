"""A release: every process is replaced while events flow, and whoever reads what comes out notices a pause at most."""

from pathlib import Path

import pytest

from streams.up.local_kafka import LocalKafka
from tests.faults.rolling import Order, Plan, roll

PARTITIONS = 4
RATE = 30.0
# What is promised (ARCHITECTURE.md) for a worker that joins or leaves in order, and for one that is killed.
PROMISED = {"first": 5.0, "after": 5.0, "kill": 10.0}


@pytest.mark.parametrize("order", ["first", "kill"])
async def test_workers_are_replaced_one_after_the_other_and_each_partition_pauses_for_a_moment(
    own_kafka: LocalKafka, tmp_path: Path, order: Order
) -> None:
    await own_kafka.start()
    measured = await roll(own_kafka.brokers, tmp_path, Plan(["track"], 2, order, RATE, PARTITIONS))
    assert measured.verdict.findings == []
    assert len(measured.restarts) == 2
    assert max(measured.pauses) < PROMISED[order]

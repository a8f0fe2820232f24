"""A release: every process is replaced while events flow, and whoever reads what comes out notices a pause at most."""

from pathlib import Path

import pytest

from streams.up.local_kafka import LocalKafka
from tests.faults.rolling import Order, Plan, roll

PARTITIONS = 4
RATE = 30.0
# Promised (ARCHITECTURE.md) are 5 s for a worker that joins or leaves in order, and 10 s for one that is killed, whose
# session ends after six: on a machine to itself, as `python -m tests.faults.rolling` measures them. Here others run
# beside it. Whoever left without a word would be missed for a session, which is longer than that for those in order.
SESSION: dict[Order, float] = {"first": 45.0, "kill": 6.0}
MOST_SECONDS = 30.0


@pytest.mark.parametrize("order", ["first", "kill"])
async def test_workers_are_replaced_one_after_the_other_and_each_partition_pauses_for_a_moment(
    own_kafka: LocalKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Order
) -> None:
    monkeypatch.setenv("TICKETPULSE_SESSION_TIMEOUT", str(SESSION[order]))
    await own_kafka.start()
    measured = await roll(own_kafka.brokers, tmp_path, Plan(["track"], 2, order, RATE, PARTITIONS))
    assert measured.verdict.findings == []
    assert len(measured.restarts) == 2
    assert max(measured.pauses) < MOST_SECONDS

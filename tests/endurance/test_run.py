"""A minute of it, on real processes: what it says of hours is worth what it does."""

from pathlib import Path

import pytest

from streams.up.local_kafka import LocalKafka
from tests.endurance.report import parts
from tests.endurance.run import Plan, run

pytestmark = pytest.mark.xdist_group("endurance")
# Samples are a second apart at best, and each of four parts needs several.
SECONDS = 30.0


@pytest.mark.timeout(600)
async def test_a_short_flow_is_stored_and_looked_at(own_kafka: LocalKafka, tmp_path: Path) -> None:
    await own_kafka.start()
    told = await run(Plan(SECONDS, tickets=50, backlog=500, share=0.5, seed=3), own_kafka, tmp_path, lambda said: None)
    assert list(told.differences) == []
    assert told.sent >= 550 + len(told.seen)
    assert told.rate == told.greatest / 2
    assert len(told.seen) >= SECONDS / 2
    assert any(each.seconds is not None for each in told.seen)
    last = parts(told)[-1]
    assert {"score-0", "track-0", "registry-0", "trends-0", "clickhouse-0", "ClickHouse"} == set(last.memory)
    assert last.rows["track-0"] > 0

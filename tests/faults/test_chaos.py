"""A short lap of random faults, as `make chaos` runs them for as long as asked."""

from pathlib import Path

from streams.up.local_kafka import LocalKafka
from tests.faults.lap import Plan, run_lap
from tests.faults.schedule import schedule

SEED, SECONDS, GAP, PER_SECOND = 30, 25.0, 2.0, 100.0


async def test_random_faults_lose_and_double_nothing(own_kafka: LocalKafka, tmp_path: Path) -> None:
    injections = schedule(SEED, SECONDS, GAP)
    plan = Plan(SEED, injections, round(SECONDS * PER_SECOND), PER_SECOND, partitions=2, workers=2, sinks=1)
    outcome = await run_lap(plan, own_kafka, tmp_path)
    assert outcome.verdict.findings == []
    assert outcome.stored == []
    assert outcome.ended_alone == []
    assert len(outcome.recoveries) == len(injections)

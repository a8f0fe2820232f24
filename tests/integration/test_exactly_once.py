"""Nothing is lost, doubled or computed wrongly, whatever happens to workers. `make soak` does more of the same."""

from pathlib import Path

import pytest

from streams.up.local_kafka import LocalKafka
from tests.soak.cluster import STAGES
from tests.soak.rounds import Plan, run_round

EVENTS = 4000


@pytest.mark.parametrize(
    ("scenario", "stages"),
    [
        ("join-fresh", STAGES),
        ("join-flow", ["track"]),
        ("leave", ["score", "trends"]),
        ("kill", STAGES),
        ("stop", ["score", "track"]),
    ],
)
async def test_every_event_counts_once(scenario: str, stages: list[str], own_kafka: LocalKafka, tmp_path: Path) -> None:
    await own_kafka.start()
    plan = Plan(scenario, seed=STAGES.index(stages[-1]) + len(scenario), events=EVENTS, workers=2, faults=[stages])
    outcome = await run_round(plan, own_kafka.brokers, tmp_path)
    assert outcome.verdict.findings == []
    assert outcome.recoveries
    # The workers ran here, and Faust makes folders where it runs unless it is told not to.
    assert folders_of_faust(tmp_path) == []


def folders_of_faust(folder: Path) -> list[Path]:
    """What Faust makes for its tables."""
    return list(folder.glob("*-data"))

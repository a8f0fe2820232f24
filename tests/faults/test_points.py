"""A worker that dies at a named point: somebody else goes on from there, and every event counts once."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from streams.config import Settings
from streams.up.local_kafka import LocalKafka
from tests.faults.pointed import POINT_SECONDS, PointedPipeline, PointedWorker, pointed_pipeline
from tests.faults.points import POINTS, Action, At
from tests.faults.worker import FaultySettings
from tests.simulation import faults as simulated
from tests.soak.cluster import STAGES
from tests.soak.generator import Generator

# At the rate of these tests they last eight minutes: points are passed only while events come.
EVENTS = 7500
# It needs to be told to end.
ON_THE_WAY_OUT = "release.before"
# The product's workers get this and have to live.
DEADLY = {"TICKETPULSE_AT": "take-over.before:1:die", "TICKETPULSE_MUTANT": "never fences"}


def shares() -> dict[str, list[At]]:
    """Which stage dies where. Of a commit it is not always the first, which has no state yet."""
    deaths = [
        At(point, 1 + place % 3 if point.startswith("commit.") else 1, Action.DIE)
        for place, point in enumerate(POINTS)
        if point != ON_THE_WAY_OUT
    ]
    # `score` takes longest to start.
    return {"score": deaths[:2], **{stage: deaths[2 + place :: 3] for place, stage in enumerate(STAGES[1:])}}


async def die_on_the_way_out(play: PointedPipeline, stage: str) -> None:
    """A worker dies after it was told to end.

    Its neighbour dies again and again, and each death moves partitions: one that loses its partition while it takes it
    over lets go of it there and then. That is a death too, and another worker comes.
    """
    while True:
        worker = play.add(stage, f"{ON_THE_WAY_OUT}:1:die")

        async def has_taken_over_or_died(worker: PointedWorker = worker) -> bool:
            return worker.has_taken_over() or not worker.alive()

        what = f"{worker.name} has taken a partition over"
        await play.until(has_taken_over_or_died, what, POINT_SECONDS)
        if worker.alive():
            worker.begin_to_leave()
            return await play.death(worker)
        play.workers.remove(worker)


async def test_a_worker_that_dies_at_any_point_loses_and_doubles_nothing(own_kafka: LocalKafka, tmp_path: Path) -> None:
    await own_kafka.start()
    async with pointed_pipeline(own_kafka, tmp_path) as play:
        healthy = [play.start(stage, also=DEADLY) for stage in STAGES]
        await play.ready()
        play.feed(Generator(7, EVENTS, play.cluster.partitions))
        mortals = [play.add_mortal(stage, points) for stage, points in shares().items()]
        await die_on_the_way_out(play, "registry")
        for mortal in mortals:
            await play.death(mortal)
            assert mortal.missed() == []
        # Without those who died.
        await play.ready()
        assert all(worker.alive() for worker in healthy)
        assert (await play.reckon()).verdict.findings == []


def test_each_point_has_its_turn() -> None:
    points = [at.point for share in shares().values() for at in share]
    assert sorted([*points, ON_THE_WAY_OUT]) == sorted(POINTS)
    assert set(shares()) == set(STAGES)


def test_the_points_are_those_of_the_simulation_and_some_that_only_kafka_has() -> None:
    assert set(simulated.POINTS) < set(POINTS)
    assert len(set(POINTS)) == len(POINTS)


def test_the_product_s_settings_know_nothing_of_points_and_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    without = Settings()
    for name, value in DEADLY.items():
        monkeypatch.setenv(name, value)
    assert Settings() == without
    faulty = FaultySettings()
    assert faulty.at == At("take-over.before", 1, Action.DIE)
    assert faulty.mutant == "never fences"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("TICKETPULSE_AT", "commit.maybe:1:die", "there is no point 'commit.maybe'; there are take-over.before, "),
        ("TICKETPULSE_AT", "commit.sent:0:die", "is not POINT:NUMBER:ACTION"),
        ("TICKETPULSE_AT", "commit.sent:1:dye", "with an action of die, stop, fail, lose"),
        ("TICKETPULSE_AT", "commit.sent:1:lose", "a chunk can only be lost"),
        ("TICKETPULSE_MUTANT", "fences twice", "there is no mutant 'fences twice'; there are writes, then commits"),
    ],
)
def test_a_test_build_says_what_it_does_not_understand(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=told):
        FaultySettings()

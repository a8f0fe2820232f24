"""The broker, which coordinates transactions and groups, dies while workers are in the middle of a commit."""

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from aiokafka.errors import KafkaError

from streams.up.local_kafka import LocalKafka
from tests.faults.pointed import FAST, PointedPipeline, pointed_pipeline
from tests.soak.cluster import STAGES
from tests.soak.generator import Generator

# At the rate of these tests they last eight minutes: points are passed only while events come.
EVENTS = 7500
EARLY = ("commit.before:2:stop", "commit.begun:2:stop", "commit.outputs:2:stop", "commit.sent:2:stop")
LATE = ("commit.before-end:2:stop", "commit.written:2:stop", "commit.after:2:stop", "take-over.written:1:stop")


async def kill(kafka: LocalKafka) -> None:
    """SIGKILL, and until it is gone."""
    assert kafka.pid is not None
    os.kill(kafka.pid, signal.SIGKILL)
    await kafka.stop()


async def restart_beneath(play: PointedPipeline, kafka: LocalKafka, points: Sequence[str], *, wake_first: bool) -> None:
    """Workers of several stages stand in the middle of a commit while the broker dies and comes back."""
    sleepers = [play.add(stage, at) for stage, at in zip(FAST, points, strict=True)]
    await play.standing(sleepers)
    before = [await play.cluster.committed(stage) for stage in STAGES]
    await kill(kafka)
    if wake_first:
        for sleeper in sleepers:
            sleeper.wake()
    await kafka.start()
    for sleeper in sleepers:
        sleeper.wake()

    async def all_move() -> bool:
        # The groups' offsets are not known at once.
        with contextlib.suppress(KafkaError):
            now = [await play.cluster.committed(stage) for stage in STAGES]
            return all(
                b > a for some, others in zip(before, now, strict=True) for a, b in zip(some, others, strict=True)
            )
        return False

    await play.until(all_move, "every partition goes on after the broker's death")


async def test_a_coordinator_that_dies_in_the_middle_of_commits_loses_and_doubles_nothing(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    await own_kafka.start()
    async with pointed_pipeline(own_kafka, tmp_path) as play:
        for stage in STAGES:
            play.start(stage)
        await play.ready()
        play.feed(Generator(10, EVENTS, play.cluster.partitions))
        await restart_beneath(play, own_kafka, EARLY, wake_first=False)
        await restart_beneath(play, own_kafka, LATE, wake_first=True)
        # None of the workers has ended and been started again: that would be noticed here.
        assert (await play.reckon()).verdict.findings == []

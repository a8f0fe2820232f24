"""Workers that stand still in the middle of a step until their partitions are somebody else's and the changelog was
compacted, and transactions that the dead leave open.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams import topics
from streams.up.local_kafka import LocalKafka
from tests.faults.cleaner import Offsets, hurry_up, offsets_of, removed_everywhere
from tests.faults.pointed import FAST, PointedPipeline, pointed_pipeline
from tests.soak.cluster import STAGES
from tests.soak.generator import Generator

# At the rate of these tests they last eight minutes: points are passed only while events come.
EVENTS = 7500
# For what the broker does when it comes to it, and a worker that has to start first: no promise.
BROKER_SECONDS = 240.0
# Where workers of FAST sleep, in two rounds.
IN_COMMITS = ("commit.before:2:stop", "commit.sent:2:stop", "commit.before-end:2:stop", "commit.after:2:stop")
ELSEWHERE = ("stage.after:2:stop", "take-over.reading:1:stop", "commit.sent:1:stop", "take-over.fenced:1:stop")
# As long as a broker allows: it is not why a transaction ends.
FOR_EVER = {"TICKETPULSE_TRANSACTION_TIMEOUT_MS": "900000"}
A_MOMENT = {"TICKETPULSE_TRANSACTION_TIMEOUT_MS": "6000"}


async def sleep_through_a_compaction(play: PointedPipeline, points: Sequence[str]) -> None:
    """One more worker of several stages falls asleep, and wakes when nothing is any more as it was."""
    sleepers = [play.add(stage, at) for stage, at in zip(FAST, points, strict=True)]
    await play.standing(sleepers)
    before = {stage: await offsets_of(play.cluster, stage) for stage in FAST}
    await play.without(sleepers)
    await play.until(lambda: compacted(play, before), "the changelogs are compacted", BROKER_SECONDS, poll=0.5)
    for sleeper in sleepers:
        sleeper.wake()
    await play.ready()


async def compacted(play: PointedPipeline, before: Mapping[str, Offsets]) -> bool:
    return all([removed_everywhere(known, await offsets_of(play.cluster, stage)) for stage, known in before.items()])


async def test_a_worker_that_sleeps_until_its_changelog_was_compacted_does_no_harm(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    await own_kafka.start()
    async with pointed_pipeline(own_kafka, tmp_path) as play:
        await hurry_up(play.cluster)
        for stage in STAGES:
            play.start(stage)
        await play.ready()
        play.feed(Generator(8, EVENTS, play.cluster.partitions))
        for points in (IN_COMMITS, ELSEWHERE):
            await sleep_through_a_compaction(play, points)
        assert (await play.reckon()).verdict.findings == []


async def held_back(play: PointedPipeline, topic: str) -> int:
    """How many offsets of a topic lie behind the begin of a transaction that is still open."""
    sources = [TopicPartition(topic, partition) for partition in range(play.cluster.partitions)]
    ends = [await ends_for(play.cluster.brokers, sources, level) for level in ("read_uncommitted", "read_committed")]
    return sum(ends[0][source] - ends[1][source] for source in sources)


async def ends_for(brokers: str, sources: Sequence[TopicPartition], level: str) -> Mapping[TopicPartition, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, group_id=None, isolation_level=level)
    await consumer.start()
    try:
        return dict(await consumer.end_offsets(sources))
    finally:
        await consumer.stop()


async def test_what_the_dead_leave_open_is_ended_by_time_or_by_the_next_owner(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    await own_kafka.start()
    async with pointed_pipeline(own_kafka, tmp_path, partitions=1) as play:
        for stage in ("track", "registry", "trends"):
            play.start(stage)

        async def waits() -> bool:
            return await held_back(play, topics.SCORED) > 0

        async def goes_on() -> bool:
            return not await waits()

        for died, takes_over_first in ((A_MOMENT, False), (FOR_EVER, True)):
            dead = play.add("score", "commit.sent:2:die", also=died)
            if died is A_MOMENT:
                play.feed(Generator(9, EVENTS // 2, play.cluster.partitions))
            await play.death(dead)
            assert await waits()
            if takes_over_first:
                play.start("score")
            await play.until(goes_on, "readers of the scored events go on", BROKER_SECONDS)
        assert (await play.reckon()).verdict.findings == []

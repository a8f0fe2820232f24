"""The only broker loses its disk, and ClickHouse its tables: copies of both, and events sent again, make it whole."""

import shutil
from pathlib import Path

import pytest

from streams import topics
from streams.up.local_kafka import LocalKafka
from tests.contract.messages import scored
from tests.recovery.desk import Desk, angry, desk, events
from tests.soak.cluster import STAGES

# Several lives of processes, on a machine that does other things as well.
pytestmark = pytest.mark.timeout(900)


BEFORE, BETWEEN, AFTER = (0, 60), (60, 60), (120, 40)
ALL = (*STAGES, "clickhouse")


async def assert_whole(desk: Desk, count: int) -> None:
    """Each of the first `count` events is one row and counts once; so does each escalation, and each has a number."""

    async def all_counted() -> bool:
        return desk.stored() == (count, count, angry(0, count), count)

    await desk.until(all_counted, f"{count} events are stored and count")
    await desk.through("track", "clickhouse")
    numbers = "SELECT count(), uniqExact(escalation_id), uniqExact(number) FROM escalations_now WHERE number != ''"
    assert list(map(int, desk.ask(numbers))) == [angry(0, count)] * 3


async def test_a_pipeline_whose_disks_are_lost_is_whole_again_from_its_copies(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    async with desk(own_kafka, tmp_path) as one:
        one.run(*ALL)
        await one.send(events(*BEFORE))
        await assert_whole(one, 60)
        # ClickHouse first; the processes run on while the broker is away.
        one.do("copy ClickHouse")
        await one.kafka.stop()
        one.do("copy Kafka")
        await one.kafka.start()
        between = events(*BETWEEN)
        await one.send(between)
        await assert_whole(one, 120)

        one.kill()
        await one.kafka.stop()
        shutil.rmtree(one.kafka.folder / "data")
        (one.kafka.folder / "data").mkdir()
        one.do("put the disk back")
        await one.kafka.start()
        one.do("restore ClickHouse")
        one.do("read again")
        one.run(*ALL)
        await assert_whole(one, 60)
        # Whoever still has them sends them again, with some that had come before the copy.
        await one.send([*events(40, 20), *between, *events(*AFTER)])
        await assert_whole(one, 160)
        await one.through()
        one.do("verify")

        # The state of a stage is lost: what its input has makes it again.
        await one.leave("track")
        one.do("begin a stage anew")
        one.run("track")
        await one.through()
        await assert_whole_but_numbers(one, 160)
        one.do("verify")


async def assert_whole_but_numbers(desk: Desk, count: int) -> None:
    """As above; numbers are others, because none is given twice."""

    async def all_counted() -> bool:
        return desk.stored() == (count, count, angry(0, count), count)

    await desk.until(all_counted, f"{count} events still count once")
    [ids, numbered] = map(int, desk.ask("SELECT uniqExact(escalation_id), uniqExact(number) FROM escalations_now"))
    assert ids == numbered == angry(0, count)


async def test_a_broker_that_is_lost_without_a_copy_is_followed_by_one_with_a_database_of_its_own(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    events = [scored(number, f"T-{number}", event_id=f"E-{number}").value or b"" for number in range(20)]
    async with desk(own_kafka, tmp_path) as one:
        one.run("clickhouse")
        await one.send(events, topics.SCORED)
        await one.through("clickhouse")
        one.ask("INSERT INTO erased (hash, until, erasure_id) VALUES ('k1.aa', 9007199254740992, 'E')")
        one.kill()
        await one.kafka.stop()
        shutil.rmtree(one.kafka.folder / "data")
        await one.kafka.start()
        one.do("begin with a new log")
        assert one.ask("SELECT count() FROM scored_events FINAL") == ["20"]
        one.database = "ticketpulse_2"
        assert one.ask("SELECT hash FROM erased") == ["k1.aa"]
        one.run("clickhouse")
        await one.send(events, topics.SCORED)
        await one.through("clickhouse")
        one.do("verify")
        assert one.ask("SELECT count(), uniqExact(event_id) FROM scored_events FINAL") == ["20", "20"]

"""ClickHouse is lost, with a copy and without one: the sink reads the topics again, and nothing is doubled."""

import json
from pathlib import Path

import pytest

from streams import topics
from streams.privacy.keys import parse_keys
from streams.up.local_kafka import LocalKafka
from tests.contract.messages import audited, escalation, scored, window
from tests.recovery.desk import Desk, desk

# Several lives of processes, on a machine that does other things as well.
pytestmark = pytest.mark.timeout(900)


def records(first: int, count: int) -> dict[str, list[bytes]]:
    """What stages would have written: of each ticket an event and an escalation, which is revised later."""
    numbers = range(first, first + count)
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in numbers]
    made = {
        topics.SCORED: [scored(number, f"T-{number}", event_id=f"E-{number}") for number in numbers],
        topics.ESCALATIONS: [
            escalation(0, f"T-{number}", escalation_id=each) for number, each in zip(numbers, ids, strict=True)
        ],
        topics.AUDIT: [audited(0, audit_id=each) for each in ids],
        topics.WINDOWS: [window(0, 1_772_625_600 + 60 * number) for number in numbers],
    }
    return {topic: [one.value or b"" for one in messages] for topic, messages in made.items()}


async def send(desk: Desk, first: int, count: int) -> None:
    for topic, values in records(first, count).items():
        await desk.send(values, topic)


def verified(desk: Desk, exit_code: int = 0) -> dict[str, dict[str, int]]:
    told = json.loads(desk.command("sink", "verify", "-o", "json", exit_code=exit_code))
    return {one["table"]: one for one in told if one["records"]}


def counts(desk: Desk) -> dict[str, tuple[int, int]]:
    """Rows that readers see, and different ones, by table."""
    keys = {
        "scored_events": "event_id",
        "escalations": "escalation_id",
        "audit": "audit_id",
        "windows": "start",
    }
    found = {}
    for table, key in keys.items():
        rows, different = map(int, desk.ask(f"SELECT count(), uniqExact({key}) FROM {table} FINAL"))  # noqa: S608
        found[table] = rows, different
    return found


async def test_tables_that_are_lost_are_whole_again_with_a_copy_and_without(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    async with desk(own_kafka, tmp_path) as one:
        one.run("clickhouse")
        await send(one, 0, 60)
        await one.through("clickhouse")
        one.do("copy ClickHouse")
        # After the copy: new rows, and newer revisions of rows that the copy has.
        await send(one, 40, 60)
        await one.through("clickhouse")
        whole = counts(one)
        assert whole["scored_events"] == (100, 100)
        # T-7 is erased after the copy, by somebody who is known here by a hash alone.
        ticket = parse_keys("k1:0123456789abcdef0123").hash("ticket", "default", "T-7")
        one.ask(f"INSERT INTO erased (hash, until, erasure_id) VALUES ('{ticket}', 9007199254740992, 'E')")  # noqa: S608
        one.do("copy who was erased")
        assert "stop every" in one.command("sink", "rewind", "--yes", exit_code=1)
        await one.leave("clickhouse")
        assert not any(told["missing"] or told["doubled"] for told in verified(one).values())

        # With the copy: what came since is missing, and the older revisions are told as well.
        one.do("restore ClickHouse")
        lost = verified(one, exit_code=1)
        assert {table: told["missing"] for table, told in lost.items()} == {
            "scored_events": 40,
            "escalations": 60,
            "windows": 60,
            "audit": 40,
        } | {table: 0 for table in lost if table not in counts(one)}
        said = one.do("leave erased people out")
        assert "scored_events: 1 row removed" in said
        said += one.command("privacy", "purge")
        assert "\n0 rows of erased people removed" in f"\n{said}"
        one.do("read again")
        one.run("clickhouse")
        await one.through("clickhouse")
        one.do("verify")
        left = {"scored_events": (99, 99), "escalations": (99, 99), "windows": whole["windows"]}
        assert counts(one).items() >= left.items()
        told = one.ask("SELECT count() FROM audit FINAL WHERE action = 'privacy.purge'")
        assert int(told[0]) + said.count("not in the audit") == 2

        # Without one: all that the topics have.
        await one.leave("clickhouse")
        one.do("begin with empty tables")
        one.run("clickhouse")
        await one.through("clickhouse")
        one.do("verify")
        assert counts(one)["scored_events"] == (100, 100)

        # A table that somebody emptied: the blocks come again although the engine has seen them.
        await one.leave("clickhouse")
        one.ask("TRUNCATE TABLE scored_events")
        assert verified(one, exit_code=1)["scored_events"]["missing"] == 100
        one.do("read again")
        one.run("clickhouse")
        await one.through("clickhouse")
        one.do("verify")
        assert counts(one)["scored_events"] == (100, 100)

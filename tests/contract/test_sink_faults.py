"""What goes wrong between the sink and ClickHouse, and that every message is one row nevertheless, or one letter."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from prometheus_client import REGISTRY

from sinks.base import Unavailable
from sinks.clickhouse import sink as sink_module
from sinks.clickhouse.client import connect
from sinks.clickhouse.drift import SchemaDrift
from sinks.clickhouse.sink import LONGEST_RETRY, ClickHouseSink
from sinks.memory import MemorySource
from tests.contract.full_disk import Outcome, fill, free, long_texts, on_a_small_disk
from tests.contract.messages import TABLES, escalation, scored, window
from tests.contract.sink_loop import Graves, running, until
from tests.contract.sink_worlds import embedded_url, migrated, stored
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.servers.losing_proxy import LosingProxy


def beneath(client: Client, table: str) -> int:
    """The rows that were inserted and not merged: those that a reader of the view never sees twice count twice here."""
    return int(str(client.command(f"SELECT count() FROM {table}")))  # noqa: S608


def hold_merges(client: Client, *tables: str) -> None:
    """What came twice must not be merged before it is counted."""
    for table in tables:
        client.command(f"SYSTEM STOP MERGES {table}")


# -- a batch that fails half-way


async def test_a_batch_that_fails_between_two_tables_is_stored_once(client: Client, sink: ClickHouseSink) -> None:
    hold_merges(client, "scored_events", "escalations")
    client.command("RENAME TABLE windows TO hidden")
    batch = [*(scored(offset) for offset in range(20)), escalation(0), window(0), window(1, start=1_772_625_660)]
    for _ in range(3):
        with pytest.raises(Unavailable, match="UNKNOWN_TABLE"):
            await sink.write(batch)
    assert (beneath(client, "scored_events"), beneath(client, "escalations")) == (20, 1)
    client.command("RENAME TABLE hidden TO windows")
    assert await sink.write(batch) == []
    assert [beneath(client, table) for table in ("scored_events", "escalations", "windows")] == [20, 1, 2]


async def test_an_outage_may_last_for_days(client: Client, sink: ClickHouseSink) -> None:
    client.command("RENAME TABLE windows TO hidden")
    sink.failures = 5_000
    with pytest.raises(Unavailable, match="UNKNOWN_TABLE") as away:
        await sink.write([window(0)])
    assert away.value.retry_after == LONGEST_RETRY
    client.command("RENAME TABLE hidden TO windows")
    assert await sink.write([window(0)]) == []


async def test_a_block_that_fails_behind_its_table_reaches_what_is_filled_from_it(
    client: Client, sink: ClickHouseSink
) -> None:
    hold_merges(client, "scored_events", "events_by_time")
    batch = [scored(offset) for offset in range(20)]
    client.command("RENAME TABLE events_by_time TO hidden")
    with pytest.raises(Unavailable):
        await sink.write(batch)
    client.command("RENAME TABLE hidden TO events_by_time")
    await sink.write(batch)
    assert {row["log_offset"] for row in stored(client, "scored_events")} == set(range(20))
    assert client.command("SELECT count() FROM events_by_time_now") == 20


# -- a server that answers after it committed


@pytest.mark.parametrize("reset", [False, True])
async def test_an_answer_that_is_lost_doubles_nothing(
    server: ClickHouseProcess, unique: Callable[[str], str], reset: bool
) -> None:
    database = unique("lost")
    proxy = LosingProxy(server.address)
    proxy.reset = reset
    through = server.url(database).replace(f":{server.address[1]}/", f":{proxy.port}/")
    sink, source = ClickHouseSink(lambda: connect(through), TABLES), MemorySource()
    try:
        with migrated(server.url(database)) as reader:
            hold_merges(reader, "scored_events", "events_by_time")
            async with running(source, sink):
                source.append(*(scored(offset) for offset in range(10)))
                await until(lambda: source.committed == 10)
                # More than the client itself tries again.
                proxy.lose = 5
                source.append(*(scored(offset) for offset in range(10, 50)))
                await until(lambda: source.committed == 50)
            assert proxy.lost == 5
            assert (beneath(reader, "scored_events"), beneath(reader, "events_by_time")) == (50, 50)
            assert {row["log_offset"] for row in stored(reader, "scored_events")} == set(range(50))
    finally:
        await sink.close()
        proxy.close()


# -- a row that is refused


async def test_a_row_that_is_refused_becomes_a_letter_with_the_reason_and_its_neighbours_are_stored(
    client: Client, sink: ClickHouseSink
) -> None:
    client.command("ALTER TABLE scored_events ADD CONSTRAINT no_13 CHECK log_offset NOT IN (13, 29)")
    messages = [scored(offset) for offset in range(40)]
    source, graves = MemorySource(messages), Graves()
    async with running(source, sink, graves):
        await until(lambda: source.committed == 40)
    assert [one.message for one in graves.buried] == [messages[13], messages[29]]
    assert all("no_13" in one.reason and "VIOLATED_CONSTRAINT" in one.reason for one in graves.buried)
    assert {row["log_offset"] for row in stored(client, "scored_events")} == set(range(40)) - {13, 29}


async def test_nothing_is_committed_before_its_letters_are_kept(client: Client, sink: ClickHouseSink) -> None:
    hold_merges(client, "scored_events")
    messages = [scored(0), scored(1)._replace(value=b"?"), scored(2)]
    source, graves = MemorySource(messages), Graves(away=10**6)
    async with running(source, sink, graves):
        await until(lambda: graves.away < 10**6 - 2)
        assert source.committed == 0
        graves.away = 0
        await until(lambda: source.committed == 3)
    assert [one.message for one in graves.buried] == [messages[1]]
    assert beneath(client, "scored_events") == 2


# -- tables that are not those that are written


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (
            "ALTER TABLE windows DROP COLUMN resolved",
            "windows.resolved was dropped since the migrations made it: "
            "ALTER TABLE windows ADD COLUMN `resolved` UInt64",
        ),
        (
            "ALTER TABLE escalations MODIFY COLUMN reason LowCardinality(String)",
            "escalations.reason is LowCardinality(String), the migrations made it String: "
            "ALTER TABLE escalations MODIFY COLUMN `reason` String",
        ),
    ],
)
async def test_a_table_that_was_altered_by_hand_is_refused_before_anything_is_written(
    client: Client, sink: ClickHouseSink, alter: str, said: str
) -> None:
    client.command(alter)
    for _ in range(2):
        with pytest.raises(SchemaDrift) as drift:
            await sink.check()
        assert str(drift.value) == said
        with pytest.raises(SchemaDrift):
            await sink.write([scored(0)])
    assert beneath(client, "scored_events") == 0
    # What it says to do is what has to be done.
    client.command(said.rpartition(": ")[2])
    await sink.check()
    assert await sink.write([scored(0), window(0), escalation(0)]) == []


async def test_a_column_of_a_newer_program_is_missing_until_migrate_has_run(
    client: Client, sink: ClickHouseSink
) -> None:
    client.command("DROP TABLE migrated_columns")
    client.command("ALTER TABLE alerts DROP COLUMN ratio")
    with pytest.raises(SchemaDrift, match=r"alerts\.ratio is not there.*run `ticketpulse migrate`"):
        await sink.check()


def test_the_command_says_which_column_and_ends(tmp_path: Path) -> None:
    with migrated(embedded_url(tmp_path)) as client:
        client.command("ALTER TABLE windows DROP COLUMN resolved")
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "sink", "clickhouse"],
        env=os.environ | {"CLICKHOUSE_URL": embedded_url(tmp_path), "KAFKA_BROKERS": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "ticketpulse: windows.resolved was dropped since the migrations made"
    )
    assert "Traceback" not in done.stderr


# -- a disk that is full


@pytest.fixture
def small(tmp_path: Path) -> Iterator[ClickHouseProcess]:
    """A server whose disk is small; nobody else sees that it is mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    process = ClickHouseProcess(disk, within=on_a_small_disk(disk))
    process.start()
    yield process
    process.kill()


async def test_a_full_disk_stops_the_commits_and_what_frees_it_lets_them_go_on(
    small: ClickHouseProcess, unique: Callable[[str], str], tmp_path: Path
) -> None:
    url = small.url(unique("full"))
    filler = Path(f"/proc/{small.pid}/root{tmp_path}/disk/filler")
    sink, source = ClickHouseSink(lambda: connect(url), TABLES), MemorySource()
    with migrated(url) as reader:
        async with running(source, sink, max_rows=500):
            source.append(*long_texts(0, 500))
            await until(lambda: source.committed == 500)
            fill(filler)
            before = retries()
            source.append(*long_texts(500, 1_500))
            await until(lambda: retries() > before + 2)
            assert source.committed == 500
            assert {row["log_offset"] for row in stored(reader, "scored_events")} == set(range(500))
            free(filler)
            await until(lambda: source.committed == 2_000)
        assert {row["log_offset"] for row in stored(reader, "scored_events")} == set(range(2_000))
        assert reader.command("SELECT count() FROM events_by_time_now") == 2_000
        assert beneath(reader, "scored_events") == 2_000
    await sink.close()


def test_the_embedded_engine_goes_on_after_a_full_disk_too(tmp_path: Path) -> None:
    argv = [*on_a_small_disk(tmp_path), sys.executable, "-m", "tests.contract.full_disk", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, check=True)
    outcome = msgspec.json.decode(done.stdout.splitlines()[-1], type=Outcome)
    assert "NOT_ENOUGH_SPACE" in outcome.refused
    assert (outcome.kept, outcome.beneath, outcome.seen) == (500, 1_000, 1_000)


def retries() -> float:
    return REGISTRY.get_sample_value("helpdesk_sink_retries_total", {"sink": "clickhouse"}) or 0.0


# -- why there are two guards against doubles


async def test_tokens_alone_would_double_what_comes_again_in_other_blocks(client: Client, sink: ClickHouseSink) -> None:
    """After a crash the messages since the last commit come again, cut as they happen to arrive."""
    hold_merges(client, "scored_events")
    messages = [scored(offset) for offset in range(30)]
    await sink.write(messages)
    await sink.write(messages[10:])
    assert beneath(client, "scored_events") == 50
    assert client.command("SELECT count() FROM scored_events_now") == 30


async def test_replacing_alone_would_double_every_block_that_is_tried_again(
    client: Client, sink: ClickHouseSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever reads beneath the views, and the disk, would have them twice until they are merged, which is never
    promised.
    """
    hold_merges(client, "scored_events")
    messages = [scored(offset) for offset in range(30)]
    await sink.write(messages)
    await sink.write(messages)
    assert beneath(client, "scored_events") == 30
    monkeypatch.setattr(sink_module, "token", lambda messages: "of another block")
    await sink.write(messages)
    assert beneath(client, "scored_events") == 60
    assert client.command("SELECT count() FROM scored_events_now") == 30

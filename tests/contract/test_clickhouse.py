"""What ClickHouse alone can do: be away, be taken, refuse rows, and answer questions."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from sinks.base import Unavailable
from sinks.clickhouse.client import CannotOpen, connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.queries import dead_letters, last_window
from sinks.clickhouse.sink import LONGEST_RETRY, ClickHouseSink, token
from sinks.memory import MemorySource
from tests.contract.messages import SCORED, TABLES, dead_letter, scored, window
from tests.contract.sink_loop import running, until
from tests.contract.sink_worlds import embedded_url, migrated, stored
from tests.servers.clickhouse_process import ClickHouseProcess


@pytest.fixture
def server_url(server: ClickHouseProcess, unique: Callable[[str], str]) -> str:
    return server.url(unique("clickhouse"))


@pytest.fixture(params=["embedded", "server"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.getfixturevalue("server_url")) if request.param == "server" else embedded_url(tmp_path)


async def test_a_server_that_was_away_gets_every_message_once(server: ClickHouseProcess, server_url: str) -> None:
    sink, source = ClickHouseSink(lambda: connect(server_url), TABLES), MemorySource()
    with migrated(server_url) as reader:
        async with running(source, sink, max_rows=8):
            source.append(*(scored(offset) for offset in range(10)))
            await until(lambda: source.committed == 10)
            server.kill()
            source.append(*(scored(offset) for offset in range(10, 40)))
            await until(lambda: sink.failures > 1)
            assert source.committed == 10
            server.start()
            await until(lambda: source.committed == 40)
        assert sorted(row["log_offset"] for row in stored(reader, "scored_events")) == list(range(40))
        # Not even the rows beneath the view are doubled.
        assert reader.command("SELECT count() FROM scored_events") == 40
    await sink.close()


async def test_a_sink_may_start_before_its_server(server: ClickHouseProcess, server_url: str) -> None:
    server.kill()
    sink = ClickHouseSink(lambda: connect(server_url), TABLES)
    delays = []
    for _ in range(6):
        with pytest.raises(Unavailable, match=r"CLICKHOUSE_URL.*cannot be reached") as away:
            await sink.write([scored(0)])
        delays.append(away.value.retry_after)
    assert delays == [0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_RETRY]
    server.start()
    with pytest.raises(Unavailable, match="UNKNOWN_TABLE"):
        await sink.write([scored(0)])
    with migrated(server_url) as reader:
        await sink.write([scored(0)])
        assert len(stored(reader, "scored_events")) == 1
    await sink.close()


async def test_without_its_table_the_sink_waits_and_leaves_no_row_out(client: Client, sink: ClickHouseSink) -> None:
    client.command("RENAME TABLE scored_events TO hidden")
    with pytest.raises(Unavailable, match="UNKNOWN_TABLE"):
        await sink.write([scored(0), scored(1)])
    client.command("RENAME TABLE hidden TO scored_events")
    await sink.write([scored(0), scored(1)])
    assert len(stored(client, "scored_events")) == 2


async def test_a_row_that_the_engine_refuses_costs_itself_alone(
    client: Client, sink: ClickHouseSink, caplog: pytest.LogCaptureFixture
) -> None:
    client.command("ALTER TABLE scored_events ADD CONSTRAINT no_13 CHECK log_offset != 13")
    messages = [scored(offset) for offset in range(40)]
    await sink.write(messages)
    await sink.write(messages)
    assert {row["log_offset"] for row in stored(client, "scored_events")} == set(range(40)) - {13}
    assert client.command("SELECT count() FROM scored_events") == 39
    assert f"no row for {SCORED}[0]@13" in caplog.text


async def test_a_block_that_comes_again_is_not_inserted_again(client: Client, sink: ClickHouseSink) -> None:
    client.command("SYSTEM STOP MERGES scored_events")
    messages = [scored(offset, occurred_at=f"2026-0{1 + offset % 3}-01T00:00:00Z") for offset in range(9)]
    await sink.write(messages)
    await sink.write(messages)
    assert client.command("SELECT count() FROM scored_events") == 9
    await sink.write(messages[:5])
    assert client.command("SELECT count() FROM scored_events") == 14
    assert len(stored(client, "scored_events")) == 9


async def test_columns_of_many_different_texts_are_stored(client: Client, sink: ClickHouseSink) -> None:
    messages = [scored(offset, category=f"category {offset} \u2603") for offset in range(700)]
    await sink.write(messages)
    rows = stored(client, "scored_events")
    assert {row["log_offset"]: row["category"] for row in rows} == {n: f"category {n} \u2603" for n in range(700)}


def test_a_token_names_exactly_the_records_of_a_block() -> None:
    block = [scored(0), scored(1), scored(2)]
    others = [block[:2], block[1:], block[::-1], [block[0]._replace(partition=1), *block[1:]]]
    others += [[message._replace(topic="other") for message in block]]
    # The same offsets of a topic that was deleted and made anew.
    others += [[message._replace(timestamp=message.timestamp + 1) for message in block]]
    assert token(block) == token(list(block))
    assert len({token(each) for each in [block, *others]}) == len(others) + 1


def test_times_are_aware(client: Client) -> None:
    assert client.query("SELECT toDateTime64('2026-03-04 12:00:00', 3, 'UTC')").first_row == (
        datetime(2026, 3, 4, 12, tzinfo=UTC),
    )


def test_a_reader_cannot_write(url: str, client: Client) -> None:
    reader = connect(url, readonly=True)
    try:
        assert reader.command("SELECT count() FROM scored_events", settings={"max_execution_time": 5}) == 0
        with pytest.raises(DatabaseError, match="READONLY"):
            reader.command("TRUNCATE TABLE scored_events")
        with pytest.raises(DatabaseError, match="READONLY"):
            reader.command("SET readonly = 0")
    finally:
        reader.close()
    client.command("TRUNCATE TABLE scored_events")


def test_a_reader_makes_no_database(server_url: str) -> None:
    with pytest.raises(CannotOpen, match="does not exist"):
        connect(server_url, readonly=True)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(CannotOpen, match=r"CLICKHOUSE_URL=http://127.0.0.1:1/x: .*cannot be reached") as refused:
        connect("http://someone:hidden@127.0.0.1:1/x")
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("url", ["", "chdb://", "clickhouse://host/x", "127.0.0.1:8123"])
def test_an_address_that_is_none_names_the_setting(url: str) -> None:
    with pytest.raises(CannotOpen, match="CLICKHOUSE_URL"):
        connect(url)


def test_a_second_process_is_told_who_may_open_the_engine(tmp_path: Path) -> None:
    url = embedded_url(tmp_path)
    with migrated(url):
        code = f"from sinks.clickhouse.client import connect; connect({url!r})"
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "CannotOpen: CLICKHOUSE_URL=chdb://" in second.stderr
    command = Path(f"/proc/{os.getpid()}/cmdline").read_text().split("\0")[0]
    assert f"process {os.getpid()} (`{command} " in second.stderr
    assert "has the embedded engine open. One process at a time may open a path" in second.stderr


def test_an_engine_that_cannot_be_opened_for_another_reason_is_not_blamed_on_a_process(tmp_path: Path) -> None:
    (tmp_path / "clickhouse" / "status").mkdir(parents=True)
    with pytest.raises(CannotOpen, match="though no other process has it open"):
        connect(embedded_url(tmp_path))


def test_a_second_path_in_one_process_is_refused(tmp_path: Path) -> None:
    with migrated(embedded_url(tmp_path / "first")), pytest.raises(CannotOpen, match="at another path"):
        connect(embedded_url(tmp_path / "second"))


def test_rows_outlive_the_process_that_wrote_them(tmp_path: Path) -> None:
    with migrated(url := embedded_url(tmp_path)) as client:
        client.command("INSERT INTO scored_events (ticket_id) VALUES ('kept')")
    with migrated(url) as client:
        assert client.command("SELECT ticket_id FROM scored_events_now") == "kept"


async def test_the_last_window_is_the_newest_minute_over_everything(client: Client, sink: ClickHouseSink) -> None:
    assert last_window(client) is None
    await sink.write([window(0), window(1, start=1_772_625_720), window(2, start=1_772_625_720, events=7)])
    await sink.write([window(3, start=1_772_625_600, size=300), window(4, start=1_772_625_660)])
    last = last_window(client)
    assert last is not None
    assert last["start"] == datetime(2026, 3, 4, 12, 2, tzinfo=UTC)
    assert last["end"] == datetime(2026, 3, 4, 12, 3, tzinfo=UTC)
    assert (last["events"], last["negative_share"], last["score_avg"]) == (7, 1.0, 2.05)


async def test_dead_letters_come_newest_first_with_their_bytes(client: Client, sink: ClickHouseSink) -> None:
    await sink.write([dead_letter(0), dead_letter(1, value=None), dead_letter(2, stage="track")])
    found = dead_letters(client, 10)
    assert [row["log_offset"] for row in found] == [2, 1, 0]
    assert [row["value"] for row in found] == [b"\xff\x00not JSON", None, b"\xff\x00not JSON"]
    assert (found[0]["key"], found[0]["headers"]) == (b"\xfe", [("trace", b"\x00\xfe")])
    assert [row["log_offset"] for row in dead_letters(client, 1)] == [2]
    assert [row["log_offset"] for row in dead_letters(client, 10, stage="score", reason="not_json")] == [1, 0]
    assert dead_letters(client, 10, reason="bad_time") == []


def test_migrations_of_both_engines_are_the_same(client: Client) -> None:
    assert migrate(client) == []

"""SQL while another process has the embedded engine open."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.clickhouse.console import QueryFailed, execute, query, socket_of

HOLDER = """
import asyncio, sys
from sinks.clickhouse.client import connect
from sinks.clickhouse.console import listening

async def hold(url):
    client = connect(url)
    client.command("CREATE TABLE IF NOT EXISTS numbers_seen (n UInt8) ENGINE = MergeTree ORDER BY n")
    client.command("INSERT INTO numbers_seen VALUES (1), (2)")
    async with listening(url):
        print("listening", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(hold(sys.argv[1]))
"""


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database that another process has open. Its path is relative: a socket's may have 107 characters."""
    monkeypatch.chdir(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, "chdb://data"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"listening\n"
    yield "chdb://data"
    holder.communicate()
    assert holder.returncode == 0


def test_another_process_reads_in_the_format_it_asks_for(url: str) -> None:
    assert query(url, "SELECT sum(n) FROM numbers_seen", "TabSeparated") == b"3\n"
    assert query(url, "SELECT n FROM numbers_seen ORDER BY n", "JSONEachRow") == b'{"n":1}\n{"n":2}\n'


def test_nothing_can_be_written(url: str) -> None:
    with pytest.raises(QueryFailed, match="readonly"):
        query(url, "INSERT INTO numbers_seen VALUES (3)", "TabSeparated")
    assert query(url, "SELECT count() FROM numbers_seen", "TabSeparated") == b"2\n"


def test_what_is_meant_to_write_does_so_whoever_has_the_engine_open(url: str) -> None:
    execute(url, "ALTER TABLE numbers_seen DELETE WHERE n = 1 SETTINGS mutations_sync = 2")
    assert query(url, "SELECT n FROM numbers_seen", "TabSeparated") == b"2\n"
    with pytest.raises(QueryFailed, match="numbers_sen"):
        execute(url, "ALTER TABLE numbers_sen DELETE WHERE n = 1")
    # Others still only read.
    with pytest.raises(QueryFailed, match="readonly"):
        query(url, "INSERT INTO numbers_seen VALUES (3)", "TabSeparated")


def test_a_wrong_statement_is_answered_with_the_engines_words(url: str) -> None:
    with pytest.raises(QueryFailed, match="numbers_sen"):
        query(url, "SELECT * FROM numbers_sen", "TabSeparated")


def test_only_the_owner_may_ask(url: str) -> None:
    assert stat.S_IMODE(socket_of(url).stat().st_mode) == 0o600

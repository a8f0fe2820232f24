"""Programs of an earlier release on tables of this one: sinks go on, and `migrate` says that it is too old."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from tests.contract import messages
from tests.upgrade.test_going_on import RECORDED, RELEASES

_STORE = """
import asyncio, sys
from functools import partial
from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from streams.topics import SCORED, STORED

async def store():
    sink = ClickHouseSink(partial(connect, sys.argv[1]), STORED)
    await sink.check()
    assert await sink.write([Message(SCORED, 0, 0, int(sys.argv[2]), None, sys.argv[3].encode())]) == []
    await sink.close()

asyncio.run(store())
"""


@pytest.mark.parametrize("release", RELEASES)
def test_an_old_sink_goes_on_and_old_migrations_are_refused(tmp_path: Path, release: str) -> None:
    url = f"chdb://{tmp_path / 'clickhouse'}"
    client = connect(url)
    migrate(client)
    client.close()
    with tarfile.open(RECORDED / release / "code.tar.xz") as packed:
        packed.extractall(tmp_path / "code", filter="data")

    def old(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "code"), "CLICKHOUSE_URL": url}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    scored = messages.scored()
    stored = old("-c", _STORE, url, str(scored.timestamp), (scored.value or b"").decode())
    assert stored.returncode == 0, stored.stderr
    refused = old("-m", "streams.cli", "migrate")
    assert refused.returncode == 1
    assert "was applied and is not among the files: this program is older than the database" in refused.stderr
    client = connect(url)
    assert str(client.command("SELECT count() FROM scored_events_now")) == "1"
    client.close()

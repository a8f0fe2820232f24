"""Records what the code of this tree writes, for the tests of later releases:

    python -m tests.upgrade.record tests/upgrade/recorded/0.1.0

To be run once, at a release. docs/upgrading.md tells the rest.
"""

import asyncio
import json
import lzma
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from streams.engine.kafka_recovery import encode_position
from streams.engine.log import Position
from streams.topics import STORED
from tests.contract import messages
from tests.upgrade.playing import PARTITIONS, Pipeline
from tests.upgrade.story import BEGIN, CUT, story

_ROOT: Final = Path(__file__).parents[2]
_LEFT_OUT: Final = {"__pycache__", "static"}
# Of a table; more say nothing more.
_ROWS: Final = 300


def main(folder: Path) -> None:
    """Write the folder; what is in it is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "log.sqlite"
        pipeline = Pipeline(file, BEGIN)
        pipeline.play([sent for sent in story() if sent.at <= CUT], CUT)
        sent = {topic: pipeline.records(topic) for topic in STORED}
        pipeline.close()
        _pack(file, folder / "log.sqlite.xz")
        tables, migrations = _stored(sent, Path(scratch))
        token = _token(folder / "people.toml")
        manifest = {
            "version": metadata.version("ticketpulse"),
            "token": token,
            "migrations": migrations,
            "position": encode_position(Position(42, 41, 40, CUT), PARTITIONS).decode(),
            "rows": _kinds(file),
        }
    _pack_code(folder / "code.tar.xz")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    _write(folder / "tables.json.xz", json.dumps(tables, sort_keys=True).encode())


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(lzma.compress(content, preset=9))


def _pack(file: Path, to: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("VACUUM")
    connection.close()
    _write(to, file.read_bytes())


def _pack_code(to: Path) -> None:
    """What workers of this release need to run beside those of a later one; without the page and the feed."""
    with tarfile.open(to, "w:xz") as packed:
        for package in ("schemas", "sinks", "streams"):
            for file in sorted((_ROOT / package).rglob("*")):
                name = file.relative_to(_ROOT)
                if file.is_file() and not _LEFT_OUT & set(name.parts) and name.suffix != ".jsonl":
                    packed.add(file, str(name))


def _kinds(file: Path) -> dict[str, int]:
    """How many state rows there are of each stage and table."""
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT stage, substr(key, 1, 1) FROM state JOIN owners USING (owner)").fetchall()
    connection.close()
    return dict(Counter(f"{stage}/{bytes(tag).decode()}" for stage, tag in rows))


def _stored(sent: dict[str, Any], scratch: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """What this release's sink makes of it, as rows of JSON by table; and the migrations by name, with checksums."""
    url = f"chdb://{scratch / 'clickhouse'}"
    client = connect(url)
    migrate(client)
    client.close()
    asyncio.run(_store(url, sent))
    client = connect(url)
    tables = {}
    for table in STORED.values():
        lines = client.command(f"SELECT * FROM {table} LIMIT {_ROWS} FORMAT JSONEachRow")  # noqa: S608
        tables[table] = [json.loads(line) for line in str(lines).splitlines() if line]
    applied = client.query("SELECT name, checksum FROM migrations ORDER BY name").result_rows
    client.close()
    return tables, {str(name): str(checksum) for name, checksum in applied}


def _examples(table: str) -> list[Message]:
    """A record of each topic that the stages did not write to, where the tests have one."""
    makers = {"corrections": "correction", "audit": "audited", "enrichments": "enriched", "shadow_scores": "shadow",
              "predictions": "prediction"}  # fmt: skip
    make = getattr(messages, makers.get(table, ""), None)
    return [make()] if make is not None else []


async def _store(url: str, sent: dict[str, Any]) -> None:
    sink = ClickHouseSink(partial(connect, url), STORED)
    for topic, table in STORED.items():
        of_topic = [
            Message(topic, partition, *record) for partition, records in sent[topic].items() for record in records
        ]
        await sink.write([*of_topic, *(example._replace(topic=topic) for example in _examples(table))])
    await sink.close()


def _token(file: Path) -> str:
    """A file of tokens with one of them, which may look at what tenant acme has."""
    file.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "streams.cli",
        "token",
        "new",
        "--role",
        "read",
        "--tenant",
        "acme",
        "--name",
        "old",
    ]
    environment = {**os.environ, "TICKETPULSE_TOKENS": str(file)}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

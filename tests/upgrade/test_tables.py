"""Rows that earlier releases stored survive every migration since, whichever number it begins at, and are answered."""

import json
import lzma
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.rows import TABLES
from streams.topics import STORED
from tests.upgrade.test_going_on import RECORDED, RELEASES, manifest

MIGRATIONS = resources.files("sinks.clickhouse").joinpath("migrations")


def names() -> list[str]:
    return sorted(file.name for file in MIGRATIONS.iterdir() if file.name.endswith(".sql"))


def tables(release: str) -> dict[str, list[dict[str, Any]]]:
    read: dict[str, list[dict[str, Any]]] = json.loads(
        lzma.decompress((RECORDED / release / "tables.json.xz").read_bytes())
    )
    return read


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    opened = connect(f"chdb://{tmp_path / 'clickhouse'}")
    yield opened
    opened.close()


def there(client: Client) -> set[str]:
    return {
        name
        for (name,) in client.query("SELECT name FROM system.tables WHERE database = currentDatabase()").result_rows
    }


def insert(client: Client, table: str, rows: list[dict[str, Any]]) -> None:
    """Of each row what the table has columns for, as that release's sink would have written it."""
    written = {
        name
        for name, _type, kind, *_rest in client.query(f"DESCRIBE TABLE {table}").result_rows
        if kind in ("", "DEFAULT")
    }
    lines = [json.dumps({name: value for name, value in row.items() if name in written}) for row in rows]
    settings = {"input_format_skip_unknown_fields": "1", "max_partitions_per_insert_block": "0"}
    client.raw_insert(table, insert_block="\n".join(lines), fmt="JSONEachRow", settings=settings)


def count(client: Client, name: str) -> int:
    return int(str(client.command(f"SELECT count() FROM {name}")))  # noqa: S608


@pytest.mark.parametrize("release", RELEASES)
def test_the_migrations_of_a_release_are_still_the_same(release: str, client: Client) -> None:
    migrate(client)
    applied = {str(row[0]): str(row[1]) for row in client.query("SELECT name, checksum FROM migrations").result_rows}
    assert manifest(release)["migrations"].items() <= applied.items()


@pytest.mark.parametrize("release", RELEASES)
def test_rows_that_came_in_at_any_number_are_there_at_the_newest(release: str, client: Client, tmp_path: Path) -> None:
    """Migrations are applied one after the other, and before each some more of the rows come in."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    stored = tables(release)
    waiting = {table: list(rows) for table, rows in stored.items()}
    for name in names():
        (folder / name).write_text(MIGRATIONS.joinpath(name).read_text())
        migrate(client, folder)
        last = name == names()[-1]
        for table in waiting.keys() & there(client):
            share = waiting[table] if last else waiting[table][: 1 + len(stored[table]) // len(names())]
            if share:
                insert(client, table, share)
                waiting[table] = waiting[table][len(share) :]
    assert not any(waiting.values())
    assert set(stored) <= set(STORED.values())
    for table in STORED.values():
        # What is recorded has copies too, which count once.
        kept = {tuple(row[name] for name in TABLES[table].key) for row in stored.get(table, ())}
        assert count(client, f"{table} FINAL") == len(kept), table
        assert count(client, f"{table}_now") > 0 or not kept, table

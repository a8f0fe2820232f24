"""Migrations are applied once, in order, and say so when files and database do not belong together."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import MigrationError, migrate, split
from sinks.rows import TABLES, to_block

ONE = "CREATE TABLE IF NOT EXISTS one (x UInt8) ENGINE = Memory; -- first; and only\nINSERT INTO one VALUES (1);"
TWO = "CREATE TABLE IF NOT EXISTS two (x String COMMENT 'a;b') ENGINE = Memory"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    opened = connect(f"chdb://{tmp_path / 'clickhouse'}")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "migrations"
    made.mkdir()
    (made / "0001_one.sql").write_text(ONE)
    (made / "0002_two.sql").write_text(TWO)
    (made / "notes.txt").write_text("not SQL")
    return made


def rows_of_one(client: Client) -> object:
    return client.command("SELECT count() FROM one")


def test_each_file_is_applied_once_in_order(client: Client, folder: Path) -> None:
    assert migrate(client, folder) == ["0001_one.sql", "0002_two.sql"]
    assert migrate(client, folder) == []
    assert rows_of_one(client) == 1
    (folder / "0003_three.sql").write_text("INSERT INTO one VALUES (3)")
    assert migrate(client, folder) == ["0003_three.sql"]
    assert rows_of_one(client) == 2


def test_our_own_give_every_table_every_column_that_is_written(client: Client) -> None:
    assert migrate(client)[:2] == ["0001_tables.sql", "0002_views.sql"]
    assert migrate(client) == []
    for table in TABLES:
        described = client.query(f"DESCRIBE TABLE {table}").result_rows
        block, _ = to_block(table, [])
        # What the engine makes of JSON itself is not written.
        written = [name for name, _type, _kind, default, *_rest in described if "JSON" not in default]
        assert sorted(written) == sorted(block.columns)
        client.query(f"SELECT * FROM {table}_now")  # noqa: S608


def test_a_file_that_failed_is_applied_when_it_is_mended(client: Client, folder: Path) -> None:
    (folder / "0003_three.sql").write_text("CREATE TABLE IF NOT EXISTS three (x UInt8) ENGINE = Memory; SELEKT 1")
    with pytest.raises(MigrationError, match=r"0003_three\.sql .*Syntax error"):
        migrate(client, folder)
    (folder / "0003_three.sql").write_text("CREATE TABLE IF NOT EXISTS three (x UInt8) ENGINE = Memory; SELECT 1")
    assert migrate(client, folder) == ["0003_three.sql"]


def test_a_file_changed_after_it_was_applied_is_refused(client: Client, folder: Path) -> None:
    migrate(client, folder)
    (folder / "0001_one.sql").write_text(ONE + " ")
    with pytest.raises(MigrationError, match=r"0001_one\.sql was changed after it was applied"):
        migrate(client, folder)


def test_a_database_of_a_newer_program_is_refused(client: Client, folder: Path) -> None:
    migrate(client, folder)
    (folder / "0002_two.sql").unlink()
    with pytest.raises(MigrationError, match=r"0002_two\.sql was applied and is not among the files"):
        migrate(client, folder)


def test_a_file_put_before_an_applied_one_is_refused(client: Client, folder: Path) -> None:
    (folder / "0001_one.sql").rename(folder / "0003_one.sql")
    (folder / "0002_two.sql").rename(folder / "0001_two.sql")
    (folder / "0003_one.sql").rename(folder / "0002_one.sql")
    migrate(client, folder)
    (folder / "0002_one.sql").rename(folder / "0003_one.sql")
    (folder / "0002_late.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match=r"0002_one\.sql was applied and is not among"):
        migrate(client, folder)


@pytest.mark.parametrize(
    ("renamed", "reason"),
    [("0004_two.sql", "wanted 0002_"), ("0001_two.sql", "wanted 0002_"), ("two.sql", "wanted 0002_")],
)
def test_a_gap_a_repetition_or_no_number_is_refused(client: Client, folder: Path, renamed: str, reason: str) -> None:
    (folder / "0002_two.sql").rename(folder / renamed)
    with pytest.raises(MigrationError, match=reason):
        migrate(client, folder)
    assert client.command("EXISTS TABLE one") == 0


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("", []),
        (" ;; -- nothing; here\n;", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;\nSELECT 2 ;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';', 'it''s;', 'a\\';'; SELECT 2", ["SELECT ';', 'it''s;', 'a\\';'", "SELECT 2"]),
        ('SELECT `a;b`, "c;d"', ['SELECT `a;b`, "c;d"']),
        ("SELECT 1 -- one; 'two\n+ 1; SELECT 3", ["SELECT 1 \n+ 1", "SELECT 3"]),
        ("SELECT /* a; ' b */ 6 / 2 - 1; SELECT 2", ["SELECT  6 / 2 - 1", "SELECT 2"]),
        ("SELECT '-- no comment; /* none'", ["SELECT '-- no comment; /* none'"]),
    ],
)
def test_statements_end_at_semicolons_that_are_none_of_a_text_or_comment(sql: str, statements: list[str]) -> None:
    assert list(split(sql)) == statements

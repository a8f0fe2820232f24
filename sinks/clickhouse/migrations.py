"""Numbered SQL files, each applied once and recorded with its checksum in the table `migrations`."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from sinks.clickhouse.drift import record_columns

_NAME = re.compile(r"(?P<number>\d{4})_\w+\.sql")
# What may hold a semicolon that ends nothing: a quoted text or name, and comments.
_PIECE = re.compile(r"'(?:[^'\\]|\\.|'')*'|`[^`]*`|\"(?:[^\"\\]|\\.)*\"|--[^\n]*|/\*.*?\*/|;|[^'`\"\-/;]+|.", re.DOTALL)
_RECORD = """
CREATE TABLE IF NOT EXISTS migrations (name String, checksum String, applied_at DateTime('UTC') DEFAULT now())
ENGINE = MergeTree ORDER BY name"""


class Migration(NamedTuple):
    """One file: its name decides the order, its checksum whether it is still the one that was applied."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class MigrationError(Exception):
    """A migration cannot be applied. The message names the file and says what is wrong."""


def migrate(client: Client, folder: Traversable | None = None) -> list[str]:
    """Apply what is missing, in order, and return its names. Applying again does nothing.

    One process at a time may migrate a database. Raises MigrationError: for files and a database that do not belong
    together before anything is changed; for a statement that fails after those before it are done. There are no
    transactions, so every statement must be able to run again (`IF NOT EXISTS`, `OR REPLACE`).
    """
    files = _read(folder or resources.files(__package__).joinpath("migrations"))
    client.command(_RECORD)
    applied: dict[str, str] = dict(client.query("SELECT name, checksum FROM migrations").result_rows)  # type: ignore[arg-type]
    missing = _missing(files, applied)
    for migration in missing:
        _apply(client, migration)
    if files:
        record_columns(client, files[-1].name)
    return [migration.name for migration in missing]


def _apply(client: Client, migration: Migration) -> None:
    try:
        for statement in split(migration.sql):
            client.command(statement)
    except DatabaseError as error:
        raise MigrationError(f"migration {migration.name} stopped in its middle: {error}") from error
    client.insert("migrations", [[migration.name, migration.checksum]], column_names=["name", "checksum"])


def split(sql: str) -> Iterator[str]:
    """The statements of a file. A semicolon in a text, a quoted name or a comment ends none."""
    statement: list[str] = []
    for piece in [*_PIECE.findall(sql), ";"]:
        if piece == ";":
            if text := "".join(statement).strip():
                yield text
            statement.clear()
        elif not piece.startswith(("--", "/*")):
            statement.append(piece)


def _read(folder: Traversable) -> list[Migration]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    for position, name in enumerate(names, start=1):
        match = _NAME.fullmatch(name)
        if match is None or int(match["number"]) != position:
            raise MigrationError(f"migration {name}: wanted {position:04d}_<what>.sql here, without gap or repetition")
    return [Migration(name, folder.joinpath(name).read_text("utf-8")) for name in names]


def _missing(files: Sequence[Migration], applied: Mapping[str, str]) -> list[Migration]:
    known = {migration.name for migration in files}
    for name in sorted(applied.keys() - known):
        raise MigrationError(
            f"migration {name} was applied and is not among the files: this program is older than the database"
        )
    for migration in files:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationError(
                f"migration {migration.name} was changed after it was applied: restore it and add a new one"
            )
    missing = [migration for migration in files if migration.name not in applied]
    if missing and any(name > missing[0].name for name in applied):
        raise MigrationError(
            f"migration {missing[0].name} was not applied, but a later one was: give it the next number"
        )
    return missing

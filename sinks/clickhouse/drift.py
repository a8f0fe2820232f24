"""Whether the tables are those that this program writes: as the migrations made them, and with every column.

What the migrations made is recorded when they have run, column by column with its type. Whoever alters a table by hand
later finds out when the sink starts, and not by rows that are refused or cut one by one.
"""

from collections.abc import Iterator, Mapping

from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from sinks.rows import TABLES

_UNKNOWN_TABLE = 60
_RECORD = """
CREATE TABLE IF NOT EXISTS migrated_columns
(migration String, table String, name String, type String, recorded_at DateTime('UTC') DEFAULT now())
ENGINE = MergeTree ORDER BY (migration, table, name)"""
_LIVE = """
SELECT table, name, type FROM system.columns
WHERE database = currentDatabase() AND table IN {tables:Array(String)}"""
_RECORDED = """
SELECT table, name, any(type) FROM migrated_columns
WHERE migration = (SELECT max(name) FROM migrations) GROUP BY table, name"""

Columns = Mapping[str, Mapping[str, str]]


class SchemaDrift(Exception):
    """A table is not as this program writes it. The message names each column and says what to do."""


def record_columns(client: Client, migration: str) -> None:
    """Remember the columns of the tables as they are now, which is after this migration."""
    client.command(_RECORD)
    if client.command("SELECT count() FROM migrated_columns WHERE migration = {name:String}", {"name": migration}) == 0:
        client.command(
            f"INSERT INTO migrated_columns (migration, table, name, type) SELECT {{name:String}}, * FROM ({_LIVE})",  # noqa: S608
            {"name": migration, "tables": list(TABLES)},
        )


def check_columns(client: Client) -> None:
    """Raises SchemaDrift for a column that is not as the migrations made it, and for one that is written and not there.
    A table that is not there is none: whoever writes to it waits until it is.
    """
    live, recorded = _live(client), _recorded(client)
    found = [*_not_as_migrated(live, recorded), *_not_there(live, recorded)]
    if found:
        raise SchemaDrift("\n".join(found))


def _not_as_migrated(live: Columns, recorded: Columns) -> Iterator[str]:
    for table, columns in recorded.items():
        for name, wanted in columns.items():
            column = f"{table}.{name}"
            alter = f"ALTER TABLE {table} {{}} COLUMN {quote_identifier(name)} {wanted}"
            if table in live and name not in live[table]:
                yield f"{column} was dropped since the migrations made it: {alter.format('ADD')}"
            elif table in live and live[table][name] != wanted:
                yield f"{column} is {live[table][name]}, the migrations made it {wanted}: {alter.format('MODIFY')}"


def _not_there(live: Columns, recorded: Columns) -> Iterator[str]:
    for table, columns in live.items():
        for name in TABLES[table].columns([]):
            if name not in columns and name not in recorded.get(table, ()):
                yield f"{table}.{name} is not there, and this program writes it: run `ticketpulse migrate`"


def _live(client: Client) -> Columns:
    return _by_table(client.query(_LIVE, {"tables": list(TABLES)}).result_rows)


def _recorded(client: Client) -> Columns:
    try:
        return _by_table(client.query(_RECORDED).result_rows)
    except DatabaseError as error:
        if error.code == _UNKNOWN_TABLE:
            return {}
        raise


def _by_table(rows: object) -> Columns:
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in rows:  # type: ignore[attr-defined]
        found.setdefault(table, {})[name] = kind
    return found

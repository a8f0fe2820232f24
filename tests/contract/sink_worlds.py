"""Destinations that keep the sink contract, each with a way to read what stands in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.readings import Reading
from sinks.base import Sink
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.memory import MemorySink
from sinks.rows import TABLES
from tests.contract.messages import TABLES as BY_TOPIC

Row = dict[str, Any]


class World(NamedTuple):
    """A sink and what a reader sees: the rows of a table in order of their keys, times as in `sinks.rows`."""

    sink: Sink
    rows: Callable[[str], list[Row]]


def memory() -> World:
    """Nothing but Python."""
    sink = MemorySink(BY_TOPIC)
    return World(sink, lambda table: [_plain(row) for row in sink.rows(table)])


@contextmanager
def migrated(url: str) -> Iterator[Client]:
    """A client of a database that has every table."""
    client = connect(url)
    try:
        migrate(client)
        yield client
    finally:
        client.close()


def clickhouse(url: str, reader: Client) -> World:
    """A server or the embedded engine; the sink opens a client of its own."""
    return World(ClickHouseSink(lambda: connect(url), BY_TOPIC), lambda table: stored(reader, table))


def embedded_url(folder: Path) -> str:
    """The embedded engine in a folder of its own."""
    return f"chdb://{folder / 'clickhouse'}"


def stored(reader: Client, table: str) -> list[Row]:
    """What people read: one row for each key."""
    formats: dict[str, str | dict[str, str]] = {"key": "bytes", "value": "bytes"} if table == "dead_letters" else {}
    rows = reader.query(f"SELECT * FROM {table}_now", column_formats=formats).named_results()  # noqa: S608
    computed = _COMPUTED.get(table, ())
    plain = [_plain({name: value for name, value in row.items() if name not in computed}) for row in rows]
    return sorted(plain, key=lambda row: tuple(row[name] for name in TABLES[table].key))


_COMPUTED = {
    "windows": {
        *("end", "negative_share", "escalation_rate", "score_avg", "satisfaction_avg"),
        *("response_p50", "response_p95", "resolution_p50", "resolution_p95"),
    },
    "dead_letters": {"state", "marked_at", "note"},
}


def _plain(row: Row) -> Row:
    whole = row if "reading" not in row else {**row, **_read_from(row["reading"])}
    return {name: _plain_value(name, whole[name]) for name in sorted(whole) if name != "reading"}


def _read_from(reading: str) -> Row:
    """The columns that an engine makes of the JSON; nothing else keeps it."""
    read = msgspec.json.decode(reading, type=Reading)
    texts = {name: getattr(read, name) or "" for name in ("emotion", "urgency", "subcategory")}
    lists = {name: list(getattr(read, name)) for name in ("key_phrases", "signals", "keywords")}
    return {**texts, **lists, "emotions": read.emotions, "questions": read.questions}


def _plain_value(name: str, value: object) -> object:
    match value:
        case datetime():
            return round(value.timestamp() * (1 if name == "start" else 1000))
        case Decimal():
            return f"{value:.2f}"
        case UUID():
            return str(value)
        case list():
            return [tuple(each.values()) if isinstance(each, dict) else each for each in value]
    return value

"""Tables and views, as the migrations make them on a real engine."""

import tempfile
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from deploy.docs.generate.markdown import code, page, table
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from streams.topics import STORED

INTRO = """
    What `ticketpulse migrate` makes in ClickHouse. Ask the views that end in `_now`: a table may hold a row in several
    versions until ClickHouse merges them, and its view has the newest of each.
"""
_COLUMNS = """
SELECT table, name, type, comment FROM system.columns WHERE database = currentDatabase() AND NOT startsWith(table, '.')
ORDER BY table, position"""
_KINDS = "SELECT name, engine, sorting_key FROM system.tables WHERE database = currentDatabase()"


class _Column(NamedTuple):
    table: str
    name: str
    type: str
    comment: str


def tables_page() -> str:
    """Each table and view with its columns."""
    with tempfile.TemporaryDirectory() as folder:
        client = connect(f"chdb://{Path(folder) / 'clickhouse'}")
        try:
            migrate(client)
            columns = [_Column(*row) for row in client.query(_COLUMNS).result_rows]
            kinds = {name: (engine, key) for name, engine, key in client.query(_KINDS).result_rows}
        finally:
            client.close()
    return page("Tables", INTRO, *_sections(columns, kinds))


def _sections(columns: list[_Column], kinds: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    topics = {stored: topic for topic, stored in STORED.items()}
    for name, grouped in groupby(columns, key=lambda column: column.table):
        engine, key = kinds[name]
        what = "A view." if engine == "View" else f"{engine}" + (f", ordered by {code(key)}." if key else ".")
        source = f" From {code(topics[name])}." if name in topics else ""
        rows = [[code(each.name), code(each.type), each.comment] for each in grouped]
        yield f"## {name}\n\n{what}{source}\n\n{table(['column', 'type', 'what it holds'], rows)}"

"""Blocks of rows that another process makes: it has no client, so it is told the columns and their types."""

from collections.abc import Sequence
from typing import NamedTuple

from clickhouse_connect.datatypes.registry import get_from_name
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.insert import InsertContext

from sinks.clickhouse.native import NativeWriter
from sinks.clickhouse.sink import INSERT_SETTINGS


class Shape(NamedTuple):
    """The columns of a table that are written, the names of their types, and how blocks are compressed."""

    table: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    compression: str | None

    def writer(self) -> NativeWriter:
        """What turns columns into blocks, in any process."""
        kinds = [get_from_name(name) for name in self.types]
        return NativeWriter(InsertContext(self.table, self.names, kinds), self.compression)


def shape_of(client: Client, table: str, names: Sequence[str]) -> Shape:
    """Ask the database for the types of these columns. Raises clickhouse_connect's errors."""
    context = client.create_insert_context(table, list(names))
    types = tuple(kind.name for kind in context.column_types)
    return Shape(table, tuple(context.column_names), types, client.write_compression)


def insert(client: Client, shape: Shape, body: bytes) -> None:
    """Store blocks that writers of this shape have made. Raises clickhouse_connect's errors."""
    if body:
        client.raw_insert(
            shape.table, shape.names, body, settings=INSERT_SETTINGS, fmt="Native", compression=shape.compression
        )

"""Rows as ClickHouse's native format: blocks of columns, as the client writes them where that is quick."""

from clickhouse_connect.driver.common import write_leb128
from clickhouse_connect.driver.compression import get_compressor
from clickhouse_connect.driver.exceptions import DataError
from clickhouse_connect.driver.insert import InsertContext

from sinks.clickhouse.column_types import written_as
from sinks.columns import Columns


class NativeWriter:
    """Writes rows of the table that `context` is of, in columns that stand in the order of `names`."""

    def __init__(self, context: InsertContext, compression: str | None) -> None:
        self.names = list(context.column_names)
        self.compression = compression
        self._context = context
        self._types = list(map(written_as, context.column_types))
        self._headers = [
            _text(name) + _text(column.insert_name) for name, column in zip(self.names, self._types, strict=True)
        ]

    def block(self, columns: Columns) -> bytes:
        """One block of the format. Raises ValueError for a value that its column cannot take."""
        block = bytearray()
        write_leb128(len(self.names), block)
        write_leb128(len(columns[self.names[0]]), block)
        try:
            for name, column, header in zip(self.names, self._types, self._headers, strict=True):
                self._context.start_column(name)
                block += header
                column.write_column(columns[name], block, self._context)
        except DataError as error:
            raise ValueError(str(error)) from error
        return bytes(get_compressor(self.compression).compress_block(block))


def _text(text: str) -> bytes:
    raw = text.encode()
    written = bytearray()
    write_leb128(len(raw), written)
    return bytes(written + raw)

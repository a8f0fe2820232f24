"""The ClickHouse sink: one insert for each table and block of messages, each row stored once."""

import asyncio
import hashlib
import logging
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import attrgetter

from clickhouse_connect.datatypes.base import ClickHouseType
from clickhouse_connect.datatypes.registry import get_from_name
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DataError, Error

from sinks.base import Message, Unavailable
from sinks.clickhouse.client import CannotOpen, explain
from sinks.prometheus import SINK_REJECTED, SINK_ROWS, SINK_SECONDS
from sinks.rows import Block, Unusable, to_block

log = logging.getLogger(__name__)

FIRST_RETRY = 0.5
LONGEST_RETRY = 10.0
# A flood of bad messages must not become a flood of lines: the first of each write, then their number.
_LOGGED = 10

_SETTINGS = {
    # The blocks are large already, and once an insert returns its rows must be stored.
    "async_insert": "0",
    # Events may lie in any month from 1970 to 2099, and a backlog in all of them.
    "max_partitions_per_insert_block": "0",
    # Rows of one key are replaced when they are read and merged; to replace them here as well costs a quarter of the
    # insert.
    "optimize_on_insert": "0",
    # A block that was stored, but not in the table that a view fills from it, gets there when it comes again. Newer
    # servers do so anyway.
    "deduplicate_blocks_in_dependent_materialized_views": "1",
    # Decimals arrive as texts.
    "input_format_native_allow_types_conversion": "1",
}
# Errors that are about the rows themselves. All others (no table, no memory, no right) are tried again: no row is at
# fault, and to leave rows out would lose them.
_ABOUT_ROWS = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        33,  # CANNOT_READ_ALL_DATA
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        376,  # CANNOT_PARSE_UUID
        407,  # DECIMAL_OVERFLOW
        469,  # VIOLATED_CONSTRAINT
        691,  # UNKNOWN_ELEMENT_OF_ENUM
    }
)


class ClickHouseSink:
    """Writes each topic of `tables` into its table; keeps `sinks.base.Sink`.

    `open_client` is called by the first write, and again if it failed, in the one thread that writes: the embedded
    engine wants that, and a server may still be away. A message that cannot become a row is logged, counted and left
    out. While the server is away or refuses, `write` raises Unavailable with a delay that doubles up to 10 s;
    `failures` counts how often in a row.
    """

    name = "clickhouse"

    def __init__(self, open_client: Callable[[], Client], tables: Mapping[str, str]) -> None:
        self.topics: Sequence[str] = tuple(tables)
        for topic in self.topics:
            # Prometheus sees no rise in a series that begins with 1.
            SINK_REJECTED.labels(self.name, topic)
        self._tables = tables
        self._open = open_client
        self._client: Client | None = None
        self._types: dict[str, Sequence[ClickHouseType]] = {}
        self.failures = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clickhouse")

    async def write(self, messages: Sequence[Message]) -> None:
        """Store a row for every message that can become one. Raises Unavailable; then some blocks may be stored, and
        writing the same messages again leaves them as they are.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, messages)

    async def close(self) -> None:
        """Wait for the running write and close the client."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _write(self, messages: Sequence[Message]) -> None:
        unusable: list[Unusable] = []
        try:
            for table, of_table in self._by_table(messages).items():
                block, unreadable = to_block(table, of_table)
                unusable += unreadable
                unusable += self._insert(block)
        except (Error, CannotOpen, OSError) as error:
            self.failures += 1
            delay = min(FIRST_RETRY * 2.0 ** (self.failures - 1), LONGEST_RETRY)
            raise Unavailable(f"ClickHouse takes no rows: {explain(error)}", delay) from error
        self.failures = 0
        self._report(unusable)

    def _by_table(self, messages: Sequence[Message]) -> dict[str, list[Message]]:
        by_topic: dict[str, list[Message]] = {}
        for message in messages:
            by_topic.setdefault(message.topic, []).append(message)
        by_table: dict[str, list[Message]] = {}
        for topic, of_topic in by_topic.items():
            by_table.setdefault(self._tables[topic], []).extend(of_topic)
        return by_table

    def _insert(self, block: Block) -> list[Unusable]:
        """Insert a block. One that is refused for its rows is halved until the row at fault stands alone."""
        rows = len(block.messages)
        if not rows:
            return []
        try:
            with SINK_SECONDS.labels(self.name, block.table).time():
                self._insert_whole(block)
        except Error as error:
            if not isinstance(error, DataError) and error.code not in _ABOUT_ROWS:
                raise
            if rows == 1:
                return [Unusable(block.messages[0], str(error))]
            return [*self._insert(block.part(0, rows // 2)), *self._insert(block.part(rows // 2, rows))]
        SINK_ROWS.labels(self.name, block.table).inc(rows)
        return []

    def _insert_whole(self, block: Block) -> None:
        if self._client is None:
            self._client = self._open()
        if block.table not in self._types:
            # Asked once: without them every insert would describe the table first.
            context = self._client.create_insert_context(block.table, list(block.columns))
            self._types[block.table] = [_sent_as(column) for column in context.column_types]
        self._client.insert(
            block.table,
            list(block.columns.values()),
            column_names=list(block.columns),
            column_types=self._types[block.table],
            column_oriented=True,
            settings={**_SETTINGS, "insert_deduplication_token": token(block.messages)},
        )

    def _report(self, unusable: Sequence[Unusable]) -> None:
        for message, reason in unusable[:_LOGGED]:
            log.warning("no row for %s[%d]@%d: %s", message.topic, message.partition, message.offset, reason)
        for topic, count in Counter(message.topic for message, _ in unusable).items():
            log.warning("%d messages of %s became no row", count, topic)
            SINK_REJECTED.labels(self.name, topic).inc(count)

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _sent_as(column: ClickHouseType) -> ClickHouseType:
    """A decimal goes as the text that it is: the engine reads it in a tenth of the time that the client takes to."""
    sent_as = {"Decimal(4, 2)": "String", "Nullable(Decimal(4, 2))": "Nullable(String)"}.get(column.name)
    return get_from_name(sent_as) if sent_as else column


def token(messages: Sequence[Message]) -> str:
    """Names a block by exactly the records in it, so that the engine drops the block when it comes again.

    The time of the append tells a record from one at the same offset of a topic that was deleted and made anew.
    """
    digest = hashlib.blake2b(digest_size=16)
    for topic, of_topic in groupby(messages, attrgetter("topic")):
        digest.update(topic.encode() + b"\0")
        digest.update(array("q", [n for m in of_topic for n in (m.partition, m.offset, m.timestamp)]).tobytes())
    return digest.hexdigest()

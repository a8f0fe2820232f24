"""The ClickHouse sink: one insert for each table and batch of messages, each row stored once."""

import asyncio
import contextlib
import hashlib
import logging
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, Protocol

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error

from sinks.base import Message, Refused, Unavailable
from sinks.clickhouse.client import CannotOpen, explain
from sinks.clickhouse.drift import check_columns
from sinks.clickhouse.native import NativeWriter
from sinks.pauses import doubled
from sinks.prometheus import SINK_REJECTED, SINK_ROWS, SINK_SECONDS
from sinks.rows import TABLES, to_parts

log = logging.getLogger(__name__)

FIRST_RETRY = 0.5
LONGEST_RETRY = 10.0
# A flood of bad messages must not become a flood of lines: the first of each write, then their number.
_LOGGED = 10

INSERT_SETTINGS = {
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
    # Lowest and highest scores arrive as texts.
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


class _Rows(NamedTuple):
    """Rows of a table as the engine takes them, the messages that they were made of, and those that made none."""

    table: str
    body: bytes
    token: str
    messages: Sequence[Message]
    unusable: Sequence[Refused]


class Guard(Protocol):
    """Knows what must not be stored."""

    def allowed(self, messages: Sequence[Message], client: Client) -> Sequence[Message]:
        """The messages without those that must not be stored. Raises clickhouse_connect's errors."""
        ...


class ClickHouseSink:
    """Writes each topic of `tables` into its table; keeps `sinks.base.Sink`.

    `open_client` is called by the first write, and again if it failed, in the one thread that writes: the embedded
    engine wants that, and a server may still be away. A message that cannot become a row is logged, counted and
    returned. While the server is away or refuses, `write` raises Unavailable with a delay that doubles up to 10 s;
    `failures` counts how often in a row.
    """

    name = "clickhouse"

    def __init__(
        self, open_client: Callable[[], Client], tables: Mapping[str, str], guard: Guard | None = None
    ) -> None:
        self._guard = guard
        self.topics: Sequence[str] = tuple(tables)
        for topic in self.topics:
            # Prometheus sees no rise in a series that begins with 1.
            SINK_REJECTED.labels(self.name, topic)
        self._tables = tables
        self._open = open_client
        self._client: Client | None = None
        self._writers: dict[str, NativeWriter] = {}
        self.failures = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clickhouse")

    async def check(self) -> None:
        """Raises SchemaDrift when the tables are not those that this program writes. While the server is away it
        returns, and the first write checks.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._check)

    async def write(self, messages: Sequence[Message]) -> Sequence[Refused]:
        """Store a row for every message that can become one; returns the others. Raises Unavailable; then some blocks
        may be stored, and writing the same messages again leaves them as they are. Raises SchemaDrift at the first
        write when the tables are not those that this program writes.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._write, messages)

    async def close(self) -> None:
        """Wait for the running write and close the client."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _write(self, messages: Sequence[Message]) -> Sequence[Refused]:
        unusable: list[Refused] = []
        try:
            if self._guard is not None:
                messages = self._guard.allowed(messages, self._opened)
            for table, of_table in self._by_table(messages).items():
                rows = _read(table, of_table, self._writer(table))
                unusable += rows.unusable
                unusable += self._insert(rows)
        except (Error, CannotOpen, OSError) as error:
            self.failures += 1
            delay = doubled(FIRST_RETRY, self.failures - 1, LONGEST_RETRY)
            raise Unavailable(f"ClickHouse takes no rows: {explain(error)}", delay) from error
        self.failures = 0
        self._report(unusable)
        return unusable

    def _check(self) -> None:
        with contextlib.suppress(Error, CannotOpen, OSError):
            _ = self._opened

    def _by_table(self, messages: Sequence[Message]) -> dict[str, list[Message]]:
        by_topic: dict[str, list[Message]] = {}
        for message in messages:
            by_topic.setdefault(message.topic, []).append(message)
        by_table: dict[str, list[Message]] = {}
        for topic, of_topic in by_topic.items():
            by_table.setdefault(self._tables[topic], []).extend(of_topic)
        return by_table

    def _insert(self, rows: _Rows) -> list[Refused]:
        """Insert them and return those that are refused: they are halved until the one at fault stands alone."""
        count = len(rows.messages)
        if not count:
            return []
        try:
            with SINK_SECONDS.labels(self.name, rows.table).time():
                self._insert_whole(rows)
        except Error as error:
            if error.code not in _ABOUT_ROWS:
                raise
            if count == 1:
                return [Refused(rows.messages[0], str(error))]
            return [*self._insert_again(rows, 0, count // 2), *self._insert_again(rows, count // 2, count)]
        SINK_ROWS.labels(self.name, rows.table).inc(count)
        return []

    def _insert_again(self, rows: _Rows, start: int, stop: int) -> list[Refused]:
        some = rows.messages[start:stop]
        return self._insert(_read(rows.table, some, self._writer(rows.table)))

    def _insert_whole(self, rows: _Rows) -> None:
        writer = self._writer(rows.table)
        self._opened.raw_insert(
            rows.table,
            writer.names,
            rows.body,
            settings={**INSERT_SETTINGS, "insert_deduplication_token": rows.token},
            fmt="Native",
            compression=writer.compression,
        )

    def _writer(self, table: str) -> NativeWriter:
        if table not in self._writers:
            # Asked once: the types of its columns.
            context = self._opened.create_insert_context(table, list(TABLES[table].columns([])))
            self._writers[table] = NativeWriter(context, self._opened.write_compression)
        return self._writers[table]

    @property
    def _opened(self) -> Client:
        if self._client is None:
            client = self._open()
            try:
                check_columns(client)
            except BaseException:
                client.close()
                raise
            self._client = client
        return self._client

    def _report(self, unusable: Sequence[Refused]) -> None:
        for message, reason in unusable[:_LOGGED]:
            log.warning("no row for %s[%d]@%d: %s", message.topic, message.partition, message.offset, reason)
        for topic, count in Counter(message.topic for message, _ in unusable).items():
            log.warning("%d messages of %s became no row", count, topic)
            SINK_REJECTED.labels(self.name, topic).inc(count)

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _read(table: str, messages: Sequence[Message], writer: NativeWriter) -> _Rows:
    blocks, usable, unusable = to_parts(table, messages, writer.block)
    return _Rows(table, b"".join(blocks), token(usable), usable, unusable)


def token(messages: Sequence[Message]) -> str:
    """Names a block by exactly the records in it, so that the engine drops the block when it comes again.

    The time of the append tells a record from one at the same offset of a topic that was deleted and made anew.
    """
    digest = hashlib.blake2b(digest_size=16)
    for topic, of_topic in groupby(messages, attrgetter("topic")):
        digest.update(topic.encode() + b"\0")
        digest.update(array("q", [n for m in of_topic for n in (m.partition, m.offset, m.timestamp)]).tobytes())
    return digest.hexdigest()

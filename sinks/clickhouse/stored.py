"""Stored rows as dicts of their columns, wherever the engine is; events page by page."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from sinks.clickhouse.console import query

PAGE_ROWS: Final = 20_000
# By time and, within one, as they stand in the log.
BY_TIME: Final = ("at", "log_partition", "log_offset")


def read_rows(url: str, sql: str) -> list[dict[str, Any]]:
    """The rows of one statement. Whole numbers of 64 bits are texts. Raises QueryFailed or CannotOpen."""
    return [msgspec.json.decode(line) for line in query(url, sql, "JSONEachRow").splitlines()]


def read_events(
    url: str, columns: str, at: str, where: str, place: Sequence[str] = BY_TIME, page_rows: int = PAGE_ROWS
) -> Iterator[dict[str, Any]]:
    """The rows of `scored_events_now` that meet a condition, each once, in the order of `place`: names of numbers, by
    which no two rows are equal. `columns` and their time `at` are SQL; a row has `at`, `log_partition` and
    `log_offset` too.
    """
    order = ", ".join(place)
    after = "1"
    while True:
        rows = read_rows(
            url,
            f"SELECT {columns}, log_partition, log_offset, {at} AS at FROM scored_events_now "  # noqa: S608
            f"WHERE {where} AND {after} ORDER BY {order} LIMIT {page_rows}",
        )
        yield from rows
        if len(rows) < page_rows:
            return
        after = f"({order}) > ({', '.join(str(int(rows[-1][name])) for name in place)})"

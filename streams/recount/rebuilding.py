"""Days of windows counted again and stored where they differ, in processes beside the one that has the database open.

A process counts one day at a time. What is in memory is the rows of as many days as there are processes, and one more.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.windows import Totals
from sinks.clickhouse.blocks import Shape, insert, shape_of
from sinks.clickhouse.native import NativeWriter
from sinks.columns import by_name
from streams.recount.counting import Days, counted, differences
from streams.recount.rows import escalations_sql, events_sql, kept, raised, window, windows_sql
from streams.recount.writing import COLUMNS, row
from streams.windows import WindowRules

_BLOCK_ROWS = 5_000
_PART_EVENTS = 20_000
_PART_DAYS = 31
_NOTHING = Totals()


class Part(NamedTuple):
    """What a process is given of some days: rows as JSON, one a line."""

    days: Days
    windows: bytes
    events: bytes
    escalations: bytes


class Rebuilt(NamedTuple):
    """Blocks of the windows that differ, and how many there are."""

    body: bytes
    windows: int


def rebuild(
    client: Client,
    parts: Iterable[Days],
    rules: WindowRules,
    executor: Executor,
    processes: int,
    *,
    settled: int | None = None,
) -> Iterator[int]:
    """Store the final windows of each of these days that differ from what their stored events add up to; yields, day
    by day in their order, how many were stored. With `settled` (Unix seconds) windows that end by then and are not
    stored are final, too. Raises clickhouse_connect's errors; days that were yielded are done.
    """
    shape = shape_of(client, "windows", COLUMNS)
    waiting: deque[Future[Rebuilt]] = deque()

    def store() -> int:
        done = waiting.popleft().result()
        insert(client, shape, done.body)
        return done.windows

    try:
        for days in parts:
            waiting.append(executor.submit(recount, _part(client, days, rules), rules, shape, settled))
            if len(waiting) > processes:
                yield store()
        while waiting:
            yield store()
    finally:
        for future in waiting:
            future.cancel()


def recount(part: Part, rules: WindowRules, shape: Shape, settled: int | None) -> Rebuilt:
    """Count some days again. Pure, for another process."""
    stored = dict(map(window, _rows(part.windows)))
    again = counted(map(kept, _rows(part.events)), map(raised, _rows(part.escalations)), rules, part.days)
    changed = differences(stored, again, settled)
    writer = _writer(shape)
    rows = [_plain(row(one.key, one.counted or _NOTHING, stored.get(one.key))) for one in changed]
    blocks = [
        writer.block(by_name(COLUMNS, rows[start : start + _BLOCK_ROWS])) for start in range(0, len(rows), _BLOCK_ROWS)
    ]
    return Rebuilt(b"".join(blocks), len(rows))


def each_day(begins: Iterable[int], rules: WindowRules, tenant: str | None) -> Iterator[Days]:
    """The windows of these days, which begin at multiples of the largest size."""
    largest = rules.sizes[-1]
    return (Days(begin, begin + largest, tenant) for begin in begins)


def in_parts(events: Mapping[int, int], rules: WindowRules, tenant: str | None) -> Iterator[Days]:
    """The windows of these days, by how many events each has: days with few are counted together, because each
    question costs some ten milliseconds.
    """
    largest = rules.sizes[-1]
    begin, end, count = 0, 0, 0
    for day in sorted(events):
        if end and (count + events[day] > _PART_EVENTS or day >= begin + _PART_DAYS * largest):
            yield Days(begin, end, tenant)
            end = 0
        if not end:
            begin, count = day, 0
        end, count = day + largest, count + events[day]
    if end:
        yield Days(begin, end, tenant)


def _part(client: Client, days: Days, rules: WindowRules) -> Part:
    # The windows first: an event that is stored meanwhile is then counted, and its window not final yet.
    statements = (windows_sql(days, rules), events_sql(days, rules), escalations_sql(days))
    return Part(days, *(client.raw_query(sql, fmt="JSONEachRow") for sql in statements))


def _rows(lines: bytes) -> Iterator[dict[str, Any]]:
    return map(msgspec.json.decode, lines.splitlines())


_START = COLUMNS.index("start")


def _plain(values: list[Any]) -> list[Any]:
    values[_START] = int(values[_START].timestamp())
    return values


@lru_cache(maxsize=4)
def _writer(shape: Shape) -> NativeWriter:
    return shape.writer()

"""Every query of the dashboards over a month of a busy desk in the embedded ClickHouse."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client
from rich.console import Console

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from tests.bench.child import Child
from tests.bench.figures import Figure, below, known
from tests.panels.asked import Asked, asked, chosen, dashboards
from tests.panels.history import History, write_history
from tests.panels.macros import Span, expand

EVENTS = 5_000_000
QUICK_EVENTS = 500_000
DAYS = 31
LAPS = 3
SECONDS = 900.0

_UNTIL = datetime(2026, 3, 31, 18, 20, tzinfo=UTC)
_DAY, _MONTH = "24 h", "30 days"
# As Grafana would choose them for a panel of 800 pixels.
_SPANS = {_DAY: Span(_UNTIL - timedelta(days=1), _UNTIL, 120), _MONTH: Span(_UNTIL - timedelta(days=30), _UNTIL, 3600)}
_BARS_MS = {_DAY: 300, _MONTH: 1500}
_SHOWN = 8


class Timed(NamedTuple):
    """One query over one span: the least of its laps on the clock, and what that lap took of all cores' time."""

    panel: str
    span: str
    milliseconds: float
    cpu_milliseconds: float
    rows: int


async def measure(events: int, console: Console) -> list[Figure]:
    """In a process of its own: the embedded engine opens one path in the life of a process."""
    async with Child("tests.bench.panels", events) as child:
        timed = await child.answer(list[Timed], SECONDS)
    return [
        figure for span in _SPANS for figure in _figures([each for each in timed if each.span == span], span, console)
    ]


def _figures(timed: Sequence[Timed], span: str, console: Console) -> Iterator[Figure]:
    slowest = sorted(timed, key=lambda each: -each.milliseconds)
    for each in slowest[:_SHOWN]:
        share = each.milliseconds / _BARS_MS[span]
        told = f"{each.milliseconds:,.0f} ms, {each.cpu_milliseconds:,.0f} of the processor, {share:.2f} of the bar"
        console.print(f"  {span}: {each.panel}: {told}")
    worst = slowest[0]
    yield below("panels", f"slowest query, {span}", worst.milliseconds, "ms", _BARS_MS[span], worst.panel)
    yield known("panels", f"processor time of a query, {span}", [each.cpu_milliseconds for each in timed], "ms")
    middle = known("panels", f"all {len(timed)} queries, {span}", [each.milliseconds for each in timed], "ms")
    yield middle._replace(laps=[each._asdict() for each in timed])


def run(events: int) -> list[Timed]:
    """Make the history, then ask every query `LAPS` times over each span, in turns."""
    with tempfile.TemporaryDirectory(prefix="ticketpulse-bench-") as folder:
        client = connect(f"chdb://{folder}")
        try:
            migrate(client)
            write_history(client, History(events, DAYS, _UNTIL))
            _merge_weeks_that_are_over(client)
            # What the engine does by itself a minute after a day's last row.
            client.command("INSERT INTO phrases_by_day SELECT * FROM days_counted(quiet = 0, most = 100000000)")
            return [timed for query, variables in _queries(client) for timed in _time(client, query, variables)]
        finally:
            client.close()


def _merge_weeks_that_are_over(client: Client) -> None:
    """What the engine does by itself an hour after a week's last row, and here has had no hour for."""
    for (week,) in client.query(
        "SELECT DISTINCT partition FROM system.parts WHERE table = 'events_by_time'"
    ).result_rows:
        if week < f"{_UNTIL - timedelta(days=_UNTIL.weekday()):%Y-%m-%d}":
            client.command(f"OPTIMIZE TABLE events_by_time PARTITION '{week}' FINAL")


def _queries(client: Client) -> Iterator[tuple[Asked, dict[str, str | list[str]]]]:
    typed: dict[str, str | list[str]] = {
        "ticket": str(client.command("SELECT any(ticket_id) FROM escalations WHERE tenant = 'default'")),
        "alert": str(client.command("SELECT toString(any(alert_id)) FROM alerts")),
    }
    seen = set()
    for board in dashboards().values():
        for query in asked(board):
            if query.sql not in seen:
                yield query, chosen(board) | typed
            seen.add(query.sql)


def _time(client: Client, query: Asked, variables: dict[str, str | list[str]]) -> Iterator[Timed]:
    for name, span in _SPANS.items():
        sql = expand(query.sql, span, variables)
        laps = [_lap(client, sql) for _ in range(LAPS)]
        milliseconds, cpu_milliseconds, rows = min(laps)
        yield Timed(f"{query.uid}: {query.panel}", name, milliseconds, cpu_milliseconds, rows)


def _lap(client: Client, sql: str) -> tuple[float, float, int]:
    started, cpu_started = time.perf_counter(), time.process_time()
    rows = len(client.query(sql).result_rows)
    return (time.perf_counter() - started) * 1000, (time.process_time() - cpu_started) * 1000, rows


if __name__ == "__main__":
    answer: list[Any] = run(msgspec.json.decode(sys.argv[1], type=int))
    print(msgspec.json.encode(answer).decode(), flush=True)

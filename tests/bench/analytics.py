"""What a change of a filter asks of ClickHouse over a million tickets, question by question and all together.

    python -m tests.bench.million FOLDER
    python -m tests.bench.analytics FOLDER [LAPS]

Beside the clock stands processor time, which other work on the machine changes less, and beside that the ratio to a
pass over the same events that only counts their tickets.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.table import Table

from sinks.analytics.cells import read_heatmap
from sinks.analytics.distribution import read_distribution
from sinks.analytics.emotions import read_emotions
from sinks.analytics.facts import EVENTS, bound
from sinks.analytics.selection import Selection
from sinks.analytics.summary import read_summary
from sinks.analytics.tickets import read_tickets
from sinks.analytics.trends import read_trends
from sinks.clickhouse.client import connect
from sinks.dashboard.asking import ask
from tests.bench.million import DAYS, UNTIL

LAPS: Final = 3
# As the page asks them: at once, by so many clients.
CLIENTS: Final = 3

Question = Callable[[Client, Selection], Any]


def _reference(client: Client, selection: Selection) -> Any:
    return ask(client, f"SELECT uniqExact(ticket) FROM {EVENTS}", bound(selection))  # noqa: S608


def _trends(client: Client, selection: Selection) -> Any:
    return read_trends(client, selection, "day", "previous")


QUESTIONS: Final[dict[str, Question]] = {
    "summary": read_summary,
    "trends": _trends,
    "heat map": read_heatmap,
    "distribution": read_distribution,
    "emotions": read_emotions,
}
FILTERS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "no filter": {},
    "email, billing": {"channels": ("email",), "categories": ("billing",)},
}


class Took(NamedTuple):
    """The least of the laps, in milliseconds."""

    clock: float
    processor: float


def measure(folder: Path, laps: int, console: Console) -> None:
    """Ask everything over a week, a month and the whole history."""
    clients = [connect(f"chdb://{folder}", readonly=True) for _ in range(CLIENTS)]
    table = Table("span", "filter", "question", "clock, ms", "processor, ms", "of a pass that counts tickets")
    try:
        for days in (7, 30, DAYS):
            for named, filters in FILTERS.items():
                chosen: Any = filters
                selection = Selection(since=UNTIL - timedelta(days=days), until=UNTIL, **chosen)
                reference = _took(partial(_reference, clients[0], selection), laps)
                for name, question in {**QUESTIONS, "list of tickets": read_tickets}.items():
                    took = _took(partial(question, clients[0], selection), laps)
                    _add(table, days, named, name, took, reference)
                together = _took(partial(_at_once, clients, selection), laps)
                _add(table, days, named, "the first five at once", together, reference)
    finally:
        for client in clients:
            client.close()
    console.print(table)


def _at_once(clients: list[Client], selection: Selection) -> None:
    free = list(clients)

    def one(question: Question) -> None:
        client = free.pop()
        try:
            question(client, selection)
        finally:
            free.append(client)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(one, QUESTIONS.values()))


def _took(work: Callable[[], Any], laps: int) -> Took:
    clock, processor = [], []
    for _ in range(laps):
        began, used = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    return Took(min(clock) * 1000, min(processor) * 1000)


def _add(table: Table, days: int, named: str, name: str, took: Took, reference: Took) -> None:
    ratio = took.processor / reference.processor
    table.add_row(f"{days} days", named, name, f"{took.clock:.0f}", f"{took.processor:.0f}", f"{ratio:.1f}")


if __name__ == "__main__":
    measure(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else LAPS, Console(width=140))

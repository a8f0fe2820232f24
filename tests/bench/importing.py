"""An import straight to the embedded ClickHouse: `python -m tests.bench.importing [TICKETS]`.

A CSV of tickets over a year: the complaints' messages with a number of their own, a first reply, a resolution and a
rating for two of three. `microseconds_an_event` is of the processor, all processes together.
"""

import csv
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from streams.importing.files import open_table
from streams.importing.guessing import guess
from streams.importing.making import Maker
from streams.importing.spooling import Rejects, by_time, spool
from streams.importing.straight import Means, store
from streams.reanalysis.pool import processes, usual_processes
from streams.reanalysis.scoring import Model
from streams.windows import WindowRules
from tests.bench.reanalysis import processor_seconds, texts

TICKETS = 20_000
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_HEAD: tuple[str, ...] = (
    "Ticket ID",
    "Created time",
    "Initial response time",
    "Resolved time",
    "Last update time",
    "Status",
    "Priority",
)
_HEAD += ("Source", "Agent", "Subject", "Description", "Survey results")


def rows(tickets: int) -> Iterator[list[str]]:
    """As Freshdesk exports them."""
    said = texts(400)
    for number in range(tickets):
        opened = _BEGIN + timedelta(seconds=number * 365 * 86_400 / tickets)
        ended = opened + timedelta(hours=30)
        is_done = number % 3 > 0
        yield [
            str(number),
            f"{opened:%Y-%m-%d %H:%M:%S}",
            f"{opened + timedelta(minutes=40):%Y-%m-%d %H:%M:%S}",
            f"{ended:%Y-%m-%d %H:%M:%S}" if is_done else "",
            f"{ended:%Y-%m-%d %H:%M:%S}",
            "Closed" if is_done else "Open",
            ("Low", "Medium", "High")[number % 3],
            ("Email", "Phone", "Portal", "Chat")[number % 4],
            f"agent {number % 20}",
            "A complaint",
            f"{said[number * 7919 % len(said)]} {number}",
            ("", "Extremely Happy", "Unhappy")[number % 3],
        ]


def run(tickets: int, count: int) -> dict[str, float]:
    """Seconds of the wall clock of each part, and the processor's time."""
    with tempfile.TemporaryDirectory(prefix="ticketpulse-bench-") as folder:
        path, spooled = Path(folder) / "tickets.csv", Path(folder) / "spooled"
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(_HEAD)
            writer.writerows(rows(tickets))
        client = connect(f"chdb://{folder}/clickhouse")
        try:
            migrate(client)
            began, used = time.monotonic(), processor_seconds()
            table = open_table(path)
            maker = Maker(guess(table.columns, table.sample(), {}).mapping, table.columns)
            found = spool(table, maker, spooled, Rejects(Path(folder) / "rejects"), max_errors=0)
            read = time.monotonic()
            with processes(count) as executor:
                means = Means(client, executor, count, Model("support", None), WindowRules(), 100, datetime.now(UTC))
                stored = store(by_time(spooled), means)
            ended = time.monotonic()
        finally:
            client.close()
    return {
        "tickets": tickets,
        "events": stored.events,
        "escalations": stored.escalations,
        "windows": stored.windows,
        "seconds": round(ended - began, 1),
        "reading_seconds": round(read - began, 1),
        "events_per_second": round(found.events / (ended - began)),
        "microseconds_an_event": round((processor_seconds() - used) / found.events * 1e6),
    }


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS, usual_processes()))

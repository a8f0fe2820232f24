"""A re-analysis of made tickets: `python -m tests.bench.reanalysis [TICKETS [CHARACTERS]]`.

Each ticket is one message: the words of a bundled complaint's messages, cut to so many characters, with a number and
two names of its own, so that no two texts are equal and what remembers texts finds none. Words and phrases come again,
as they do in real mail, so memories of words are warm. The rows are in the embedded ClickHouse, 30 days of them, scored
by another preset; the windows were counted before, so that those that differ are found and stored anew.
"""

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from streams.demo.feed import conversations, load_complaints
from streams.reanalysis import running
from streams.reanalysis.asked import Asked
from streams.reanalysis.pool import processes, usual_processes
from streams.reanalysis.running import Means, touched_days
from streams.reanalysis.runs import Run
from streams.reanalysis.scoring import Model
from streams.recount.rebuilding import each_day, rebuild
from streams.windows import WindowRules

TICKETS = 1_000_000
CHARACTERS = 400
DAYS = 30
WANTED_SECONDS = 180
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_NAMES = ["Ann", "Bob", "Carla", "Deniz", "Emeka", "Fatima", "Grace", "Hiro", "Ines", "Jonas"]
_ROWS_AT_A_TIME = 100_000
RULES = WindowRules()


def texts(characters: int) -> list[str]:
    """The beginnings of the customers' messages of the bundled complaints."""
    steps = islice(conversations(load_complaints(), 1), 12_000)
    said = [step.fields.get("text") for step in steps if step.fields["type"] in ("created", "message")]
    return sorted({text[:characters] for text in said if text})


def fill(client: Client, tickets: int, characters: int) -> None:
    """Rows as an old model might have left them."""
    bound: dict[str, Any] = {
        "texts": texts(characters),
        "names": _NAMES,
        "begin": int(_BEGIN.timestamp() * 1000),
        "gap": DAYS * 86_400_000 // tickets,
    }
    for first in range(0, tickets, _ROWS_AT_A_TIME):
        client.command(
            f"""
            INSERT INTO scored_events (tenant, ticket_id, event_id, type, channel, priority, category, voice, status,
                customer_id, occurred_at, received_at, appended_at, subject, text, scored, score, label, scorer,
                log_partition, log_offset, version)
            SELECT 'default', concat('T-', toString(number)), concat('e-', toString(number)), 'created',
                ['email', 'chat', 'web', 'phone'][number % 4 + 1], ['low', 'medium', 'high'][number % 3 + 1], 'general',
                'customer', 'open', concat('c-', toString(number % 50000)),
                fromUnixTimestamp64Milli({{begin:Int64}} + toInt64(number) * {{gap:Int64}}, 'UTC') AS at, at, at, '',
                concat({{texts:Array(String)}}[number * 7919 % length({{texts:Array(String)}}) + 1], ' Order ',
                    toString(cityHash64(number) % 1000000007), ', ', {{names:Array(String)}}[number % 10 + 1], ' ',
                    toString(number)),
                true, 5.0, 'neutral', 'made', number % 8, number, number
            FROM numbers({first}, {min(_ROWS_AT_A_TIME, tickets - first)})""",  # noqa: S608
            parameters=bound,
        )


def run(tickets: int, characters: int, count: int) -> dict[str, float]:
    """Seconds of the parts, of the wall clock, and what was found."""
    with tempfile.TemporaryDirectory(prefix="ticketpulse-bench-") as folder:
        client = connect(f"chdb://{folder}/clickhouse")
        try:
            migrate(client)
            fill(client, tickets, characters)
            with processes(count) as executor:
                days = touched_days(client, 0, None, RULES)
                settled = int((_BEGIN + timedelta(days=DAYS + 1)).timestamp())
                before = sum(rebuild(client, each_day(days, RULES, None), RULES, executor, count, settled=settled))
            print(f"{tickets:,} tickets, {before:,} windows are there", file=sys.stderr)
            used = processor_seconds()
            with processes(count) as executor:
                found = _measured(client, executor, count)
            seconds = processor_seconds() - used
            return found | {
                "processor_seconds": round(seconds, 1),
                "microseconds_a_ticket": round(seconds / tickets * 1e6),
            }
        finally:
            client.close()


def processor_seconds() -> float:
    """Of this process and of those that it has waited for: what a busy machine leaves comparable."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _measured(client: Client, executor: Any, count: int) -> dict[str, float]:
    marks: list[tuple[float, Run]] = []

    def show(run: Run) -> None:
        marks.append((time.monotonic(), run))

    means = Means(client, executor, count, Model("support", None), RULES, lambda: datetime.now(UTC), show=show)
    began = time.monotonic()
    done = running.go_on(running.start(Asked(everything=True), means, "bench"), means)
    seconds = time.monotonic() - began
    scored = next(at for at, run in marks if run.done == run.events) - began
    return {
        "tickets": done.tickets,
        "seconds": round(seconds, 1),
        "rows_seconds": round(scored, 1),
        "windows_seconds": round(seconds - scored, 1),
        "tickets_per_second": round(done.tickets / seconds),
        "relabelled": done.relabelled,
        "windows": done.windows,
    }


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else TICKETS
    longest = int(sys.argv[2]) if len(sys.argv) > 2 else CHARACTERS
    print(run(wanted, longest, usual_processes()))

"""How long quiet tenants' events wait for `score` beside a flood: `python -m tests.bench.tenant_queue`.

A queue on paper, so that what else the machine does changes nothing: arrivals are those of `tests.bench.tenants` with
a clock of its own and the real quotas, and what an event takes is the processor time that the stage takes here. One
process has both partitions and works on what came first; what a transaction costs is left out.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Final, NamedTuple

from rich.console import Console

from streams import topics
from streams.engine.stage import Batch
from streams.engine.state import Overlay, State
from streams.escalation.book import preset_book
from streams.gateway.reading import Accepted
from streams.gateway.writing import LONGEST_SECONDS, in_parts
from streams.score import ScoreStage
from streams.stages import load_preset
from streams.tenancy.amounts import Amount
from streams.tenancy.day_counts import DayCounts
from streams.tenancy.quotas import Exceeded, Quotas
from streams.tenancy.tenant_file import TenantFile
from streams.tenancy.usage_counts import UsageCounts
from tests.bench.events import encode
from tests.bench.figures import quantile
from tests.bench.load import ANGRY
from tests.bench.noise import CONNECTIONS, LIST, LOUD, RUDE_SECONDS, Kind, event
from tests.bench.tenants import QUIET, RATE
from tests.unit.records import NINE, Appended

SECONDS: Final = 60.0
EVENTS: Final = 100.0
BURST: Final = 200


class Case(NamedTuple):
    """A flood of this kind under a quota; `bytes_per_second` None is what goes with the events, 0 none."""

    name: str
    kind: Kind
    bytes_per_second: float | None
    in_parts: bool


CASES: Final = (
    Case("100 characters, quota", "lists", None, True),
    Case("25 KB, no quota of bytes", "long texts", 0.0, False),
    Case("25 KB, quota of bytes, lists at once", "long texts", None, False),
    Case("25 KB, quota of bytes, lists in parts", "long texts", None, True),
)


class Arrival(NamedTuple):
    """When an event comes into the log, what it takes, and whether it is of a quiet tenant; all in seconds."""

    at: float
    takes: float
    quiet: bool


def main() -> None:
    """Print what the quiet ones wait, by case."""
    stage, console = ScoreStage(preset_book("support"), load_preset), Console(width=140)
    quiet = _takes(stage, [encode({"event_id": "q", "ticket_id": "q", "text": ANGRY})] * 100)
    for case in CASES:
        values = [encode(event(number, case.kind)) for number in range(LIST if case.kind == "lists" else LIST // 5)]
        takes = _takes(stage, values)
        noise = [Arrival(at, takes, quiet=False) for at in _let_in(case, values)]
        calm = [
            Arrival(2 + n / (len(QUIET) * RATE), quiet, quiet=True) for n in range(int(SECONDS * len(QUIET) * RATE))
        ]
        waits = _waits(sorted([*noise, *calm]))
        console.print(
            f"{case.name:<38} {takes * 1000:5.2f} ms an event, {len(noise) / SECONDS:5.1f}/s in: waits p50 "
            f"{quantile(waits, 0.5):.3f} s, p99 {quantile(waits, 0.99):.3f} s, longest {max(waits):.3f} s",
            highlight=False,
        )


def _takes(stage: ScoreStage, values: Sequence[bytes]) -> float:
    """Processor time of an event, the best of three."""
    records = [Appended(place, NINE, b"k", value) for place, value in enumerate(values)]
    found = []
    for _ in range(4):
        began = time.process_time()
        stage.process(Batch(topics.EVENTS, 0, records), Overlay(State(0, 1)), NINE)
        found.append((time.process_time() - began) / len(records))
    return min(found[1:])


def _let_in(case: Case, values: Sequence[bytes]) -> Iterator[float]:
    """When the noisy tenant's events come, who sends the same list on each connection as fast as it can."""
    clock = [0.0]
    said = {"events_per_second": EVENTS, "burst": BURST, "bytes_per_second": case.bytes_per_second}
    file = TenantFile.model_validate({"tenants": {LOUD: said}})
    now = datetime(2026, 3, 4, tzinfo=UTC)
    quotas = Quotas(lambda: file, DayCounts(None), lambda: clock[0], lambda: now, UsageCounts(None, lambda: now))
    parts = in_parts([Accepted("", b"", value) for value in values])
    free = [(number * RUDE_SECONDS / CONNECTIONS) for number in range(CONNECTIONS)]
    while (at := heappop(free)) < SECONDS:
        clock[0] = at
        try:
            owed = quotas.take({LOUD: Amount(len(values), sum(map(len, values)))}).owed
        except Exceeded:
            heappush(free, at + RUDE_SECONDS)
            continue
        pause = min(owed, LONGEST_SECONDS) / len(parts) if case.in_parts else 0.0
        for number, part in enumerate(parts):
            yield from [at + number * pause] * len(part)
        heappush(free, at + (len(parts) - 1) * pause + RUDE_SECONDS)


def _waits(arrivals: Sequence[Arrival]) -> list[float]:
    """Seconds from the arrival of each quiet event to its end in a queue in which whoever came first is served."""
    free, waits = 0.0, []
    for arrival in arrivals:
        free = max(free, arrival.at) + arrival.takes
        if arrival.quiet:
            waits.append(free - arrival.at)
    return waits


if __name__ == "__main__":
    main()

"""How the work grows: one worker and two over the same backlog, and an event's cost beside ever more tickets.

python -m tests.bench.scaling                         # both; 5,000,000 tickets take some 12 GB
python -m tests.bench.scaling --only workers --events 60000
python -m tests.bench.scaling --only state --tickets 10000,1000000
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import orjson
from rich.console import Console

from streams.up.local_kafka import LocalKafka
from tests.bench.child import Child
from tests.bench.figures import Figure, at_least, known
from tests.bench.report import keep, machine, show
from tests.bench.state_cost import StateCost
from tests.bench.track import conversations
from tests.bench.usage import available_bytes, cpu_seconds
from tests.peers.events import Feeder, events_of, key_of
from tests.soak.cluster import INPUTS, Cluster
from tests.soak.workers import ProductProcess

ROOT: Final = Path(__file__).parents[2]
KAFKA_LIBS: Final = ROOT / ".local" / "kafka" / "libs"
RESULTS: Final = ROOT / ".local" / "bench"
PARTITIONS: Final = 4
WARM_UP: Final = 2_000
# Behind all numbers of the warm-up.
FIRST: Final = 1_000_000
STAGES: Final = ("score", "track")
TICKETS: Final = (10_000, 100_000, 1_000_000, 5_000_000)
# What a ticket of one message takes in memory, generously: asked before it is tried.
BYTES_PER_TICKET: Final = 2_500
START_SECONDS: Final = 300.0
STUCK_SECONDS: Final = 600.0
POLL_SECONDS: Final = 0.05

console = Console(stderr=True)


class Shared(NamedTuple):
    """A backlog that `workers` processes of a stage have worked through together."""

    stage: str
    workers: int
    events: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


async def measure_workers(stage: str, events: int, repetitions: int) -> list[Figure]:
    """One worker and two, in turns, each on a broker of its own with `PARTITIONS` partitions."""
    ratios, costs, rates = [], [], []
    for _ in range(repetitions):
        one, two = [await _shared(stage, workers, events) for workers in (1, 2)]
        ratios.append(two.rate / one.rate)
        costs.append((two.cpu_seconds / two.events) / (one.cpu_seconds / one.events))
        rates.append(two.rate)
        console.print(
            f"  {stage}: {one.rate:,.0f} events/s with one worker, {two.rate:,.0f} with two "
            f"({one.cpu_seconds / one.events * 1e6:.0f} and {two.cpu_seconds / two.events * 1e6:.0f} µs an event)"
        )
    note = "the broker is on the same cores"
    return [
        at_least("workers", f"{stage}: two workers / one", ratios, "x", 1.8, note),
        known("workers", f"{stage}: an event's processor time with two / with one", costs, "x"),
        known("workers", f"{stage}: events with two", rates, "events/s"),
    ]


async def _shared(stage: str, workers: int, events: int) -> Shared:
    with tempfile.TemporaryDirectory(prefix="ticketpulse-scaling-") as folder:
        path = Path(folder)
        async with LocalKafka(path / "kafka", KAFKA_LIBS) as kafka, Cluster(kafka.brokers, PARTITIONS) as cluster:
            processes = [_worker(stage, number, kafka.brokers, path) for number in range(workers)]
            try:
                async with Feeder(kafka.brokers, INPUTS[stage], PARTITIONS) as feeder:
                    await _joined(cluster, stage, processes)
                    warm, bulk = _records(stage, WARM_UP, 0), _records(stage, events, FIRST)
                    await feeder.records(warm)
                    await _through(cluster, stage, processes)
                    cpu = _cpu_seconds(processes)
                    began = time.monotonic()
                    await feeder.records(bulk)
                    await _through(cluster, stage, processes)
                    seconds = time.monotonic() - began
                return Shared(stage, workers, events, seconds, _cpu_seconds(processes) - cpu)
            finally:
                for process in processes:
                    process.discard()


def _worker(stage: str, number: int, brokers: str, folder: Path) -> ProductProcess:
    environment = {"KAFKA_BROKERS": brokers, "TICKETPULSE_LOCAL_DIR": str(folder)}
    return ProductProcess(f"{stage}-{number}", ["-m", "streams.cli", "worker", "--stage", stage], environment, folder)


def _records(stage: str, count: int, first: int) -> list[tuple[bytes, bytes]]:
    """What the stage reads, made before anything is timed."""
    if stage == "track":
        return [(key, value) for key, value in conversations(count, first)]
    return [(key_of(event), orjson.dumps(event)) for event in events_of(count, f"from{first}", time.time())]


async def _joined(cluster: Cluster, stage: str, processes: Sequence[ProductProcess]) -> None:
    """Wait until every worker is in the group and has its partitions."""
    async with asyncio.timeout(START_SECONDS):
        while (await cluster.group(stage)) != (len(processes), True):
            _all_alive(processes)
            await asyncio.sleep(POLL_SECONDS)


async def _through(cluster: Cluster, stage: str, processes: Sequence[ProductProcess]) -> None:
    """Wait until all that is on the stage's topic is done; the group tells it once a second."""
    async with asyncio.timeout(STUCK_SECONDS):
        while not await cluster.is_through(stage):
            _all_alive(processes)
            await asyncio.sleep(POLL_SECONDS)


def _all_alive(processes: Sequence[ProductProcess]) -> None:
    for process in processes:
        process.alive()


def _cpu_seconds(processes: Sequence[ProductProcess]) -> float:
    return sum(cpu_seconds(process.pid) for process in processes)


async def measure_state(sizes: Sequence[int]) -> list[Figure]:
    """An event's cost at each size, and the largest's against the smallest's."""
    found: list[StateCost] = []
    for tickets in sizes:
        free = available_bytes()
        if tickets * BYTES_PER_TICKET > free:
            console.print(f"  {tickets:,} tickets may need {tickets * BYTES_PER_TICKET / 1e9:.0f} GB: not measured")
            continue
        async with Child("tests.bench.state_cost", tickets) as child:
            found.append(await child.answer(StateCost, STUCK_SECONDS))
        cost = found[-1]
        console.print(
            f"  {tickets:,} tickets ({cost.rows:,} rows): {cost.event_micros:.0f} µs an event "
            f"({cost.least_micros:.0f} at least), a tick {cost.tick_ms:.1f} ms, "
            f"{cost.bytes_per_ticket:,.0f} bytes of memory a ticket"
        )
    figures = [
        known("state", f"an event beside {cost.tickets:,} tickets", [cost.event_micros, cost.least_micros], "µs")
        for cost in found
    ]
    if len(found) > 1:
        ratio = found[-1].least_micros / found[0].least_micros
        figures.append(known("state", f"{found[-1].tickets:,} tickets / {found[0].tickets:,}", [ratio], "x", "flat: 1"))
    return figures


async def _measure(arguments: argparse.Namespace, figures: list[Figure]) -> None:
    if "state" in arguments.only:
        figures += await measure_state(arguments.tickets)
    if "workers" in arguments.only:
        for stage in STAGES:
            figures += await measure_workers(stage, arguments.events, arguments.repetitions)


def main() -> None:
    """Measure, print the table, keep the figures. A bar that is missed is no error."""
    arguments = _parse()
    began = datetime.now(UTC)
    console.print(f"scaling on {machine()}")
    figures: list[Figure] = []
    try:
        asyncio.run(_measure(arguments, figures))
    except KeyboardInterrupt:
        console.print("stopped: what ran is ended")
    finally:
        if figures:
            show(figures, Console(width=160 if not sys.stdout.isatty() else None))
            print(keep(figures, arguments.results, began, quick=False))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.scaling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=lambda names: names.split(","), default=["state", "workers"], metavar="NAMES")
    parser.add_argument("--events", type=int, default=60_000, help="of the backlog of workers (%(default)s)")
    parser.add_argument("--repetitions", type=int, default=3, help="of one worker and two (%(default)s)")
    parser.add_argument("--tickets", type=_numbers, default=TICKETS, metavar="NUMBERS", help="sizes of the state")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the figures are kept as JSON")
    return parser.parse_args()


def _numbers(text: str) -> Sequence[int]:
    return [int(number.replace("_", "")) for number in text.split(",")]


if __name__ == "__main__":
    main()

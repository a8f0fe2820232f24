"""`python -m tests.bench`: measure, print the table, keep the figures. A bar that is missed is no error."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from streams.up.local_kafka import LocalKafka
from tests.bench import engine, latency, models, panels, readings, recovery, redaction, score, scorers, track
from tests.bench.child import Child
from tests.bench.figures import Figure, at_least
from tests.bench.report import keep, machine, show

ROOT = Path(__file__).parents[2]
KAFKA_LIBS = ROOT / ".local" / "kafka" / "libs"
RESULTS = ROOT / ".local" / "bench"
BENCHES = (
    "engine",
    "state",
    "recovery",
    "sink",
    "latency",
    "scorers",
    "readings",
    "score",
    "models",
    "redaction",
    "track",
    "panels",
)

console = Console(stderr=True)


def main() -> None:
    """Run the benches that are asked for, one after the other."""
    arguments = _parse()
    began = datetime.now(UTC)
    console.print(f"measuring {', '.join(arguments.only)} on {machine()}")
    figures: list[Figure] = []
    try:
        asyncio.run(_measure(arguments.only, arguments.quick, arguments.data, figures))
    finally:
        # A bench that fails takes nothing away from the ones before it.
        if figures:
            show(figures, Console(width=160 if not sys.stdout.isatty() else None))
            print(keep(figures, RESULTS, began, arguments.quick))


async def _measure(benches: Sequence[str], quick: bool, data: Path | None, figures: list[Figure]) -> None:
    """Append what is found to `figures`, bench after bench."""
    with tempfile.TemporaryDirectory(prefix="ticketpulse-bench-") as folder:
        of_engine = [bench for bench in ("engine", "state") if bench in benches]
        if of_engine or {"recovery", "score", "track"} & set(benches):
            async with LocalKafka(Path(folder) / "kafka", KAFKA_LIBS) as kafka:
                if of_engine:
                    size = engine.QUICK if quick else engine.Size()
                    figures += await engine.measure(kafka.brokers, of_engine, size, console)
                if "recovery" in benches:
                    rows = recovery.QUICK_ROWS if quick else recovery.ROWS
                    figures += await recovery.measure(kafka.brokers, rows, console)
                if "score" in benches:
                    figures += await score.measure(kafka.brokers, score.QUICK if quick else score.Size(), console)
                if "track" in benches:
                    figures += await track.measure(kafka.brokers, track.QUICK if quick else track.Size(), console)
        if "sink" in benches:
            figures.append(await _sink())
        if "latency" in benches:
            figures += await latency.measure(
                Path(folder), KAFKA_LIBS, latency.QUICK if quick else latency.FULL, console
            )
    if "panels" in benches:
        figures += await panels.measure(panels.QUICK_EVENTS if quick else panels.EVENTS, console)
    if "scorers" in benches:
        figures += await scorers.measure(scorers.QUICK_LAPS if quick else scorers.LAPS, data, console)
    if "models" in benches:
        figures += models.measure(models.QUICK_LAPS if quick else models.LAPS, console)
    if "redaction" in benches:
        figures += redaction.measure(redaction.QUICK_LAPS if quick else redaction.LAPS, console)
    if "readings" in benches:
        figures += readings.measure(readings.QUICK_LAPS if quick else readings.LAPS, console)


async def _sink() -> Figure:
    """In a process of its own: the embedded engine opens one path in the life of a process."""
    async with Child("tests.bench.sink_child", None) as child:
        [found] = await child.answer(list[dict[str, float | int | list[float]]])
    rate = found["rows_per_second"]
    assert not isinstance(rate, list)
    console.print(f"  sink: {found}")
    return at_least("sink", "scored rows into chDB", [rate], "rows/s", 50_000)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small and once: to see that it works, not to compare")
    parser.add_argument(
        "--only", type=_benches, default=BENCHES, metavar="NAMES", help=f"comma-separated, of {', '.join(BENCHES)}"
    )
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="texts for a first pass of the scorers: .jsonl, .csv or .txt"
    )
    return parser.parse_args()


def _benches(names: str) -> list[str]:
    wanted = names.split(",")
    if unknown := set(wanted) - set(BENCHES):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(BENCHES)}")
    return [bench for bench in BENCHES if bench in wanted]


if __name__ == "__main__":
    main()

"""Random faults at the real pipeline for as long as asked: `make chaos SECONDS=… SEED=…`.

Laps follow each other, each with a broker and a database of its own and the next seed. A lap's schedule is printed
before it runs; the same seed and length give the same one. One line for each lap, and a table at the end. Exits with 1
when anything was lost, doubled, different or stuck, or when a process ended that nobody had told to.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from streams.up.local_kafka import LocalKafka
from tests.conftest import KAFKA_LIBS
from tests.faults.lap import Outcome, Plan, run_lap
from tests.faults.report import describe, table
from tests.faults.schedule import schedule
from tests.soak.waiting import Stuck
from tests.soak.workers import WorkerDied


def main() -> int:
    """Run what the arguments ask for."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.WARNING, format="%(asctime)s %(message)s")
    # The clients tell of every connection that a fault cuts, and of every request.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    kept = Path(tempfile.mkdtemp(prefix="ticketpulse-chaos-"))
    outcomes: list[Outcome] = []
    failed = False
    try:
        for plan in plans(arguments):
            failed |= not _lap(plan, kept / str(plan.seed), outcomes, keep=arguments.keep)
    except KeyboardInterrupt:
        _say("interrupted: the lap under way is not counted")
        failed = True
    _say(table(outcomes))
    if not any(kept.iterdir()):
        kept.rmdir()
    return int(failed)


def plans(arguments: argparse.Namespace) -> Iterator[Plan]:
    """Laps of equal length that take `seconds` together."""
    laps = max(1, round(arguments.seconds / arguments.lap))
    seconds = arguments.seconds / laps
    for seed in range(arguments.seed, arguments.seed + laps):
        injections = schedule(seed, seconds, arguments.gap)
        yield Plan(
            seed,
            injections,
            events=round(seconds * arguments.rate),
            per_second=arguments.rate,
            partitions=arguments.partitions,
            workers=arguments.workers,
            sinks=2,
        )


def _lap(plan: Plan, folder: Path, outcomes: list[Outcome], *, keep: bool) -> bool:
    _say(f"seed {plan.seed}: {plan.events} events, {len(plan.injections)} faults")
    _say("\n".join(map(str, plan.injections)))
    folder.mkdir()
    outcome: Outcome | None = None
    try:
        outcome = asyncio.run(run_lap(plan, LocalKafka(folder / "kafka", KAFKA_LIBS), folder))
    except* (Stuck, WorkerDied, TimeoutError, ValueError) as errors:
        _say("\n".join(f"seed {plan.seed:<6} FAILED: {error}" for error in errors.exceptions))
    if outcome is None:
        _say(f"  logs: {folder}")
        return False
    outcomes.append(outcome)
    _say(describe(outcome))
    if outcome.wrong:
        _say(f"  logs: {folder}")
    elif not keep:
        shutil.rmtree(folder)
    return not outcome.wrong


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="of faults, all laps together (default: 600)")
    parser.add_argument("--seed", type=int, default=1, help="of the first lap (default: 1)")
    parser.add_argument("--lap", type=float, default=120.0, help="seconds of a lap (default: 120)")
    parser.add_argument("--rate", type=float, default=500.0, help="events a second (default: 500)")
    parser.add_argument("--gap", type=float, default=5.0, help="seconds between faults on average (default: 5)")
    parser.add_argument("--partitions", type=int, default=4, help="of each topic (default: 4)")
    parser.add_argument("--workers", type=int, default=2, help="of each stage (default: 2)")
    parser.add_argument("--keep", action="store_true", help="keep the logs of good laps too")
    parser.add_argument("--verbose", action="store_true", help="say on stderr what happens when")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

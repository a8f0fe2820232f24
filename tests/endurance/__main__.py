"""The pipeline for hours at half of what it can do: `make endurance HOURS=2`. Prints a table of the settled time
in four parts. Exits with 1 when something was lost, doubled or logged as an error, when a window differs, or when a
process grew by more than 3 % and what new rows of state explain.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from streams.up.local_kafka import LocalKafka
from tests.bench.report import machine
from tests.conftest import KAFKA_LIBS
from tests.endurance.report import grown, parts, table
from tests.endurance.run import Outcome, Plan, run


def main() -> int:
    """Run what the arguments ask for."""
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    folder = Path(tempfile.mkdtemp(prefix="ticketpulse-endurance-"))
    plan = Plan(3600 * arguments.hours, arguments.tickets, arguments.backlog, arguments.share, arguments.seed)
    _say(f"{machine()}\nlogs and samples: {folder}")
    outcome = asyncio.run(_run(plan, folder))
    found = parts(outcome)
    wrong = [*outcome.differences, *outcome.errors, *grown(found)]
    _say(f"{outcome.sent:,} events at {outcome.rate:.0f}/s, of at most {outcome.greatest:.0f}/s")
    _say("\n".join(table(found)))
    _say("\n".join(wrong) or "nothing lost, nothing doubled, no window different, no error, nothing grew")
    if not wrong:
        shutil.rmtree(folder)
    return int(bool(wrong))


async def _run(plan: Plan, folder: Path) -> Outcome:
    async with LocalKafka(folder / "kafka", KAFKA_LIBS) as kafka:
        return await run(plan, kafka, folder, _say)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0, help="of the steady flow, at least a minute")
    parser.add_argument("--tickets", type=int, default=5_000, help="that customers write to, all the time")
    parser.add_argument("--backlog", type=int, default=100_000, help="events that the greatest rate is measured with")
    parser.add_argument("--share", type=float, default=0.5, help="of the greatest rate that comes steadily")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())

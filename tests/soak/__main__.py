"""Rounds of faults at the real pipeline, counted. Exits with 1 when anything is lost, doubled, different or stuck, or
when `ticketpulse windows verify` finds a difference in what is stored of it.

One line for each round, and one at the end: `rounds N events N lost N doubled N windows different N`.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from streams.up.local_kafka import LocalKafka
from tests.soak.cluster import STAGES
from tests.soak.rounds import SCENARIOS, Outcome, Plan, run_round
from tests.soak.waiting import Stuck
from tests.soak.workers import WorkerDied

KAFKA_LIBS = Path(__file__).parents[2] / ".local" / "kafka" / "libs"


def main() -> int:
    """Run what the arguments ask for."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    kept = Path(tempfile.mkdtemp(prefix="ticketpulse-soak-"))
    outcomes: list[Outcome] = []
    failed = 0
    for plan in plans(arguments.scenario, arguments.rounds, arguments.events, arguments.seed, arguments.workers):
        folder = kept / f"{plan.scenario}-{plan.seed}"
        try:
            outcome = asyncio.run(_run(plan, folder))
        except (Stuck, WorkerDied, TimeoutError) as error:
            failed += 1
            _say(f"{plan.scenario:10} seed {plan.seed:<6} FAILED: {error}\n  logs: {folder}")
            continue
        outcomes.append(outcome)
        _say(describe(outcome))
        if outcome.verdict.findings:
            failed += 1
            _say("\n".join(f"  {finding}" for finding in outcome.verdict.findings) + f"\n  logs: {folder}")
        elif not arguments.keep:
            shutil.rmtree(folder)
    if not failed and not arguments.keep:
        kept.rmdir()
    _say(summary(outcomes, failed))
    return 1 if failed else 0


def plans(scenarios: Sequence[str], rounds: int, events: int, seed: int, workers: int) -> Iterator[Plan]:
    """Rounds of each scenario, with seeds that count up from `seed` and faults that go round the stages.

    A round has one fault at each of two stages, and one at all three at the same time.
    """
    for scenario in scenarios:
        for number in range(rounds):
            first, second = STAGES[number % 3], STAGES[(number + 1) % 3]
            faults = [STAGES] if scenario == "join-fresh" else [[first], [second], STAGES]
            yield Plan(scenario, seed + number, events, workers, faults)


async def _run(plan: Plan, folder: Path) -> Outcome:
    logs = folder / "logs"
    logs.mkdir(parents=True)
    async with LocalKafka(folder / "kafka", KAFKA_LIBS) as kafka:
        return await run_round(plan, kafka.brokers, logs)


def describe(outcome: Outcome) -> str:
    """A round in one line."""
    plan, verdict = outcome.plan, outcome.verdict
    recovered = "/".join(f"{seconds:.1f}" for seconds in outcome.recoveries)
    return (
        f"{plan.scenario:10} seed {plan.seed:<6} {'ok ' if not verdict.findings else 'BAD'} "
        f"{plan.events / outcome.seconds:6.0f} events/s  takeovers {outcome.takeovers:3}  "
        f"recovered in {recovered} s  worst pause {verdict.pause:.1f} s  slowest stop {outcome.slowest_stop:.1f} s  "
        f"odd log lines {len(outcome.oddities)}"
    )


def summary(outcomes: Sequence[Outcome], failed: int) -> str:
    """What was counted over all rounds."""
    verdicts = [outcome.verdict for outcome in outcomes]
    trouble = f"failed rounds {failed}\n" if failed else ""
    worst = max((verdict.pause for verdict in verdicts), default=0.0)
    return (
        f"{trouble}worst pause {worst:.1f} s\n"
        f"rounds {len(outcomes)} events {sum(outcome.plan.events for outcome in outcomes)} "
        f"lost {sum(verdict.lost for verdict in verdicts)} doubled {sum(verdict.doubled for verdict in verdicts)} "
        f"windows different {sum(verdict.windows for verdict in verdicts)}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="rounds of each scenario (default: 10)")
    parser.add_argument("--events", type=int, default=100_000, help="events of a round (default: 100,000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first round of each scenario (default: 1)")
    parser.add_argument("--workers", type=int, default=2, help="workers of each stage (default: 2)")
    parser.add_argument(
        "--scenario", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), help="default: all of them"
    )
    parser.add_argument("--keep", action="store_true", help="keep the logs of good rounds too")
    parser.add_argument("--verbose", action="store_true", help="say on stderr what happens when")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

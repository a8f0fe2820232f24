"""Simulate schedules. Exits with 1 when something is wrong with one of them, or when a mutant is not found.

The last line is `schedules N records N faults N take-overs N transactions N failed N in N s`.
"""

import argparse
import os
import sys
import time

from tests.simulation.mutants import MUTANTS
from tests.simulation.parts import AS_IT_IS
from tests.simulation.plan import plan_of
from tests.simulation.schedules import Tally, empty, never_struck, play_all
from tests.simulation.shrink import shrink
from tests.simulation.story import describe, tell
from tests.simulation.world import run

# How many failures are told; the first of them as a short story.
TOLD = 5


def main() -> int:
    """Run what the arguments ask for."""
    arguments = _arguments()
    if arguments.runs == 1:
        return _replay(arguments.seed, arguments.mutant)
    began = time.monotonic()
    tally = empty()
    for piece in play_all(arguments.seed, arguments.runs, arguments.jobs, arguments.mutant):
        tally.add(piece)
        _say_progress(tally, time.monotonic() - began)
        if arguments.mutant and _found(tally, arguments.mutant):
            break
    seconds = time.monotonic() - began
    for seed, findings in tally.failed[:TOLD]:
        _say(f"seed {seed} failed; again: python -m tests.simulation --runs 1 --seed {seed}")
        _say("\n".join(describe(findings)))
    if arguments.mutant:
        seeds = _found(tally, arguments.mutant)
        _say(f"{arguments.mutant}: {f'found by seed {seeds[0]}' if seeds else 'NOT FOUND'} of {arguments.seed} on")
    elif tally.failed:
        _say("")
        _short_story(tally.failed[0][0], None)
    if missing := never_struck(tally):
        _say(f"never happened: {', '.join(missing)}")
    _say(_summary(tally, seconds))
    return int(bool(tally.failed) != bool(arguments.mutant))


def _replay(seed: int, mutant: str | None) -> int:
    """One schedule again, with its story, and if it fails the short one behind it."""
    plan = plan_of(seed)
    outcome = run(plan, MUTANTS[mutant].parts if mutant else AS_IT_IS, tell=True)
    _say("\n".join(tell(plan, outcome)))
    if not outcome.findings:
        _say("nothing is wrong")
        return 0
    _say("")
    _short_story(seed, mutant)
    return 1


def _short_story(seed: int, mutant: str | None) -> None:
    parts = MUTANTS[mutant].parts if mutant else AS_IT_IS
    plan = shrink(plan_of(seed), parts)
    _say(f"seed {seed} in short:")
    _say("\n".join(tell(plan, run(plan, parts, tell=True))))


def _found(tally: Tally, mutant: str) -> list[int]:
    """The seeds that find a mutant as what it is."""
    kinds = MUTANTS[mutant].kinds
    return [seed for seed, findings in tally.failed if not kinds.isdisjoint(finding.kind for finding in findings)]


def _say_progress(tally: Tally, seconds: float) -> None:
    if not sys.stderr.isatty():
        return
    done = tally.counts["schedules"]
    print(f"\r{done:,} schedules, {done / seconds:.0f}/s, {len(tally.failed)} failed ", end="", file=sys.stderr)


def _summary(tally: Tally, seconds: float) -> str:
    counts = tally.counts
    took = os.times()
    each = (took.children_user + took.children_system) / counts["schedules"] * 1000
    return (
        f"{counts['whole']:,} of them with all stages; {counts['seconds'] / 3600:,.0f} simulated hours; "
        f"{counts['schedules'] / seconds:.0f} schedules/s, {each:.1f} ms of a core each\n"
        f"schedules {counts['schedules']} records {counts['records']} faults {counts['faults']} "
        f"take-overs {counts['take_overs']} transactions {counts['transactions']} "
        f"failed {len(tally.failed)} in {seconds:.0f} s"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--runs", type=int, default=50_000, help="schedules (default: 50,000); 1 tells its story")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first schedule; they count up (default: 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one for each core)")
    parser.add_argument(
        "--mutant", choices=sorted(MUTANTS), help="a pipeline with this mistake in it, until it is found"
    )
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

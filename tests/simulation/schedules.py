"""Many schedules, in several processes, counted."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from typing import Final, NamedTuple

from streams.engine.garbage import collect_garbage_seldom
from tests.simulation.faults import CHUNK_FAULTS, POINTS, REQUEST_FAULTS, TIMED_FAULTS
from tests.simulation.mutants import MUTANTS
from tests.simulation.parts import AS_IT_IS
from tests.simulation.plan import plan_of
from tests.simulation.verdict import Finding
from tests.simulation.world import run

# So many in a row in one process: enough that to hand them over costs nothing.
AT_ONCE: Final = 100
# Failures of which details are kept.
KEPT: Final = 20


class Tally(NamedTuple):
    """What was counted: `counts` are schedules, records and the like; `struck` are faults, by kind and place."""

    counts: Counter[str]
    struck: Counter[tuple[str, str]]
    failed: list[tuple[int, list[Finding]]]

    def add(self, other: "Tally") -> None:
        """Count another one with this."""
        self.counts.update(other.counts)
        self.struck.update(other.struck)
        self.failed.extend(other.failed)


def empty() -> Tally:
    """Nothing counted yet."""
    return Tally(Counter(), Counter(), [])


def play(first: int, count: int, mutant: str | None = None) -> Tally:
    """Run the schedules of `count` seeds from `first` on, in this process."""
    parts = MUTANTS[mutant].parts if mutant else AS_IT_IS
    tally = empty()
    for seed in range(first, first + count):
        plan = plan_of(seed)
        outcome = run(plan, parts)
        tally.counts.update(
            schedules=1,
            whole=int(plan.whole),
            records=len(plan.sent),
            faults=len(outcome.struck),
            take_overs=outcome.take_overs,
            transactions=outcome.transactions,
            seconds=round(outcome.seconds),
        )
        tally.struck.update((fault.kind, fault.point) for fault in outcome.struck)
        if outcome.findings:
            tally.failed.append((seed, outcome.findings[:KEPT]))
    return tally


def play_all(first: int, count: int, jobs: int, mutant: str | None = None) -> Iterator[Tally]:
    """The same in so many processes: a tally for every hundred schedules or so, in the order of their seeds."""
    pieces = ((start, min(AT_ONCE, first + count - start), mutant) for start in range(first, first + count, AT_ONCE))
    with ProcessPoolExecutor(jobs, get_context("spawn"), collect_garbage_seldom) as pool:
        waiting = [pool.submit(play, *piece) for piece in islice(pieces, 2 * jobs)]
        while waiting:
            done = waiting.pop(0)
            waiting += [pool.submit(play, *piece) for piece in islice(pieces, 1)]
            yield done.result()


def never_struck(tally: Tally) -> list[str]:
    """The faults that a schedule may have and none of these had."""
    at_points = [(kind, point) for point in (*POINTS, "step") for kind in ("crash", "pause")]
    at_requests = [(kind, "commit") for kind in REQUEST_FAULTS] + [("refused", "take-over"), ("refused", "seek")]
    others = [(kind, "chunk") for kind in CHUNK_FAULTS] + [(kind, "") for kind in (*TIMED_FAULTS, "clock")]
    return [
        f"{kind} at {point}" if point else kind
        for kind, point in chain(at_points, at_requests, others, [("unknown", "end")])
        if not tally.struck[kind, point]
    ]

"""A schedule in lines that a person reads."""

from collections.abc import Iterator

from tests.simulation.plan import Plan
from tests.simulation.verdict import Finding
from tests.simulation.world import Outcome

# A finding may name every window.
_CHARACTERS = 400


def tell(plan: Plan, outcome: Outcome) -> Iterator[str]:
    """What was set, what happened in its order, and what is wrong."""
    yield (
        f"seed {plan.seed}: {'all stages' if plan.whole else 'track and trends'}, {plan.partitions} partitions, "
        f"{plan.workers} workers of each stage, windows of {'/'.join(map(str, plan.sizes))} s, "
        f"latency {plan.latency * 1000:g} ms, {len(plan.sent)} records, {len(plan.faults)} faults"
    )
    for at, who, what in outcome.story:
        yield f"{at:9.3f} s  {who:22} {what}"
    yield from describe(outcome.findings)


def describe(findings: list[Finding]) -> Iterator[str]:
    """What is wrong, a line each."""
    for kind, what in findings:
        yield f"  WRONG ({kind}): {what if len(what) <= _CHARACTERS else what[:_CHARACTERS] + '…'}"

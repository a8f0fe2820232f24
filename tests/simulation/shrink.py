"""A failing schedule made short: everything is left out without which it fails in the same way."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from tests.simulation.parts import AS_IT_IS, Parts
from tests.simulation.plan import SHORT, Plan
from tests.simulation.world import run

T = TypeVar("T")

_SIMPLER: Final[tuple[dict[str, Any], ...]] = (
    {"sizes": SHORT},
    {"chunk": 1000},
    {"step": 0.0},
    {"latency": 0.0},
    {"workers": 1},
    {"partitions": 1},
)


def shrink(plan: Plan, parts: Parts = AS_IT_IS, most_runs: int = 500) -> Plan:
    """The shortest plan that was found in so many runs. It has a finding of a kind that `plan` has."""
    kinds = {finding.kind for finding in run(plan, parts).findings}
    left = most_runs

    def fails(candidate: Plan) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and not kinds.isdisjoint(finding.kind for finding in run(candidate, parts).findings)

    while True:
        shorter = _shorter(plan, fails)
        if shorter == plan or left < 0:
            return shorter
        plan = shorter


def _shorter(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    faults = _without(plan.faults, lambda some: fails(plan._replace(faults=some)))
    fewer = plan._replace(faults=faults)
    sent = _without(fewer.sent, lambda some: fails(fewer._replace(sent=some)))
    shorter = fewer._replace(sent=sent)
    for simpler in _SIMPLER:
        candidate = shorter._replace(**simpler)
        if candidate != shorter and fails(candidate):
            shorter = candidate
    return shorter


def _without(whole: tuple[T, ...], fails: Callable[[tuple[T, ...]], bool]) -> tuple[T, ...]:
    """What is needed for it to fail: first halves are left out, then quarters, at last one thing at a time."""
    size = len(whole)
    while size:
        place = 0
        while place < len(whole):
            rest = whole[:place] + whole[place + size :]
            if fails(rest):
                whole = rest
            else:
                place += size
        size //= 2
    return whole

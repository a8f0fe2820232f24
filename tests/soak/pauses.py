"""How long partitions stood still although input waited, read off the positions in a changelog. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Fault(NamedTuple):
    """When something was done to workers of each of these stages, and when all went on. Unix seconds.

    A time that nobody can use, as that without a broker, is not part of it.
    """

    stages: Sequence[str]
    began: float
    ended: float


class Step(NamedTuple):
    """A committed position of one partition: the next offset, the records applied so far, and when (Unix ms)."""

    next: int
    applied: int
    at: int


def longest_pause(steps: Sequence[Step], offsets: Sequence[int], appended: Sequence[int], fault: Fault) -> float:
    """The longest time, in seconds, that a record of the partition waited at its head from a fault's beginning on.

    `offsets` and `appended` (Unix ms) describe the input's records, in order.
    """
    longest = 0.0
    for before, after in _advances(steps):
        head = bisect_left(offsets, before.next)
        waiting_since = max(before.at, appended[head])
        if after.at >= fault.began * 1000 and waiting_since <= fault.ended * 1000:
            longest = max(longest, after.at - max(waiting_since, fault.began * 1000))
    return longest / 1000


def _advances(steps: Iterable[Step]) -> Iterable[tuple[Step, Step]]:
    """Steps between which records were applied. Positions alone also move over transaction markers."""
    before: Step | None = None
    for step in steps:
        if before is not None and step.applied > before.applied:
            yield before, step
        moved_only = before is not None and step.applied == before.applied
        before = Step(step.next, step.applied, before.at) if moved_only and before else step

"""A simulation of one worker's queues: events come by chance, partitions take turns, each turn is one transaction."""

from collections import deque
from random import Random
from typing import NamedTuple

from tests.scaling_model.inputs import Stage


class Simulated(NamedTuple):
    """What was seen: the share of time in which the worker was busy, and how long events stayed, in milliseconds."""

    events: int
    busy: float
    mean_ms: float
    p50_ms: float
    p99_ms: float


def simulate(
    stage: Stage, rate: float, partitions: int, seconds: float = 60.0, speed: float = 1.0, seed: int = 1
) -> Simulated:
    """One worker of a stage, with `rate` events a second spread over its partitions by chance.

    A turn takes what waits of its partition, at most a chunk, and ends with its commit; those of a partition begin no
    more often than patience allows, unless a chunk waits. Costs vary by a quarter from turn to turn. The first tenth is
    left out.
    """
    choose = Random(seed)
    event, commit = stage.event_micros / speed / 1e6, stage.commit_ms / speed / 1e3
    patience = partitions * stage.patience_ms / 1e3
    waiting: list[deque[float]] = [deque() for _ in range(partitions)]
    last = [-patience] * partitions
    stays: list[float] = []
    now = busy = 0.0
    arrival = choose.expovariate(rate)
    turn = 0
    while now < seconds:
        while arrival <= now:
            waiting[choose.randrange(partitions)].append(arrival)
            arrival += choose.expovariate(rate)
        ready = [(turn + step) % partitions for step in range(partitions) if waiting[(turn + step) % partitions]]
        due = [each for each in ready if last[each] + patience <= now or len(waiting[each]) >= stage.chunk]
        if not due:
            soonest = min((last[number] + patience for number in ready), default=arrival)
            now = min(arrival, soonest) if soonest > now else arrival
            continue
        number = due[0]
        taken = [waiting[number].popleft() for _ in range(min(stage.chunk, len(waiting[number])))]
        last[number] = now
        work = commit + len(taken) * event * choose.uniform(0.75, 1.25)
        now += work
        busy += work
        stays += [now - came for came in taken if came > seconds / 10]
        turn = (number + 1) % partitions
    stays.sort()
    count = len(stays)
    if not count:
        return Simulated(0, busy / now, 0.0, 0.0, 0.0)
    return Simulated(
        count,
        min(1.0, busy / now),
        sum(stays) / count * 1e3,
        stays[count // 2] * 1e3,
        stays[int(0.99 * count)] * 1e3,
    )

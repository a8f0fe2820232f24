"""One schedule: the log, the workers, the producers and the faults, until everything that was sent is dealt with."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Set
from itertools import groupby
from random import Random
from typing import Any, Final, NamedTuple

from streams import topics
from streams.engine.local.storage import Entry, Slot
from streams.engine.log import Transaction
from tests.simulation.faults import Fault
from tests.simulation.faulty_log import SharedLog
from tests.simulation.group import Group, Worker
from tests.simulation.loop import NOBODY, Process, SimulationLoop, Stuck
from tests.simulation.parts import AS_IT_IS, Parts
from tests.simulation.plan import LATENESS, Plan
from tests.simulation.verdict import (
    INPUTS,
    Committed,
    Evidence,
    Expected,
    Finding,
    Follower,
    agree,
    ends_of,
    examine,
    expect,
    has_reminded,
    position_of,
)
from tests.simulation.watch import unexpected

# A schedule that takes more steps, or is not at an end so long after the last event and fault, hangs.
MOST_STEPS: Final = 150_000
DRAIN_SECONDS: Final = 150.0
# How long every third goes on after everything is right: nothing may come after that.
LISTEN_SECONDS: Final = 1.05
LISTENS: Final = 3
_LOOK_SECONDS: Final = 0.25

_TOPICS: Final = (
    topics.EVENTS,
    topics.SCORED,
    topics.ESCALATIONS,
    topics.PARTIALS,
    topics.WINDOWS,
    topics.ALERTS,
    topics.DEAD_LETTERS,
    topics.CONVERSATIONS,
    topics.REGISTRY,
    topics.NOTICES,
)


class Said(NamedTuple):
    """A line of the story: when, in seconds, who, and what."""

    at: float
    who: str
    what: str


class Outcome(NamedTuple):
    """What became of a schedule; a good one has no findings. `struck` are the faults that happened."""

    findings: list[Finding]
    struck: list[Fault]
    take_overs: int
    transactions: int
    seconds: float
    story: list[Said]


def run(plan: Plan, parts: Parts = AS_IT_IS, *, tell: bool = False) -> Outcome:
    """Run a schedule: the same plan and parts, the same outcome. `tell` keeps the story."""
    errors: list[str] = []
    with unexpected(errors):
        world = _World(plan, parts, errors, tell=tell)
        try:
            return world.run()
        finally:
            world.forget()


class _World:
    """Keeps `Around` for the workers."""

    def __init__(self, plan: Plan, parts: Parts, errors: list[str], *, tell: bool) -> None:
        self.plan = plan
        self.parts = parts
        self.random = Random(f"world {plan.seed}")
        # What asyncio asks for here is there.
        self.loop = SimulationLoop(Random(f"order {plan.seed}"), plan.step, MOST_STEPS)  # type: ignore[abstract]
        self.loop.errors = errors
        # What the wall clock shows when the loop's time is 0; it moves with the clock.
        self._began = plan.begins
        self._highest = 0
        self._delay_rate = 1 / plan.latency if plan.latency else 0.0
        self._storage = parts.storage()
        self.log = SharedLog(self._storage, self.clock, self.loop, plan.chunk)
        for topic in _TOPICS:
            self.log.create(topic, plan.partitions)
        self._committed: list[Committed] = []
        self._story: list[Said] = []
        self.tells = tell
        self._struck: list[Fault] = []
        self._unsent = len(plan.sent)
        self._passed: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._faults = {(fault.stage, fault.point, fault.nth): fault for fault in plan.faults if fault.point}
        self._points = {stage: {fault.point for fault in plan.faults if fault.stage == stage} for stage in plan.stages}
        self._groups: dict[str, Group] = {}

    # -- what workers and the log ask for

    def clock(self) -> int:
        now = self._began + int(self.loop.now * 1000)
        self._highest = max(self._highest, now)
        return now

    def delay(self) -> float:
        return self.random.expovariate(self._delay_rate) if self._delay_rate else 0.0

    def later(self, seconds: float, callback: Callable[..., object], *arguments: Any) -> object:
        return self.loop.call_later(seconds, callback, *arguments, context=NOBODY)

    def say(self, who: str, what: str) -> None:
        if self.tells:
            self._story.append(Said(self.loop.now, who, what))

    def committed(self, stage: str, partition: int, transaction: Transaction) -> None:
        self.clock()
        self._committed.append(Committed(stage, partition, transaction, self._highest))

    def points(self, stage: str) -> Set[str]:
        return self._points[stage]

    def strike(self, process: Process, stage: str, point: str) -> Fault | None:
        place = (stage, point)
        self._passed[place] += 1
        fault = self._faults.get((*place, self._passed[place]))
        if fault is None:
            return None
        self._struck.append(fault)
        self.say(process.name, f"FAULT: {fault}")
        if fault.kind in ("crash", "pause"):
            group = self._groups[stage]
            worker = next((one for one in group.everyone if one.process is process), None)
            if worker is not None:
                self._stop(group, worker, fault)
        return fault

    def _stop(self, group: Group, worker: Worker, fault: Fault) -> None:
        if fault.kind == "crash":
            worker.process.alive = False
            group.died(worker)
        elif not worker.process.paused:
            worker.process.paused = True
            self.later(fault.seconds, self._wake, worker)
            group.silent(worker, fault.seconds)

    def _wake(self, worker: Worker) -> None:
        self.say(worker.process.name, "wakes")
        self.loop.wake(worker.process)

    # -- what happens at a time

    def _strike_at_time(self, fault: Fault) -> None:
        self._struck.append(fault)
        self.say("schedule", f"FAULT: {fault}")
        if fault.kind == "clock":
            self._began += round(fault.seconds * 1000)
            return
        group = self._groups[fault.stage]
        if fault.kind == "join":
            group.join()
        elif fault.kind in ("crash", "pause", "leave"):
            there = [member for member in group.members if member.responds]
            if not there:
                return
            worker = self.random.choice(there)
            if fault.kind == "leave":
                group.leave(worker)
            else:
                self._stop(group, worker, fault)
            return
        group.rebalance()

    def _send(self, numbers: range) -> None:
        sent = [self.plan.sent[number] for number in numbers]
        self.log.append(
            topics.EVENTS if self.plan.whole else topics.SCORED, [Entry(one.key, one.value) for one in sent]
        )
        self._unsent -= len(sent)
        if self.tells:
            for one in sent:
                self.say("producer", f"sends {one.key.decode()} {told(one.fields)}")

    # -- the schedule

    def run(self) -> Outcome:
        """Everything, to the reckoning."""
        self._begin()
        try:
            findings = self._play()
        except Stuck as stuck:
            findings = [Finding("hangs", str(stuck))]
        for points in self._points.values():
            points.clear()
        self.loop.dispose()
        findings += [Finding("errors", error) for error in self.loop.errors]
        take_overs = sum(group.watch.take_overs for group in self._groups.values())
        return Outcome(findings, self._struck, take_overs, len(self._committed), self.loop.now, self._story)

    def forget(self) -> None:
        """Let go of everything. Workers and tasks refer to each other in circles: without this, all that they have
        hold of would wait for the garbage collector, and the next schedule would find its memory cold.
        """
        for group in self._groups.values():
            for worker in group.everyone:
                vars(worker).clear()
        self._storage.close()
        vars(self._storage).clear()
        vars(self.log).clear()
        vars(self).clear()

    def _begin(self) -> None:
        plan = self.plan
        asyncio._set_running_loop(self.loop)
        try:
            for stage in plan.stages:
                self._groups[stage] = Group(stage, plan.partitions, plan.workers, self)
        finally:
            asyncio._set_running_loop(None)
        for group in self._groups.values():
            self.later(self.random.random() * 0.5, group.rebalance)
        place = 0
        for at, some in groupby(plan.sent, key=lambda one: one.at):
            count = len(list(some))
            self.later(at, self._send, range(place, place + count))
            place += count
        for fault in plan.faults:
            if not fault.point:
                self.later(fault.at, self._strike_at_time, fault)
            elif fault.point == "step":
                self.loop.stepped = self._stepped

    def _stepped(self, process: Process) -> None:
        if "step" in self._points[process.stage]:
            self.strike(process, process.stage, "step")

    def _play(self) -> list[Finding]:
        plan = self.plan
        times = [one.at for one in plan.sent] + [fault.at for fault in plan.faults]
        self.loop.run_until(max(times, default=0.0) + 0.001)
        deadline = self.loop.now + DRAIN_SECONDS
        while self.loop.now < deadline and not self._is_applied():
            self.loop.run_until(self.loop.now + _LOOK_SECONDS)
        expected = expect(plan, self._storage)
        self._pass_all(expected)
        follower = Follower(self._storage, plan.partitions)
        while self.loop.now < deadline and not self._agrees(expected, follower):
            self.loop.run_until(self.loop.now + _LOOK_SECONDS)
        # Watermarks go on, and something more may come of what is there now.
        ends = {partition: self._end(topics.PARTIALS, partition) for partition in range(plan.partitions)}
        if plan.seed % LISTENS == 0:
            self.loop.run_until(self.loop.now + LISTEN_SECONDS)
        while self.loop.now < deadline and not self._has_read("trends", ends):
            self.loop.run_until(self.loop.now + _LOOK_SECONDS)
        hung = self.loop.now >= deadline
        evidence = Evidence(
            plan, self._storage, self._committed, {name: group.watch for name, group in self._groups.items()}, ends
        )
        if expected.ends != ends_of(plan, self._storage):
            expected = expect(plan, self._storage)
        found = examine(evidence, expected, follower)
        if hung:
            found.append(Finding("hangs", f"not at an end {DRAIN_SECONDS:.0f} s after the last event and fault"))
        return found

    def _pass_all(self, expected: Expected) -> None:
        """Move the clock past every window: now the idle partitions' watermarks must end them."""
        ends = [(cell.start + cell.size + 2 * LATENESS) * 1000 for cell in expected.windows]
        self._began += max(0, max(ends, default=0) - self.clock())
        self.say("schedule", "everything is applied; the clock passes every window")

    def _agrees(self, expected: Expected, follower: Follower) -> bool:
        follower.catch_up()
        return agree(expected, follower.newest) and has_reminded(expected, self.plan, self._storage)

    def _is_applied(self) -> bool:
        """Whether the stages before `trends` have applied what there is. Their inputs grow no more by themselves."""
        return not self._unsent and all(
            position_of(self._storage, stage, partition) == self._end(INPUTS[stage], partition)
            for stage in self.plan.stages
            if stage != "trends"
            for partition in range(self.plan.partitions)
        )

    def _has_read(self, stage: str, ends: Mapping[int, int]) -> bool:
        return all(position_of(self._storage, stage, partition) >= end for partition, end in ends.items())

    def _end(self, topic: str, partition: int) -> int:
        return self._storage.bounds(Slot(topic, partition)).end


def told(fields: dict[str, Any] | None) -> str:
    """An event in a few words."""
    if fields is None:
        return "poison"
    said = [fields["event_id"], fields["type"], fields["channel"], f"of {fields['occurred_at'][11:23]}"]
    said += [f"{name} {fields[name]}" for name in ("status", "priority", "text", "satisfaction") if fields.get(name)]
    return ", ".join(said)

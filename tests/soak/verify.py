"""The reckoning of a round: what was produced against what came out, all of it read committed."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from streams import topics
from streams.engine.kafka_recovery import POSITION_KEY
from tests.soak import oracle
from tests.soak.cluster import INPUTS, STAGES, Cluster
from tests.soak.generator import Sent
from tests.soak.oracle import Difference, Scored
from tests.soak.pauses import Fault, Step, longest_pause
from tests.soak.reading import TopicFollower, read_topic
from tests.soak.sql import by_sql
from tests.soak.windows import Cell, Figures, Watermarks, Windows, differences

_ERROR_HEADERS = ("__connect.errors.", "ticketpulse.")


class Verdict(NamedTuple):
    """`lost` and `doubled` count scored events, dead letters and escalations; `windows` those that differ.

    `findings` says in words what is wrong, these included; a good round has none. `pauses` are, of each fault, the
    longest time in seconds that a partition of a stage under it stood still although input waited.
    """

    lost: int
    doubled: int
    windows: int
    dead_letters: int
    findings: list[str]
    pauses: list[float]

    @property
    def pause(self) -> float:
        """The longest of all."""
        return max(self.pauses, default=0.0)


class Ledger:
    """What was sent, what must have come of it, and what there is on the topics."""

    def __init__(self, cluster: Cluster, sent: Sequence[Sent], faults: Sequence[Fault], folder: Path) -> None:
        self.cluster = cluster
        self.sent = sent
        self.faults = faults
        self.scored: list[Scored] = []
        self.escalations: list[bytes] = []
        self.unnumbered: list[str] = []
        # Where each dead letter's record was read: topic, partition and offset.
        self.dead_letters: list[tuple[str, int, int]] = []
        self.windows = Windows()
        self._folder = folder
        self._expected: dict[Cell, Figures] = {}
        self._watermarks = Watermarks()
        self._due = 0
        self._windows_topic = TopicFollower(cluster.brokers, topics.WINDOWS, cluster.partitions)
        self._partials_topic = TopicFollower(cluster.brokers, topics.PARTIALS, cluster.partitions)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as entered:
            await entered.enter_async_context(self._windows_topic)
            await entered.enter_async_context(self._partials_topic)
            # Whichever of them is open is closed, when the other cannot be opened too.
            self._entered = entered.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._entered.aclose()

    async def read(self, topic: str) -> list[Any]:
        """All of a topic."""
        return await read_topic(self.cluster.brokers, topic, self.cluster.partitions)

    async def expect(self) -> None:
        """Read what score and track have written, and compute from it which windows there must be."""
        self.scored = [
            Scored(record.partition, record.offset, record.timestamp, json.loads(record.value))
            for record in await self.read(topics.SCORED)
            # The registry's answers stand between the events.
            if not record.headers
        ]
        raised = [record.value for record in await self.read(topics.ESCALATIONS)]
        self.escalations = [value for value in raised if json.loads(value)["revision"] == 1]
        self.unnumbered = oracle.unnumbered(json.loads(value) for value in raised)
        self._expected = await by_sql(self.scored, self.escalations, self._folder)

    async def windows_agree(self) -> bool:
        """Whether the newest revisions on the topic are what is expected, now that some time has passed."""
        self._due = self._watermarks.passed()
        return not await self.window_differences()

    async def window_differences(self) -> list[str]:
        """What is wrong with the windows as they stand now.

        Final are those that the watermarks had passed at the last call of `windows_agree`: later ones may be on their
        way through trends.
        """
        await self._windows_topic.catch_up(lambda record: self.windows.take(record.value))
        await self._partials_topic.catch_up(lambda record: self._watermarks.take(record.value))
        return differences(self._expected, self.windows.newest, self._due, self._watermarks.passed())


async def verify(ledger: Ledger) -> Verdict:
    """Count. The workers have ended."""
    findings: list[str] = []
    inputs = {stage: await ledger.read(INPUTS[stage]) for stage in STAGES}
    differing = await ledger.window_differences()
    dead_letters = await ledger.read(topics.DEAD_LETTERS)
    ledger.dead_letters = [_place(record.headers) for record in dead_letters]
    counted = {
        "produced records": _produced(ledger, inputs["score"]),
        "scored events": _scored(ledger),
        "dead letters": _dead_letters(ledger, inputs["score"], dead_letters),
        "escalations": _escalations(ledger),
    }
    findings += [f"{what}: {gap.lost} lost, {gap.doubled} doubled" for what, gap in counted.items() if any(gap)]
    findings += _disorder(ledger)
    findings += ledger.unnumbered
    steps = {stage: _steps(await ledger.read(topics.changelog_of(stage))) for stage in STAGES}
    for stage in STAGES:
        findings += _positions(stage, steps[stage], inputs[stage], await ledger.cluster.committed(stage))
    findings += differing[:10]
    lost, doubled = sum(gap.lost for gap in counted.values()), sum(gap.doubled for gap in counted.values())
    pauses = list(_pauses(ledger.faults, steps, inputs))
    return Verdict(lost, doubled, len(differing), len(dead_letters), findings, pauses)


def _produced(ledger: Ledger, events: Iterable[Any]) -> Difference:
    return oracle.compare(
        ((sent.partition, sent.key, sent.value, sent.headers) for sent in ledger.sent),
        ((record.partition, record.key, record.value, tuple(record.headers)) for record in events),
    )


def _scored(ledger: Ledger) -> Difference:
    return oracle.compare(
        (sent.number for sent in ledger.sent if sent.accepted),
        (record.event["metadata"]["number"] for record in ledger.scored),
    )


def _dead_letters(ledger: Ledger, events: Iterable[Any], dead_letters: Iterable[Any]) -> Difference:
    """Each with the untouched record and the place where it was read."""
    rejected = {(sent.key, sent.value) for sent in ledger.sent if not sent.accepted}
    return oracle.compare(
        (
            ((record.topic, record.partition, record.offset), record.key, record.value, tuple(record.headers))
            for record in events
            if (record.key, record.value) in rejected
        ),
        ((_place(record.headers), record.key, record.value, _own(record.headers)) for record in dead_letters),
    )


def _place(headers: Iterable[tuple[str, bytes]]) -> tuple[str, int, int]:
    said = dict(headers)
    topic, partition, offset = (said[f"__connect.errors.{name}"].decode() for name in ("topic", "partition", "offset"))
    return topic, int(partition), int(offset)


def _own(headers: Iterable[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, raw) for name, raw in headers if not name.startswith(_ERROR_HEADERS))


def _escalations(ledger: Ledger) -> Difference:
    expected = oracle.escalations(ledger.scored)
    vouched = list(expected[0]) if expected else []
    found = [json.loads(raw) for raw in ledger.escalations]
    found = [{**one, "occurred_at": oracle.milliseconds(one["occurred_at"])} for one in found]
    return oracle.compare(
        (tuple(escalation.values()) for escalation in expected),
        (tuple(escalation[name] for name in vouched) for escalation in found),
    )


def _disorder(ledger: Ledger) -> list[str]:
    found = []
    source = {sent.number: sent.partition for sent in ledger.sent}
    if wrong := oracle.out_of_order(ledger.scored, source):
        found.append(f"{wrong} scored events stand before an older one of their ticket and input partition")
    sent = {one.number: json.loads(one.value) for one in ledger.sent if one.accepted and one.value is not None}
    if wrong := oracle.altered(ledger.scored, sent):
        found.append(f"{wrong} scored events say something else than was sent")
    if ledger.windows.skipped:
        found.append(f"{ledger.windows.skipped} window revisions do not follow the one before")
    return found


def _steps(changelog: Iterable[Any]) -> Mapping[int, Sequence[Step]]:
    """The positions of each partition, in order."""
    steps = defaultdict(list)
    for record in changelog:
        if record.key == POSITION_KEY:
            (following, applied, *_), _partitions = json.loads(record.value)
            steps[record.partition].append(Step(following, applied, record.timestamp))
    return steps


def _positions(
    stage: str, steps: Mapping[int, Sequence[Step]], records: Iterable[Any], committed: list[int]
) -> list[str]:
    """Applied counts against the records that the positions cover, and against those that the group's offsets cover.

    The group's offset may be ahead of the position by transaction markers alone. It may be behind, because it is for
    watching only: a worker that leaves while the group re-balances cannot tell its last one.
    """
    offsets = defaultdict(list)
    for record in records:
        offsets[record.partition].append(record.offset)
    found = []
    for partition, told in enumerate(committed):
        last = steps[partition][-1] if steps.get(partition) else Step(0, 0, 0)
        covered = sum(offset < last.next for offset in offsets[partition])
        if last.applied != covered:
            found.append(f"{stage}-{partition}: {last.applied} applied, {covered} records before {last.next}")
        claimed = sum(offset < told for offset in offsets[partition])
        if last.applied < claimed:
            found.append(f"{stage}-{partition}: {last.applied} applied, the group was told of {claimed}")
    return found


def _pauses(
    faults: Iterable[Fault], steps: Mapping[str, Mapping[int, Sequence[Step]]], inputs: Mapping[str, Iterable[Any]]
) -> Iterable[float]:
    """Of each fault, the longest pause of a partition."""
    heads = {stage: _appended(records) for stage, records in inputs.items()}
    for fault in faults:
        paused = (
            longest_pause(some, *heads[stage][partition], fault)
            for stage in fault.stages
            for partition, some in steps[stage].items()
        )
        yield max(paused, default=0.0)


def _appended(records: Iterable[Any]) -> Mapping[int, tuple[list[int], list[int]]]:
    """The offsets of each partition, and when what is there was appended."""
    found: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for record in records:
        offsets, appended = found[record.partition]
        offsets.append(record.offset)
        appended.append(record.timestamp)
    return found

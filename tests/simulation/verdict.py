"""The reckoning of a schedule: what was sent against what came out."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from streams import topics
from streams.engine.local.storage import LocalRecord, Owner, Slot, Storage
from streams.engine.log import Transaction
from tests.simulation import notices, oracle
from tests.simulation.notices import Telling
from tests.simulation.oracle import DIMENSIONS, NOTHING, Counted, milliseconds
from tests.simulation.plan import IDLE_AFTER, LATENESS, Plan
from tests.simulation.watch import Watched
from tests.soak import oracle as soak
from tests.soak.oracle import Scored
from tests.soak.windows import FIGURES, QUANTILES, Cell, Figure, Figures

INPUTS = {"score": topics.EVENTS, "track": topics.SCORED, "registry": topics.REGISTRY, "trends": topics.PARTIALS}
_ERROR_HEADERS = ("__connect.errors.", "ticketpulse.")
# Told within two percent, and expected exactly.
_TOLERANCE = 0.02
_EXACT = len(FIGURES) - len(QUANTILES)


class Finding(NamedTuple):
    """Something that must not be: of which kind, and what exactly."""

    kind: str
    what: str


class Published(NamedTuple):
    """A revision of a window on its topic, and how many events it counts."""

    figures: Figures
    revision: int
    final: bool
    events: int


class _Window(msgspec.Struct):
    """What is read of a window on its topic."""

    tenant: str
    start: str
    end: str
    dimension: str
    value: str
    revision: int
    final: bool
    totals: tuple[int | dict[str, int], ...]
    negative_share: float | None
    escalation_rate: float | None
    score_avg: float | None
    satisfaction_avg: float | None
    response_p50: float | None
    response_p95: float | None
    resolution_p50: float | None
    resolution_p95: float | None


class _Watermark(msgspec.Struct):
    """What is read of a watermark on its topic."""

    source: int
    time: int


_decode_window = msgspec.json.Decoder(_Window).decode
# One goes to every partition of its topic.
_watermark = lru_cache(maxsize=1024)(msgspec.json.Decoder(_Watermark).decode)


class Committed(NamedTuple):
    """A transaction that is in the log, and the highest time that the clock had shown by then (Unix milliseconds)."""

    stage: str
    partition: int
    transaction: Transaction
    clock: int


class Evidence(NamedTuple):
    """What there is when a schedule is over. `partials` are the ends of the partials topic that must have been read."""

    plan: Plan
    storage: Storage
    committed: Sequence[Committed]
    watches: Mapping[str, Watched]
    partials: Mapping[int, int]


class Expected(NamedTuple):
    """What must have come out, as far as it follows from the scored topic up to its `ends`."""

    ends: list[int]
    scored: list[Scored]
    counted: list[Counted]
    duplicates: int
    escalations: list[soak.Escalation]
    windows: dict[Cell, Figures]
    telling: Telling


def read(storage: Storage, topic: str, partition: int, begin: int = 0) -> list[LocalRecord]:
    """Every record of a partition, from `begin` on."""
    return storage.read(Slot(topic, partition), begin, 1 << 40, 1 << 60)


def position_of(storage: Storage, stage: str, partition: int) -> int:
    """The next offset that the stage reads."""
    position = storage.recover(Owner(stage, partition)).position
    return position.next if position else 0


def expect(plan: Plan, storage: Storage) -> Expected:
    """Compute from the scored topic what there must be; it is complete."""
    scored = [
        Scored(partition, record.offset, record.timestamp, msgspec.json.decode(record.value))
        for partition in range(plan.partitions)
        for record in read(storage, topics.SCORED, partition)
        # Between the events are the registry's answers, and what was never an event.
        if record.value and not record.headers and record.value.startswith(b"{")
    ]
    counted, duplicates = oracle.counted(scored, plan.sizes)
    escalations = soak.escalations(scored)
    expected = oracle.windows(counted, set(map(oracle.id_of, escalations)), plan.sizes)
    told = notices.telling(scored)
    return Expected(ends_of(plan, storage), scored, counted, duplicates, escalations, expected, told)


def ends_of(plan: Plan, storage: Storage) -> list[int]:
    """The end of each partition of the scored topic."""
    return [storage.bounds(Slot(topics.SCORED, partition)).end for partition in range(plan.partitions)]


class Follower:
    """Follows the windows topic. `odd` says what is wrong with the order of revisions."""

    def __init__(self, storage: Storage, partitions: int) -> None:
        self.newest: dict[Cell, Published] = {}
        self.odd: list[Finding] = []
        self._storage = storage
        self._read = dict.fromkeys(range(partitions), 0)

    def catch_up(self) -> None:
        """Read on to the end."""
        for partition, begin in self._read.items():
            records = read(self._storage, topics.WINDOWS, partition, begin)
            self._read[partition] = begin + len(records)
            for record in records:
                self._take(record.value or b"")

    def _take(self, value: bytes) -> None:
        cell, published = _window(value)
        if cell.dimension not in DIMENSIONS:
            return
        before = self.newest.get(cell)
        if published.revision != (before.revision if before else 0) + 1:
            self.odd.append(Finding("revisions", f"{cell}: {published.revision} after {before}"))
        if before and before.final and not published.final:
            self.odd.append(Finding("finality", f"{cell}: was final and is open again"))
        self.newest[cell] = published


# Each is read where it becomes final, and where it is the newest.
@lru_cache(maxsize=2048)
def _window(value: bytes) -> tuple[Cell, Published]:
    window = _decode_window(value)
    start, end = milliseconds(window.start) // 1000, milliseconds(window.end) // 1000
    figures = (
        *window.totals,
        window.negative_share,
        window.escalation_rate,
        window.score_avg,
        window.satisfaction_avg,
        window.response_p50,
        window.response_p95,
        window.resolution_p50,
        window.resolution_p95,
    )
    cell = Cell(window.tenant, end - start, start, window.dimension, window.value)
    events = window.totals[0]
    if not isinstance(events, int):
        raise TypeError(f"events are {events!r}")
    return cell, Published(figures, window.revision, window.final, events)


def agree(expected: Expected, newest: Mapping[Cell, Published]) -> bool:
    """Whether every window is final and as expected."""
    return len(newest) >= len(expected.windows) and not any(differences(expected, newest))


def has_reminded(expected: Expected, plan: Plan, storage: Storage) -> bool:
    """Whether every ticket that is still open was reminded of."""
    return expected.telling.due <= set(notices.reminded(_noticed(plan, storage)))


def examine(evidence: Evidence, expected: Expected, follower: Follower) -> list[Finding]:
    """Everything that is wrong."""
    follower.catch_up()
    return [
        *(_scored(evidence, expected) if evidence.plan.whole else _taken(evidence, expected)),
        *_dead_letters(evidence),
        *_duplicates(evidence, expected),
        *_escalations(evidence, expected),
        *_notices(evidence, expected),
        *_positions(evidence),
        *follower.odd,
        *differences(expected, follower.newest),
        *_too_early(evidence, expected),
    ]


# -- events


def _taken(evidence: Evidence, expected: Expected) -> Iterator[Finding]:
    """That the simulation itself appended what it says."""
    sent = [one.number for one in evidence.plan.sent if one.fields is not None]
    yield from _compared("sent", sent, [record.event["metadata"]["number"] for record in expected.scored])


def _scored(evidence: Evidence, expected: Expected) -> Iterator[Finding]:
    sent = {one.number: one.fields for one in evidence.plan.sent if one.fields is not None}
    numbers = [record.event["metadata"]["number"] for record in expected.scored]
    yield from _compared("scored events", list(sent), numbers)
    # The order of their appends, which is not that of their numbers.
    order: dict[int, int] = {}
    for partition in range(evidence.plan.partitions):
        for record in read(evidence.storage, topics.EVENTS, partition):
            if record.value and record.value.startswith(b"{"):
                order[msgspec.json.decode(record.value)["metadata"]["number"]] = partition << 40 | record.offset
    in_order = [
        record._replace(event={**record.event, "metadata": {"number": order[record.event["metadata"]["number"]]}})
        for record in expected.scored
    ]
    if wrong := soak.out_of_order(in_order, {place: place >> 40 for place in order.values()}):
        yield Finding("order", f"{wrong} scored events stand before one that came earlier")
    yield from _altered(expected.scored, sent)


def _altered(scored: Iterable[Scored], sent: Mapping[int, dict[str, Any]]) -> Iterator[Finding]:
    for record in scored:
        fields = sent.get(record.event["metadata"]["number"], {})
        if soak.altered([record], {record.event["metadata"]["number"]: fields}):
            yield Finding("altered", f"{record.event} was {fields}")
        text = fields.get("text")
        score = None if record.event["sentiment"] is None else record.event["sentiment"]["score"]
        if score != (None if text is None else float(text.split()[0])):
            yield Finding("altered", f"{text!r} is scored {score}")


def _dead_letters(evidence: Evidence) -> Iterator[Finding]:
    """Each poison record once, untouched."""
    sent = [(one.key, one.value) for one in evidence.plan.sent if one.fields is None]
    letters = [
        (record.key, record.value)
        for partition in range(evidence.plan.partitions)
        for record in read(evidence.storage, topics.DEAD_LETTERS, partition)
    ]
    yield from _compared("dead letters", sent, letters)


def _duplicates(evidence: Evidence, expected: Expected) -> Iterator[Finding]:
    """Each is counted once. What is committed but never answered is reported to nobody."""
    watch = evidence.watches["track"]
    committed = sum(one.stage == "track" for one in evidence.committed)
    told = watch.duplicates
    if watch.applied_transactions > committed:
        yield Finding("reports", f"{watch.applied_transactions} transactions reported, {committed} committed")
    if told > expected.duplicates or (watch.applied_transactions == committed and told != expected.duplicates):
        yield Finding("duplicates", f"{told} counted, there are {expected.duplicates}")


# -- escalations


def _escalations(evidence: Evidence, expected: Expected) -> Iterator[Finding]:
    revisions = [
        msgspec.json.decode(record.value)
        for partition in range(evidence.plan.partitions)
        for record in read(evidence.storage, topics.ESCALATIONS, partition)
        if record.value
    ]
    found = [{**one, "occurred_at": milliseconds(one["occurred_at"])} for one in revisions if one["revision"] == 1]
    vouched = list(expected.escalations[0]) if expected.escalations else ["escalation_id"]
    yield from _compared(
        "escalations",
        (tuple(one.values()) for one in expected.escalations),
        (tuple(one[name] for name in vouched) for one in found),
    )
    last: dict[str, int] = {}
    for one in revisions:
        if one["revision"] != last.get(one["escalation_id"], 0) + 1:
            yield Finding("escalation revisions", f"{one['escalation_id']}: {one['revision']} after {last}")
        last[one["escalation_id"]] = one["revision"]
    if evidence.plan.whole:
        yield from (Finding("numbers", wrong) for wrong in soak.unnumbered(revisions))


# -- notices


def _noticed(plan: Plan, storage: Storage) -> list[dict[str, Any]]:
    return [
        msgspec.json.decode(record.value)
        for partition in range(plan.partitions)
        for record in read(storage, topics.NOTICES, partition)
        if record.value
    ]


def _notices(evidence: Evidence, expected: Expected) -> Iterator[Finding]:
    told = _noticed(evidence.plan, evidence.storage)
    published = [
        (one["escalation_id"], one["revision"])
        for partition in range(evidence.plan.partitions)
        for record in read(evidence.storage, topics.ESCALATIONS, partition)
        for one in [msgspec.json.decode(record.value or b"")]
    ]
    yield from _compared("notices", published, notices.escalated(told))
    yield from _compared("acknowledgements", expected.telling.words, notices.acknowledged(told))
    is_steady = all(fault.kind != "clock" or fault.seconds >= 0 for fault in evidence.plan.faults)
    found = notices.wrong_reminders(expected.telling, notices.reminded(told), is_steady=is_steady)
    yield from (Finding("reminders", wrong) for wrong in found)


# -- positions


def _positions(evidence: Evidence) -> Iterator[Finding]:
    """What a partition has applied is everything before its position, and that is all there is."""
    for stage in evidence.plan.stages:
        if offsets := evidence.watches[stage].expired_offsets:
            yield Finding("positions", f"{stage}: {offsets} records removed before they were read; none were")
        for partition in range(evidence.plan.partitions):
            end = evidence.storage.bounds(Slot(INPUTS[stage], partition)).end
            least = evidence.partials[partition] if stage == "trends" else end
            position = evidence.storage.recover(Owner(stage, partition)).position
            following, applied = (position.next, position.applied) if position else (0, 0)
            if applied != following or not least <= following <= end:
                yield Finding("positions", f"{stage}-{partition}: {applied} applied, position {following}, end {end}")


# -- windows


def differences(expected: Expected, newest: Mapping[Cell, Published]) -> Iterator[Finding]:
    """What of the newest windows is not as expected, or still open."""
    for cell in expected.windows.keys() | newest.keys():
        # The product counts more than is known here: a window may hold nothing else.
        wanted, got = expected.windows.get(cell, NOTHING), newest.get(cell)
        if got is None:
            yield Finding("windows", f"{cell}: not on the topic")
        elif got.figures != wanted and not _same(wanted, got.figures):
            names = zip(FIGURES, wanted, got.figures, strict=True)
            yield Finding("windows", f"{cell}: {', '.join(f'{n} is {b}, not {a}' for n, a, b in names if a != b)}")
        elif not got.final:
            yield Finding("open", f"{cell}: still open")


def _same(wanted: Figures, got: Figures) -> bool:
    return wanted[:_EXACT] == got[:_EXACT] and all(map(_near, wanted[_EXACT:], got[_EXACT:]))


def _near(exact: Figure, told: Figure) -> bool:
    if not isinstance(exact, float) or not isinstance(told, float):
        return exact is told
    return abs(exact - told) <= _TOLERANCE * exact


def _too_early(evidence: Evidence, expected: Expected) -> Iterator[Finding]:
    """A window is final for the first time: every watermark has passed it, none of them was ahead of its partition,
    and what their partitions had applied when they told them is counted.
    """
    told = _watermarks_told(evidence)
    yield from _ahead(evidence, told, expected)
    offsets: defaultdict[Cell, dict[int, list[int]]] = defaultdict(dict)
    for one in expected.counted:
        for cell in one.cells:
            offsets[cell].setdefault(one.partition, []).append(one.offset)
    known = _Known(evidence)
    for cell, published, position, partition in _first_finals(evidence):
        marks = known.before(partition, position)
        end = (cell.start + cell.size + LATENESS) * 1000
        if len(marks) < evidence.plan.partitions or min(marks.values()) < end:
            yield Finding("too early", f"{cell}: final at {end}, watermarks {marks}")
            continue
        covered = sum(
            bisect_left(offsets[cell].get(source, ()), _covered(told, source, mark)) for source, mark in marks.items()
        )
        if published.events < covered:
            yield Finding("too early", f"{cell}: final with {published.events} of {covered} events before {marks}")


class _Told(NamedTuple):
    """A watermark, the position of its partition when it was told, and the clock's highest time by then."""

    time: int
    position: int
    clock: int


def _watermarks_told(evidence: Evidence) -> dict[int, list[_Told]]:
    """By source partition, in the order in which they were told."""
    told: defaultdict[int, list[_Told]] = defaultdict(list)
    positions: dict[int, int] = {}
    for stage, partition, transaction, clock in evidence.committed:
        if stage == "track":
            if transaction.position is not None:
                positions[partition] = transaction.position.next
            for output in transaction.outputs:
                if output.everywhere and output.value:
                    time = _watermark(output.value).time
                    told[partition].append(_Told(time, positions.get(partition, 0), clock))
    return told


def _ahead(evidence: Evidence, told: Mapping[int, Iterable[_Told]], expected: Expected) -> Iterator[Finding]:
    """A watermark is an event's time, or, once everything is applied, the clock less the pause of an idle partition."""
    is_steady = all(fault.kind != "clock" or fault.seconds >= 0 for fault in evidence.plan.faults)
    for partition, marks in told.items():
        records = [record for record in expected.scored if record.partition == partition]
        latest_before = [0, *accumulate(map(_time, records), max)]
        offsets = [record.offset for record in records]
        for mark in marks:
            latest = latest_before[bisect_left(offsets, mark.position)]
            if mark.time <= latest:
                continue
            waiting = [r.offset for r in records if r.offset >= mark.position and r.appended <= mark.time]
            if mark.time > mark.clock - IDLE_AFTER * 1000 or (waiting and is_steady):
                yield Finding(
                    "too early", f"track-{partition} told {mark}, its latest event is of {latest}, {waiting} waited"
                )


def _time(record: Scored) -> int:
    return min(milliseconds(record.event["occurred_at"]), record.appended + soak.FUTURE_TOLERANCE_MS)


def _first_finals(evidence: Evidence) -> Iterator[tuple[Cell, Published, int, int]]:
    """Each window that becomes final, with the position and partition of `trends` that says so."""
    positions: dict[int, int] = {}
    known: set[Cell] = set()
    for stage, partition, transaction, _ in evidence.committed:
        if stage == "trends":
            if transaction.position is not None:
                positions[partition] = transaction.position.next
            for output in transaction.outputs:
                if output.topic == topics.WINDOWS and output.value and b'"final":true' in output.value:
                    cell, published = _window(output.value)
                    if cell.dimension in DIMENSIONS and cell not in known:
                        known.add(cell)
                        yield cell, published, positions.get(partition, 0), partition


class _Known:
    """The highest watermark of each source before a position of the partials topic."""

    def __init__(self, evidence: Evidence) -> None:
        self._marks = {
            partition: [
                (record.offset, said.source, said.time)
                for record in read(evidence.storage, topics.PARTIALS, partition)
                if record.key == b"watermark" and record.value
                for said in [_watermark(record.value)]
            ]
            for partition in range(evidence.plan.partitions)
        }
        self._found: dict[tuple[int, int], dict[int, int]] = {}

    def before(self, partition: int, position: int) -> dict[int, int]:
        found = self._found.get((partition, position))
        if found is None:
            found = self._found[partition, position] = {}
            for offset, source, time in self._marks[partition]:
                if offset < position:
                    found[source] = max(time, found.get(source, 0))
        return found


def _covered(told: Mapping[int, Sequence[_Told]], source: int, mark: int) -> int:
    """How far a source had applied when it first told a watermark."""
    return next((one.position for one in told[source] if one.time == mark), 0)


def _compared(what: str, expected: Iterable[Any], found: Iterable[Any]) -> Iterator[Finding]:
    wanted, got = Counter(expected), Counter(found)
    if lost := wanted - got:
        yield Finding(what, f"lost: {dict(lost)}")
    if doubled := got - wanted:
        yield Finding(what, f"doubled: {dict(doubled)}")

"""Tumbling windows in event time: which windows an event counts in, and the totals of a batch of events. Pure."""

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from schemas.durations import bucket_of
from schemas.events import Priority
from schemas.scored import Label, ScoredEvent
from schemas.windows import COUNTS_BY, HUNDREDTHS, NO_SCORE, SUMS, Totals, WindowKey

OVERALL: Final = ("overall", "")
DEFAULT_PRIORITY: Final = "medium"
# Characters of a dimension's value that are kept.
MAX_VALUE_CHARS: Final = 100


class Targets(NamedTuple):
    """Seconds within which something is due, by the priority of the ticket."""

    low: int
    medium: int
    high: int
    urgent: int


class WindowRules(NamedTuple):
    """Sizes and spans in seconds; each size is a multiple of the first, so that totals roll up. Windows of the size
    `watched` are watched for spikes; 0 for none.

    Of a dimension that anybody may name values of, `values` have windows of their own. A ticket in which nothing
    happened for `ticket_memory` begins anew. `respond_within` and `resolve_within` are the targets of service.
    """

    sizes: tuple[int, ...] = (60, 300, 3600, 86400)
    allowed_lateness: int = 60
    future_tolerance: int = 300
    late_horizon: int = 172_800
    idle_after: int = 5
    watched: int = 0
    values: int = 1_000
    ticket_memory: int = 7 * 86_400
    respond_within: Targets = Targets(86_400, 28_800, 14_400, 3_600)
    resolve_within: Targets = Targets(7 * 86_400, 3 * 86_400, 86_400, 28_800)


class EventTime(NamedTuple):
    """When an event counts, in Unix milliseconds, and whether it counts in windows at all."""

    at: int
    too_late: bool
    cut: bool


def event_time(occurred_ms: int, appended_ms: int, rules: WindowRules) -> EventTime:
    """An event's time, judged against its append alone, so that a replay judges the same.

    A time further ahead than the tolerance is cut to it: a channel's wrong clock must not move the watermark or hold a
    window open. One further back than the horizon does not count in windows.
    """
    latest = appended_ms + rules.future_tolerance * 1000
    too_late = occurred_ms < appended_ms - rules.late_horizon * 1000
    return EventTime(min(occurred_ms, latest), too_late, occurred_ms > latest)


def is_expired(end: int, now_ms: int, rules: WindowRules) -> bool:
    """Whether no event that is appended from `now_ms` on can count in a window that ends at `end` (Unix seconds).

    The tolerance covers the difference between our clock and the log's.
    """
    return (end + rules.late_horizon + rules.future_tolerance) * 1000 < now_ms


class Place(NamedTuple):
    """The value of each dimension that an event counts in, "" for none; besides, it counts overall."""

    channel: str
    category: str
    priority: str
    agent: str = ""
    product: str = ""
    journey_stage: str = ""


DIMENSIONS: Final = Place._fields
# A dimension and its value.
Cell = tuple[str, str]


def place_of(event: ScoredEvent) -> Place:
    """Where an event counts: what it says itself, so that it counts there in any order."""
    return Place(
        event.channel,
        event.category,
        event.priority or DEFAULT_PRIORITY,
        _value(event.agent_id),
        _value(event.product),
        _value(event.journey_stage),
    )


def _value(text: str | None) -> str:
    return text.strip()[:MAX_VALUE_CHARS] if text else ""


@lru_cache(maxsize=10_000)
def cells_of(place: Place) -> Sequence[tuple[int, Cell]]:
    """The cells of a place, each with its number: overall is 0, a dimension's is its place among DIMENSIONS plus 1."""
    named = zip(DIMENSIONS, place, strict=True)
    return [(0, OVERALL), *((number, cell) for number, cell in enumerate(named, 1) if cell[1])]


class Fact(NamedTuple):
    """What windows count of a ticket besides its events: it was answered for the first time, resolved or reopened.

    It counts at a time (Unix milliseconds) and a place; `took` are the milliseconds since the ticket's first event.
    """

    kind: str
    at: int
    place: Place
    took: int = 0


class Share(NamedTuple):
    """What an event adds to its ticket's part in windows.

    `new` has a set of sizes for overall and one for each dimension, as bits in the order of the sizes: the windows in
    which the ticket was not counted before. The facts that were known before and are not so any more are `lost`.
    """

    new: Sequence[int] = (0,) * (1 + len(DIMENSIONS))
    gained: Sequence[Fact] = ()
    lost: Sequence[Fact] = ()


NOTHING_NEW: Final = Share()

# What one event adds, in the order of the fields of `Totals`, but with a single name or bucket, or None, for what is
# counted by these. Without a score its least score is above all scores, so that sums of columns are totals.
Counts = tuple[Any, ...]

_FIELDS: Final = Totals.__struct_fields__
_NUMBERS: Final = len(_FIELDS) - len(COUNTS_BY)
_SCORE_MIN: Final = _FIELDS.index("score_min")
_SCORE_MAX: Final = _FIELDS.index("score_max")
_TICKETS: Final = _FIELDS.index("tickets")
_UNSCORED: Final = sys.maxsize
# The five counts of labels of a single text.
_ONE_LABEL: Final[dict[Label, tuple[int, int, int, int, int]]] = {
    "very_negative": (1, 0, 0, 0, 0),
    "negative": (0, 1, 0, 0, 0),
    "neutral": (0, 0, 1, 0, 0),
    "positive": (0, 0, 0, 1, 0),
    "very_positive": (0, 0, 0, 0, 1),
}
_NO_TEXT: Final = (0, 0, 0, 0, 0, 0, 0, _UNSCORED, NO_SCORE)
_NO_FACT: Final = (0, 0, 0, 0)
_ESCALATION: Final[Counts] = (0, *_NO_TEXT, 1, 0, 0, 0, *_NO_FACT, None, None, None, None)


def _counts_of(event: ScoredEvent, escalated: bool) -> Counts:
    """Of an event itself. Only a customer's text counts as scored."""
    resolved = event.type == "status_changed" and event.status == "resolved"
    rating = event.satisfaction
    beside = (int(escalated), int(resolved), int(rating is not None), rating or 0, *_NO_FACT)
    counted = event.sentiment if event.voice == "customer" else None
    if counted is None:
        return (1, *_NO_TEXT, *beside, None, None, None, None)
    score = round(counted.score * HUNDREDTHS)
    reading = event.reading
    text = (1, *_ONE_LABEL[counted.label], score, score, score)
    return (1, *text, *beside, reading.emotion, reading.urgency, None, None)


def _counts_of_fact(fact: Fact, rules: WindowRules) -> Counts:
    bucket = bucket_of(fact.took)
    nothing = (0, *_NO_TEXT, 0, 0, 0, 0, 0)
    if fact.kind == "reopened":
        return (*nothing, 1, 0, 0, None, None, None, None)
    if fact.kind == "answered":
        return (*nothing, 0, _in_time(fact, rules.respond_within), 0, None, None, bucket, None)
    return (*nothing, 0, 0, _in_time(fact, rules.resolve_within), None, None, None, bucket)


def _in_time(fact: Fact, targets: Targets) -> int:
    priority: Priority = fact.place.priority  # type: ignore[assignment]
    return int(fact.took <= getattr(targets, priority) * 1000)


def _total(noted: Sequence[Counts]) -> list[Any]:
    """The fields of the totals of events, without their tickets."""
    if len(noted) == 1:
        return _total_of_one(noted[0])
    columns = list(zip(*noted, strict=True))
    totals: list[Any] = [sum(column) for column in columns[:_NUMBERS]]
    least = min(columns[_SCORE_MIN])
    totals[_SCORE_MIN] = NO_SCORE if least == _UNSCORED else least
    totals[_SCORE_MAX] = max(columns[_SCORE_MAX])
    for column in columns[_NUMBERS:]:
        counts = dict(Counter(column))
        counts.pop(None, None)
        totals.append(counts)
    return totals


def _total_of_one(counts: Counts) -> list[Any]:
    """The same of a single event, as most are while few come: nothing is to be added up."""
    totals = [*counts[:_NUMBERS], *({} if each is None else {each: 1} for each in counts[_NUMBERS:])]
    if counts[_SCORE_MIN] == _UNSCORED:
        totals[_SCORE_MIN] = NO_SCORE
    return totals


def _negated(totals: Totals) -> Totals:
    """What is added to take counts back. A fact has no score."""
    negative: dict[str, Any] = {name: -getattr(totals, name) for name in SUMS}
    for name in COUNTS_BY:
        negative[name] = {each: -count for each, count in getattr(totals, name).items()}
    return Totals(**negative)


class _Noted(NamedTuple):
    """Of one cell: what each event adds, and the sizes of the windows in which its ticket is new."""

    counts: list[Counts]
    new: list[int]


class Tally:
    """The totals of a batch, by window.

    An event is noted once for each of its dimensions, in its minute. All that is added up is added up by `windows`,
    when the batch is done: what an event costs hardly rises with the number of dimensions and sizes.
    """

    def __init__(self, rules: WindowRules) -> None:
        self._rules = rules
        self._minutes: dict[tuple[str, int], defaultdict[Cell, _Noted]] = {}
        self._lost: list[tuple[str, Fact]] = []

    def add(self, event: ScoredEvent, at_ms: int, place: Place, share: Share, *, escalated: bool) -> None:
        """Count an event at its time and place, and what it adds to its ticket's part."""
        self._note(event.tenant, at_ms, place, _counts_of(event, escalated), share.new)
        for fact in share.gained:
            self._note(event.tenant, fact.at, fact.place, _counts_of_fact(fact, self._rules), NOTHING_NEW.new)
        for fact in share.lost:
            self._lost.append((event.tenant, fact))

    def add_escalation(self, tenant: str, place: Place, at_ms: int) -> None:
        """Count an escalation that no event has caused, but the clock or what was learned of the customer."""
        self._note(tenant, at_ms, place, _ESCALATION, NOTHING_NEW.new)

    def _note(self, tenant: str, at_ms: int, place: Place, counts: Counts, new: Sequence[int]) -> None:
        base = self._rules.sizes[0]
        minute = (tenant, at_ms // 1000 // base * base)
        cells = self._minutes.get(minute)
        if cells is None:
            cells = self._minutes[minute] = defaultdict(_nothing_noted)
        for number, cell in cells_of(place):
            noted = cells[cell]
            noted.counts.append(counts)
            if new[number]:
                noted.new.append(new[number])

    def windows(self) -> dict[WindowKey, Totals]:
        """The totals of every window that the batch touched."""
        found: dict[WindowKey, Totals] = {}
        for (tenant, start), cells in self._minutes.items():
            begins = [(1 << place, size, start // size * size) for place, size in enumerate(self._rules.sizes)]
            for cell, noted in cells.items():
                totals = _total(noted.counts)
                for bit, size, begin in begins:
                    totals[_TICKETS] = sum(1 for sizes in noted.new if sizes & bit)
                    _add(found, WindowKey(tenant, size, begin, *cell), Totals(*totals))
        for tenant, fact in self._lost:
            taken_back = _negated(Totals(*_total([_counts_of_fact(fact, self._rules)])))
            for size in self._rules.sizes:
                for _, cell in cells_of(fact.place):
                    _add(found, WindowKey(tenant, size, fact.at // 1000 // size * size, *cell), taken_back)
        return found


def _nothing_noted() -> _Noted:
    return _Noted([], [])


def _add(found: dict[WindowKey, Totals], key: WindowKey, totals: Totals) -> None:
    before = found.get(key)
    found[key] = before + totals if before else totals

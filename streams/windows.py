"""Tumbling windows in event time: which windows an event counts in, and the totals of a batch of events. Pure."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.scored import Label, ScoredEvent
from schemas.windows import HUNDREDTHS, NO_SCORE, Totals, WindowKey

OVERALL: Final = ("overall", "")
DEFAULT_PRIORITY: Final = "medium"


class WindowRules(NamedTuple):
    """Sizes and spans in seconds; each size is a multiple of the first, so that totals roll up."""

    sizes: tuple[int, ...] = (60, 300, 3600, 86400)
    allowed_lateness: int = 60
    future_tolerance: int = 300
    late_horizon: int = 172_800
    idle_after: int = 5


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


def totals_of(event: ScoredEvent, *, escalated: bool) -> Totals:
    """What one event adds to each of its windows. Only a customer's text counts as scored."""
    counted = event.sentiment if event.voice == "customer" else None
    resolved = event.type == "status_changed" and event.status == "resolved"
    beside = (int(escalated), int(resolved), int(event.satisfaction is not None), event.satisfaction or 0)
    if counted is None:
        return Totals(1, 0, 0, 0, 0, 0, 0, 0, NO_SCORE, NO_SCORE, *beside)
    score = round(counted.score * HUNDREDTHS)
    return Totals(1, 1, *_ONE_LABEL[counted.label], score, score, score, *beside)


# The five counts of labels of a single text.
_ONE_LABEL: Final[dict[Label, tuple[int, int, int, int, int]]] = {
    "very_negative": (1, 0, 0, 0, 0),
    "negative": (0, 1, 0, 0, 0),
    "neutral": (0, 0, 1, 0, 0),
    "positive": (0, 0, 0, 1, 0),
    "very_positive": (0, 0, 0, 0, 1),
}


class Tally:
    """The totals of a batch, by window. Events with the same minute and dimensions are added up before they fan out."""

    def __init__(self, rules: WindowRules) -> None:
        self._sizes = rules.sizes
        self._cells: dict[tuple[str, int, str, str, str], Totals] = {}

    def add(self, event: ScoredEvent, at_ms: int, *, escalated: bool) -> None:
        """Count an event at its time."""
        base = self._sizes[0]
        start = at_ms // 1000 // base * base
        cell = (event.tenant, start, event.channel, event.category, event.priority or DEFAULT_PRIORITY)
        before = self._cells.get(cell)
        totals = totals_of(event, escalated=escalated)
        self._cells[cell] = before + totals if before else totals

    def add_escalation(self, tenant: str, channel: str, category: str, priority: str, at_ms: int) -> None:
        """Count an escalation that no event has caused, but the clock or what was learned of the customer."""
        base = self._sizes[0]
        cell = (tenant, at_ms // 1000 // base * base, channel, category, priority)
        before = self._cells.get(cell)
        totals = Totals(escalations=1)
        self._cells[cell] = before + totals if before else totals

    def windows(self) -> dict[WindowKey, Totals]:
        """The totals of every window that the batch touched."""
        found: dict[WindowKey, Totals] = {}
        for cell, totals in self._cells.items():
            for key in self._keys(*cell):
                before = found.get(key)
                found[key] = before + totals if before else totals
        return found

    def _keys(self, tenant: str, start: int, channel: str, category: str, priority: str) -> Iterator[WindowKey]:
        for size in self._sizes:
            begin = start // size * size
            yield WindowKey(tenant, size, begin, *OVERALL)
            yield WindowKey(tenant, size, begin, "channel", channel)
            yield WindowKey(tenant, size, begin, "category", category)
            yield WindowKey(tenant, size, begin, "priority", priority)

"""Tumbling windows in event time: which windows an event counts in, and the totals of a batch of events. Pure."""

import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.scored import Label, ScoredEvent
from schemas.windows import HUNDREDTHS, NO_SCORE, Totals, WindowKey

OVERALL: Final = ("overall", "")
DEFAULT_PRIORITY: Final = "medium"


class WindowRules(NamedTuple):
    """Sizes and spans in seconds; each size is a multiple of the first, so that totals roll up. Windows of the size
    `watched` are watched for spikes; 0 for none.
    """

    sizes: tuple[int, ...] = (60, 300, 3600, 86400)
    allowed_lateness: int = 60
    future_tolerance: int = 300
    late_horizon: int = 172_800
    idle_after: int = 5
    watched: int = 0


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
    return _total([_counts_of(event, escalated)])


# What one event adds, in the order of the fields of `Totals`. Without a score its least score is above all scores, so
# that the columns of many events are their totals.
Counts = tuple[int, ...]

_UNSCORED: Final = sys.maxsize
_SCORE_MIN: Final = Totals.__struct_fields__.index("score_min")
_SCORE_MAX: Final = Totals.__struct_fields__.index("score_max")
# The five counts of labels of a single text.
_ONE_LABEL: Final[dict[Label, tuple[int, int, int, int, int]]] = {
    "very_negative": (1, 0, 0, 0, 0),
    "negative": (0, 1, 0, 0, 0),
    "neutral": (0, 0, 1, 0, 0),
    "positive": (0, 0, 0, 1, 0),
    "very_positive": (0, 0, 0, 0, 1),
}


def _counts_of(event: ScoredEvent, escalated: bool) -> Counts:
    resolved = event.type == "status_changed" and event.status == "resolved"
    rating = event.satisfaction
    beside = (int(escalated), int(resolved), int(rating is not None), rating or 0)
    counted = event.sentiment if event.voice == "customer" else None
    if counted is None:
        return (1, *_NO_TEXT, *beside)
    score = round(counted.score * HUNDREDTHS)
    return (1, 1, *_ONE_LABEL[counted.label], score, score, score, *beside)


_NO_TEXT: Final = (0, 0, 0, 0, 0, 0, 0, _UNSCORED, NO_SCORE)
_ESCALATION: Final[Counts] = (0, *_NO_TEXT, 1, 0, 0, 0)


def _total(noted: Sequence[Counts]) -> Totals:
    columns = list(zip(*noted, strict=True))
    totals = [sum(column) for column in columns]
    least = min(columns[_SCORE_MIN])
    totals[_SCORE_MIN] = NO_SCORE if least == _UNSCORED else least
    totals[_SCORE_MAX] = max(columns[_SCORE_MAX])
    return Totals(*totals)


# A dimension and its value.
Cell = tuple[str, str]


class Tally:
    """The totals of a batch, by window.

    An event is noted once for each of its dimensions, in its minute. All that is added up is added up by `windows`,
    when the batch is done: what an event costs hardly rises with the number of dimensions and sizes.
    """

    def __init__(self, rules: WindowRules) -> None:
        self._sizes = rules.sizes
        self._minutes: dict[tuple[str, int], defaultdict[Cell, list[Counts]]] = {}

    def add(self, event: ScoredEvent, at_ms: int, *, escalated: bool) -> None:
        """Count an event at its time."""
        priority = event.priority or DEFAULT_PRIORITY
        self._note(event.tenant, at_ms, event.channel, event.category, priority, _counts_of(event, escalated))

    def add_escalation(self, tenant: str, channel: str, category: str, priority: str, at_ms: int) -> None:
        """Count an escalation that no event has caused, but the clock or what was learned of the customer."""
        self._note(tenant, at_ms, channel, category, priority, _ESCALATION)

    def _note(self, tenant: str, at_ms: int, channel: str, category: str, priority: str, counts: Counts) -> None:
        base = self._sizes[0]
        minute = (tenant, at_ms // 1000 // base * base)
        cells = self._minutes.get(minute)
        if cells is None:
            cells = self._minutes[minute] = defaultdict(list)
        cells[OVERALL].append(counts)
        cells["channel", channel].append(counts)
        cells["category", category].append(counts)
        cells["priority", priority].append(counts)

    def windows(self) -> dict[WindowKey, Totals]:
        """The totals of every window that the batch touched."""
        found: dict[WindowKey, Totals] = {}
        for (tenant, start), cells in self._minutes.items():
            begins = [(size, start // size * size) for size in self._sizes]
            for cell, noted in cells.items():
                totals = _total(noted)
                for size, begin in begins:
                    key = WindowKey(tenant, size, begin, *cell)
                    before = found.get(key)
                    found[key] = before + totals if before else totals
        return found

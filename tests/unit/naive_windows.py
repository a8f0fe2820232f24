"""What windows must be: every event kept in a list, every window worked out from the whole list. Slow, and it shares no
code with the product.

Times are Unix milliseconds, sizes and starts of windows seconds. Events are all different: what a producer sends twice
is here once.
"""

from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from tests.unit.naive_conversations import AHEAD, BEHIND, HOUR, SECOND

SIZES = (60, 300, 3600, 86400)
RESPOND_HOURS = {"low": 24, "medium": 8, "high": 4, "urgent": 1}
RESOLVE_HOURS = {"low": 168, "medium": 72, "high": 24, "urgent": 8}
NAMES = ("channel", "category", "priority", "agent", "product", "journey_stage")
OPEN_NAMES = ("agent", "product", "journey_stage")
CLOSED = ("resolved", "closed")

# Tenant, size, start, dimension and value.
Cell = tuple[str, int, int, str, str]
Values = tuple[str, ...]


@dataclass(frozen=True)
class Noted:
    """One event as the windows see it. `values` has one for each of NAMES, "" for none."""

    tenant: str
    ticket: str
    id: str
    occurred: int
    appended: int
    values: Values
    type: str = "message"
    author: str | None = None
    # In hundredths of a point, and with what was read beside it; of the customer's words only.
    score: int | None = None
    label: str = "neutral"
    emotion: str | None = None
    urgency: str = "medium"
    status: str | None = None
    rating: int | None = None

    @property
    def at(self) -> int:
        return min(self.occurred, self.appended + AHEAD)

    @property
    def is_late(self) -> bool:
        return self.occurred < self.appended - BEHIND

    @property
    def is_reply(self) -> bool:
        return self.type == "agent_reply" and self.author not in ("bot", "system")

    @property
    def is_customers(self) -> bool:
        return self.type != "agent_reply" and self.author is None


@dataclass(frozen=True)
class Escalated:
    """An escalation, by an event (its id and time) or at a time and a place of its own."""

    tenant: str
    ticket: str
    event: str
    at: int
    values: Values


def windows_of(events: list[Noted], escalations: list[Escalated], values: int) -> dict[Cell, dict[str, Any]]:
    """The totals of every window, by the names of their fields, without those that are 0 or empty."""
    cells: dict[Cell, list[dict[str, Any]]] = defaultdict(list)
    counting = [event for event in events if not event.is_late]
    causes = {(one.tenant, one.ticket, one.event, one.at): one for one in escalations}
    for event in events:
        cause = causes.pop((event.tenant, event.ticket, event.id, event.at), None)
        if not event.is_late:
            _put(cells, event.tenant, event.at, event.values, _of_event(event, cause is not None))
    for one in causes.values():
        _put(cells, one.tenant, one.at, one.values, {"escalations": 1})
    tickets: dict[tuple[str, str], list[Noted]] = defaultdict(list)
    for event in counting:
        tickets[event.tenant, event.ticket].append(event)
    for (tenant, _), story in tickets.items():
        for at, where, counts in _of_ticket(story):
            _put(cells, tenant, at, where, counts)
    return _with_others({cell: _summed(counts) for cell, counts in cells.items()}, values)


def _put(cells: dict[Cell, list[dict[str, Any]]], tenant: str, at: int, values: Values, counts: dict[str, Any]) -> None:
    for size in SIZES:
        start = at // (size * SECOND) * size
        cells[tenant, size, start, "overall", ""].append(counts)
        for name, value in zip(NAMES, values, strict=True):
            if value:
                cells[tenant, size, start, name, value].append(counts)


def _of_event(event: Noted, escalated: bool) -> dict[str, Any]:
    counts: dict[str, Any] = {"events": 1, "tickets": {event.ticket}, "escalations": int(escalated)}
    if event.is_customers and event.score is not None:
        counts |= {"scored": 1, event.label: 1, "score_sum": event.score, "scores": [event.score]}
        counts |= {"urgencies": {event.urgency: 1}, "emotions": {event.emotion: 1} if event.emotion else {}}
    if event.rating is not None:
        counts |= {"ratings": 1, "satisfaction": event.rating}
    counts["resolved"] = int(event.type == "status_changed" and event.status == "resolved")
    return counts


def _of_ticket(story: list[Noted]) -> list[tuple[int, Values, dict[str, Any]]]:
    """What is counted of a ticket besides its events: when, where, and what."""
    found = []
    first = min(story, key=lambda event: (event.at, event.values))
    replies = sorted((event.at, event.values[3:]) for event in story if event.is_reply)
    if replies and replies[0][0] > first.at:
        at, reply = replies[0]
        took = _took(at - first.at, "response_times", "responded_in_time", first)
        found.append((at, (*first.values[:3], *reply), took))
    for event in story:
        if event.type == "status_changed" and event.status == "resolved":
            took = _took(event.at - first.at, "resolution_times", "resolved_in_time", first)
            found.append((event.at, (*first.values[:3], *event.values[3:]), took))
    told = sorted(
        (event.at, event.status in CLOSED, event.type == "status_changed" and event.status == "resolved", event.values)
        for event in story
        if event.status is not None
    )
    for before, after in pairwise(told):
        if before[1] and not after[1]:
            found.append((after[0], after[3], {"reopened": 1}))
    return found


def _took(span: int, times: str, in_time: str, first: Noted) -> dict[str, Any]:
    hours = RESPOND_HOURS if in_time == "responded_in_time" else RESOLVE_HOURS
    bucket = next(number for number in range(10_000) if 1.04**number >= span)
    return {times: {bucket: 1}, in_time: int(span <= hours[first.values[2]] * HOUR)}


def _summed(counts: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in {name for each in counts for name in each}:
        given = [each[name] for each in counts if name in each]
        if name == "tickets":
            found[name] = len(set().union(*given))
        elif name == "scores":
            scores = [score for each in given for score in each]
            found |= {"score_min": min(scores), "score_max": max(scores)}
        elif isinstance(given[0], dict):
            found[name] = _merged(given)
        else:
            found[name] = sum(given)
    return {name: value for name, value in found.items() if value or name in ("score_min", "score_max")}


def _merged(given: list[dict[Any, int]]) -> dict[Any, int]:
    return {each: sum(one.get(each, 0) for one in given) for each in {each for one in given for each in one}}


def _with_others(windows: dict[Cell, dict[str, Any]], values: int) -> dict[Cell, dict[str, Any]]:
    """Of an open dimension of one window, the values with the lowest hashes; the others together."""
    rivals: dict[Cell, set[str]] = defaultdict(set)
    for *window, value in windows:
        if window[3] in OPEN_NAMES and value != "other":
            rivals[(*window, "other")].add(value)  # type: ignore[index]
    own = {other: sorted(names, key=_hash)[:values] for other, names in rivals.items()}
    found: dict[Cell, list[dict[str, Any]]] = defaultdict(list)
    for cell, totals in windows.items():
        other = (*cell[:4], "other")
        moved = cell[3] in OPEN_NAMES and cell[4] not in own.get(other, ())
        found[other if moved else cell].append(totals)
    return {cell: _together(parts) for cell, parts in found.items()}


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if len(parts) == 1:
        return parts[0]
    found: dict[str, Any] = {}
    for name in {name for part in parts for name in part}:
        given = [part[name] for part in parts if name in part]
        if name in ("score_min", "score_max"):
            found[name] = min(given) if name == "score_min" else max(given)
        else:
            found[name] = _merged(given) if isinstance(given[0], dict) else sum(given)
    return found


def _hash(value: str) -> int:
    return int(blake2b(value.encode(), digest_size=8).hexdigest(), 16)

"""Which windows there must be, counted from scored events one by one. Shares no code with the stages. Pure."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

from tests.simulation.plan import HORIZON, TOLERANCE
from tests.soak.oracle import Scored, milliseconds
from tests.soak.windows import RATES, Cell
from tests.soak.windows import TOTALS as ALL_TOTALS

# In the order of TOTALS and RATES.
Figures = tuple[float | None, ...]
# Tenant, ticket, event id.
EventId = tuple[str, str, str]

# What it knows of windows; the product may tell more.
DIMENSIONS: Final = ("overall", "channel", "category", "priority")
TOTALS: Final = ALL_TOTALS[: ALL_TOTALS.index("tickets")]


class Counted(NamedTuple):
    """An event that counts: where it stands on the scored topic, its time in Unix milliseconds, and its fields."""

    partition: int
    offset: int
    at: int
    event: dict[str, Any]


# The figures of a window in which nothing happened.
NOTHING: Final[Figures] = (*(-1 if name.endswith(("_min", "_max")) else 0 for name in TOTALS), *(None for _ in RATES))


def id_of(event: dict[str, Any]) -> EventId:
    """What tells an event apart."""
    return event["tenant"], event["ticket_id"], event["event_id"]


def counted(scored: Iterable[Scored], horizon: int = HORIZON) -> tuple[list[Counted], int]:
    """The events that count in windows, and how many are duplicates. `horizon` in seconds."""
    seen: set[EventId] = set()
    found: list[Counted] = []
    duplicates = 0
    for record in scored:
        if id_of(record.event) in seen:
            duplicates += 1
            continue
        seen.add(id_of(record.event))
        occurred = milliseconds(record.event["occurred_at"])
        if occurred >= record.appended - horizon * 1000:
            at = min(occurred, record.appended + TOLERANCE * 1000)
            found.append(Counted(record.partition, record.offset, at, record.event))
    return found, duplicates


def cells_of(one: Counted, sizes: Iterable[int]) -> Iterator[Cell]:
    """The windows that an event counts in."""
    event = one.event
    values = {
        "overall": "",
        "channel": event["channel"],
        "category": event["category"],
        "priority": event["priority"] or "medium",
    }
    for size in sizes:
        start = one.at // (size * 1000) * size
        for dimension, value in values.items():
            yield Cell(event["tenant"], size, start, dimension, value)


def windows(events: Iterable[Counted], escalated: Collection[EventId], sizes: Collection[int]) -> dict[Cell, Figures]:
    """Totals and rates of every window, in the order of TOTALS and RATES."""
    inside: dict[Cell, list[dict[str, Any]]] = {}
    for one in events:
        for cell in cells_of(one, sizes):
            inside.setdefault(cell, []).append(one.event)
    return {cell: _figures(some, escalated) for cell, some in inside.items()}


def _figures(events: list[dict[str, Any]], escalated: Collection[EventId]) -> Figures:
    texts = [event["sentiment"] for event in events if event["sentiment"] and event["voice"] == "customer"]
    scores = [round(text["score"] * 100) for text in texts]
    ratings = [event["satisfaction"] for event in events if event.get("satisfaction") is not None]
    labels = [text["label"] for text in texts]
    totals = {
        "events": len(events),
        "scored": len(texts),
        "very_negative": labels.count("very_negative"),
        "negative": labels.count("negative"),
        "neutral": labels.count("neutral"),
        "positive": labels.count("positive"),
        "very_positive": labels.count("very_positive"),
        "score_sum": sum(scores),
        "score_min": min(scores, default=-1),
        "score_max": max(scores, default=-1),
        "escalations": sum(id_of(event) in escalated for event in events),
        "resolved": sum(event["type"] == "status_changed" and event["status"] == "resolved" for event in events),
        "ratings": len(ratings),
        "satisfaction": sum(ratings),
    }
    rates = {
        "negative_share": _ratio(totals["very_negative"] + totals["negative"], len(texts)),
        "escalation_rate": _ratio(totals["escalations"], len(texts)),
        "score_avg": _ratio(sum(scores) / 100, len(texts)),
        "satisfaction_avg": _ratio(sum(ratings), len(ratings)),
    }
    return (*(totals[name] for name in TOTALS), *(rates[name] for name in RATES))


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None

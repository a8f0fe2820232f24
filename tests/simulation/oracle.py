"""Which windows there must be, counted from scored events one by one. Shares no code with the stages. Pure."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

from tests.simulation.plan import HORIZON, TOLERANCE
from tests.soak import oracle as soak
from tests.soak.oracle import Scored
from tests.soak.windows import QUANTILES, RATES, TOTALS, Cell, Figures

# Tenant, ticket, event id.
EventId = tuple[str, str, str]
# Channel, category and priority.
Place = tuple[str, str, str]

# What it knows of windows; the product may tell more.
DIMENSIONS: Final = ("overall", "channel", "category", "priority")
LABELS: Final = ("very_negative", "negative", "neutral", "positive", "very_positive")
# Seconds, by the priority of a ticket's first event.
RESPOND_WITHIN: Final = {"low": 86_400, "medium": 28_800, "high": 14_400, "urgent": 3_600}
RESOLVE_WITHIN: Final = {"low": 604_800, "medium": 259_200, "high": 86_400, "urgent": 28_800}
# A ticket in which nothing happened for so many seconds begins anew.
TICKET_MEMORY: Final = 604_800


class Counted(NamedTuple):
    """An event that counts: where it stands on the scored topic, its time in Unix milliseconds, its fields, and the
    windows that it counts in.
    """

    partition: int
    offset: int
    at: int
    event: dict[str, Any]
    cells: Sequence[Cell]


class Part(NamedTuple):
    """What an event, or a fact of a ticket, adds to its windows. Scores are in hundredths, times in milliseconds."""

    events: int = 0
    ticket: str | None = None
    score: int | None = None
    label: str | None = None
    emotion: str | None = None
    urgency: str | None = None
    escalated: bool = False
    resolved: bool = False
    rating: int | None = None
    reopened: int = 0
    responded: int | None = None
    responded_in_time: bool = False
    resolved_after: int | None = None
    resolved_in_time: bool = False


# The figures of a window in which nothing happened, or from which everything was taken back.
NOTHING: Final[Figures] = (
    *(-1 if name.endswith(("_min", "_max")) else 0 for name in TOTALS[:-4]),
    *({} for _ in TOTALS[-4:]),
    *(None for _ in (*RATES, *QUANTILES)),
)


# The same times come again and again.
milliseconds = lru_cache(maxsize=4096)(soak.milliseconds)


def id_of(event: dict[str, Any]) -> EventId:
    """What tells an event apart."""
    return event["tenant"], event["ticket_id"], event["event_id"]


def counted(scored: Iterable[Scored], sizes: Collection[int], horizon: int = HORIZON) -> tuple[list[Counted], int]:
    """The events that count in windows, and how many are duplicates. `sizes` and `horizon` in seconds."""
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
            cells = _cells(record.event["tenant"], at, _place(record.event), sizes)
            found.append(Counted(record.partition, record.offset, at, record.event, cells))
    return found, duplicates


def windows(events: Iterable[Counted], escalated: Collection[EventId], sizes: Collection[int]) -> dict[Cell, Figures]:
    """The figures of every window, in the order of the soak's. Events come in the order of the log."""
    inside: defaultdict[Cell, list[Part]] = defaultdict(list)
    tickets: defaultdict[tuple[str, str], list[Counted]] = defaultdict(list)
    for one in events:
        part = _part(one.event, escalated)
        for cell in one.cells:
            inside[cell].append(part)
        tickets[id_of(one.event)[:2]].append(one)
    for (tenant, _), whole in tickets.items():
        for story in _stories(whole):
            for at, place, part in _facts(story):
                for cell in _cells(tenant, at, place, sizes):
                    inside[cell].append(part)
    # Many windows have the same in them: those of a single event, of all sizes and dimensions.
    known: dict[tuple[int, ...], Figures] = {}
    found: dict[Cell, Figures] = {}
    for cell, parts in inside.items():
        same = tuple(map(id, parts))
        figures = known.get(same)
        if figures is None:
            figures = known[same] = _figures(parts)
        found[cell] = figures
    return found


def _cells(tenant: str, at: int, place: Place, sizes: Iterable[int]) -> list[Cell]:
    found = []
    for size in sizes:
        start = at // (size * 1000) * size
        found += [
            Cell(tenant, size, start, "overall", ""),
            Cell(tenant, size, start, "channel", place[0]),
            Cell(tenant, size, start, "category", place[1]),
            Cell(tenant, size, start, "priority", place[2]),
        ]
    return found


def _place(event: dict[str, Any]) -> Place:
    return event["channel"], event["category"], event["priority"] or "medium"


def _part(event: dict[str, Any], escalated: Collection[EventId]) -> Part:
    """What an event adds by itself. A text counts as scored only if it is the customer's."""
    text = event["sentiment"] if event["voice"] == "customer" else None
    reading = event.get("reading") or {}
    return Part(
        1,
        event["ticket_id"],
        round(text["score"] * 100) if text else None,
        text["label"] if text else None,
        reading.get("emotion") if text else None,
        reading.get("urgency", "medium") if text else None,
        id_of(event) in escalated,
        _resolves(event),
        event.get("satisfaction"),
    )


# -- tickets


def _stories(events: Sequence[Counted]) -> Iterator[Sequence[Counted]]:
    """A ticket's events, cut where it was forgotten."""
    story: list[Counted] = []
    latest = 0
    for one in events:
        if story and one.at - latest > TICKET_MEMORY * 1000:
            yield story
            story, latest = [], 0
        story.append(one)
        latest = max(latest, one.at)
    yield story


def _facts(story: Sequence[Counted]) -> Iterator[tuple[int, Place, Part]]:
    """What counts of a ticket besides its events: its first answer, its resolutions, and when it is open again."""
    opened_at, opened = min((one.at, _place(one.event)) for one in story)
    answered_at = min((one.at for one in story if _answers(one.event)), default=0)
    # Where an agent wrote first, nothing was asked.
    if answered_at > opened_at:
        took = answered_at - opened_at
        yield answered_at, opened, Part(responded=took, responded_in_time=took <= RESPOND_WITHIN[opened[2]] * 1000)
    changes = []
    for one in story:
        if _resolves(one.event):
            took = one.at - opened_at
            yield one.at, opened, Part(resolved_after=took, resolved_in_time=took <= RESOLVE_WITHIN[opened[2]] * 1000)
        if one.event["status"] is not None:
            closed = one.event["status"] in ("resolved", "closed")
            changes.append((one.at, closed, _resolves(one.event), _place(one.event)))
    for before, after in pairwise(sorted(changes)):
        if before[1] and not after[1]:
            yield after[0], after[3], Part(reopened=1)


def _answers(event: dict[str, Any]) -> bool:
    return (
        event["voice"] == "agent"
        and event.get("author") not in ("bot", "system")
        and event["type"] in ("created", "message", "agent_reply")
    )


def _resolves(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "status_changed" and event["status"] == "resolved")


# -- figures


def _figures(parts: Sequence[Part]) -> Figures:
    """In the order of the soak's."""
    (
        events, tickets, scores, labels, emotions, urgencies, escalated, resolved, ratings,
        reopened, responded, responded_in_time, resolved_after, resolved_in_time,
    ) = zip(*parts, strict=True)  # fmt: skip
    known = [score for score in scores if score is not None]
    rated = [rating for rating in ratings if rating is not None]
    of_labels = [labels.count(label) for label in LABELS] if known else [0, 0, 0, 0, 0]
    escalations = sum(escalated)
    return (
        sum(events),
        len(known),
        *of_labels,
        sum(known),
        min(known, default=-1),
        max(known, default=-1),
        escalations,
        sum(resolved),
        len(rated),
        sum(rated),
        len({ticket for ticket in tickets if ticket is not None}),
        sum(reopened),
        sum(responded_in_time),
        sum(resolved_in_time),
        _by_name(emotions),
        _by_name(urgencies),
        _histogram(responded),
        _histogram(resolved_after),
        _ratio(of_labels[0] + of_labels[1], len(known)),
        _ratio(escalations, len(known)),
        _ratio(sum(known) / 100, len(known)),
        _ratio(sum(rated), len(rated)),
        *_median_and_more(responded),
        *_median_and_more(resolved_after),
    )


def _by_name(names: Iterable[str | None]) -> dict[str, int]:
    given = [name for name in names if name]
    return {name: given.count(name) for name in given}


def _histogram(spans: Iterable[int | None]) -> dict[str, int]:
    return _by_name([_bucket(span) for span in spans if span is not None])


@lru_cache(maxsize=10_000)
def _bucket(span: int) -> str:
    return str(math.ceil(math.log(max(span, 1)) / math.log(1.04)))


def _median_and_more(spans: Iterable[int | None]) -> tuple[float | None, float | None]:
    """Exactly half and 95 % of the spans are within these seconds."""
    rising = sorted(max(span, 1) / 1000 for span in spans if span is not None)
    if not rising:
        return None, None
    return rising[math.ceil(0.5 * len(rising)) - 1], rising[math.ceil(0.95 * len(rising)) - 1]


def _ratio(part: float, whole: int) -> float | None:
    return part / whole if whole else None

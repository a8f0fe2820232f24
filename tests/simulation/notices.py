"""Which notices there must be, from scored events one by one. Shares no code with the stages. Pure.

It knows the policy of the simulation by heart: the first words are acknowledged, and a ticket that is still open two
seconds after it was opened is reminded of, once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from tests.simulation.oracle import EventId, id_of, milliseconds
from tests.simulation.plan import HORIZON, TOLERANCE
from tests.soak.oracle import Scored

# Of the policy, in TOML and in milliseconds.
TELLING: Final = """
[acknowledge]
when = "created"
angry = "Sorry, {ticket_id}."
other = "Hello, {ticket_id}."

[remind]
after = "2s"
"""
REMIND_AFTER: Final = 2_000
CLOSED: Final = ("resolved", "closed")

# Tenant, ticket, and since when it is open.
Open = tuple[str, str, int]


class Opening(NamedTuple):
    """A ticket is open since a time, until what closed it was appended; None while it is. Unix milliseconds."""

    key: Open
    until: int | None


class Telling(NamedTuple):
    """What must be told, and what may be: of a ticket that was closed in time a reminder need not have come."""

    words: Sequence[EventId]
    openings: Sequence[Opening]

    @property
    def due(self) -> set[Open]:
        """The tickets that must be reminded of in the end."""
        return {opening.key for opening in self.openings if opening.until is None}


def telling(scored: Iterable[Scored]) -> Telling:
    """What there is to tell of events, which come in the order of the log."""
    seen: set[EventId] = set()
    tickets: defaultdict[tuple[str, str], list[Scored]] = defaultdict(list)
    for record in scored:
        if id_of(record.event) not in seen:
            seen.add(id_of(record.event))
            tickets[id_of(record.event)[:2]].append(record)
    words = [id_of(each.event) for story in tickets.values() for each in _first_words(story)]
    return Telling(words, [each for key, story in tickets.items() for each in _openings(key, story)])


def _first_words(story: Sequence[Scored]) -> Iterator[Scored]:
    status = ("new", 0)
    for record in story:
        status = _status(record, status)
        if record.event["type"] == "agent_reply":
            return
        if record.event["type"] in ("created", "message"):
            if status[0] not in CLOSED and not _is_late(record):
                yield record
            return


def _openings(key: tuple[str, str], story: Sequence[Scored]) -> Iterator[Opening]:
    status, since = ("new", 0), None
    for record in story:
        status = _status(record, status)
        asks = record.event["type"] in ("created", "message") or record.event["status"] is not None
        if status[0] in CLOSED:
            if since is not None:
                yield Opening((*key, since), record.appended)
            since = None
        elif since is None and asks and not _is_late(record):
            since = max(_at(record), record.appended)
    if since is not None:
        yield Opening((*key, since), None)


def _status(record: Scored, before: tuple[str, int]) -> tuple[str, int]:
    given = record.event["status"]
    return (given, _at(record)) if given is not None and _at(record) >= before[1] else before


def _at(record: Scored) -> int:
    return min(milliseconds(record.event["occurred_at"]), record.appended + TOLERANCE * 1000)


def _is_late(record: Scored) -> bool:
    return milliseconds(record.event["occurred_at"]) < record.appended - HORIZON * 1000


def reminded(notices: Iterable[dict[str, Any]]) -> list[Open]:
    """The reminders among notices."""
    return [
        (one["tenant"], one["ticket_id"], milliseconds(one["since"])) for one in notices if one["type"] == "awaited"
    ]


def wrong_reminders(expected: Telling, found: Sequence[Open], *, is_steady: bool) -> Iterator[str]:
    """What is wrong with reminders. While no clock was set back, none comes of a ticket that was closed in time."""
    known = {opening.key: opening for opening in expected.openings}
    yield from (f"{key}: told {count} times" for key, count in Counter(found).items() if count > 1)
    yield from (f"{key}: never told" for key in expected.due - set(found))
    for key in found:
        opening = known.get(key)
        if opening is None:
            yield f"{key}: was not open"
        elif is_steady and opening.until is not None and opening.until < key[2] + REMIND_AFTER:
            yield f"{key}: was closed at {opening.until}"


def acknowledged(notices: Iterable[dict[str, Any]]) -> list[EventId]:
    """The words that were acknowledged."""
    return [(one["tenant"], one["ticket_id"], one["event_id"]) for one in notices if one["type"] == "acknowledgement"]


def escalated(notices: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """The revisions of escalations that were told."""
    told = (one["escalation"] for one in notices if one["type"] == "escalation")
    return [(one["escalation_id"], one["revision"]) for one in told]

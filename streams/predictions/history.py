"""Stored rows as columns, in the order in which they became known. Pure.

A row is known from the append of its raw event on (`received_at`), an escalation from its time or from the append of
its cause, whichever is later. Everything that is computed of a moment uses what was known then, and nothing else.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.events import EVENT_TYPES, STATUSES

Whole = NDArray[np.int64]
Numbers = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

URGENCIES: Final = ("low", "medium", "high", "critical")
SIGNALS: Final = ("repeat_contact", "leaving", "legal_threat", "wants_human")
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
# Milliseconds since 1970 until the year 2109; above them stands the number of a ticket or customer.
_TIME_BITS: Final = 42
KINDS: Final = {name: code for code, name in enumerate(EVENT_TYPES)}
STATUS: Final = {name: code for code, name in enumerate(STATUSES)}


class Events(NamedTuple):
    """One entry of each array an event, sorted by ticket, then by when it was known, then by its place in the log.

    Times are milliseconds since 1970; `at` is when it happened, never after it was known. `score` is hundredths of a
    point and `polarity` ten-thousandths, both 0 where `scored` is false. `kind`, `status`, `channel`, `priority` and
    `urgency` are places in the tuples of the schemas (`status` -1: none was given), `category` one in
    `History.categories` (-1 for what no customer said), `signals` bits in the order of SIGNALS, `customer` -1 where
    none is named.
    """

    ticket: Whole
    known: Whole
    at: Whole
    kind: Whole
    customer_voice: Mask
    human: Mask
    scored: Mask
    score: Whole
    polarity: Whole
    urgency: Whole
    priority: Whole
    channel: Whole
    category: Whole
    status: Whole
    upset: Mask
    signals: Whole
    questions: Whole
    rating: Whole
    customer: Whole


class Escalations(NamedTuple):
    """Escalations by ticket and time; `ticket` is -1 for one of a ticket whose events are not here."""

    ticket: Whole
    known: Whole
    customer: Whole


class Contacts(NamedTuple):
    """That a customer was first named in one of their tickets, sorted by customer and time."""

    customer: Whole
    known: Whole


class History(NamedTuple):
    """All that is known of some tickets until `end` (ms): the last event, 0 without any, or where it was cut. `tickets`
    are (tenant, id); `texts` the first words of each one's customer.
    """

    tickets: Sequence[tuple[str, str]]
    texts: Sequence[str]
    categories: tuple[str, ...]
    events: Events
    escalations: Escalations
    contacts: Contacts
    end: int

    def until(self, moment: int) -> "History":
        """The same as it was known then. Tickets keep their numbers; some have no event yet."""
        return self._replace(
            events=Events(*_kept(self.events, self.events.known <= moment)),
            escalations=Escalations(*_kept(self.escalations, self.escalations.known <= moment)),
            contacts=Contacts(*_kept(self.contacts, self.contacts.known <= moment)),
            # That nothing came after the last event was known too.
            end=min(moment, self.end),
        )


def _kept(columns: Sequence[NDArray[Any]], kept: Mask) -> list[Any]:
    return [column[kept] for column in columns]


def place(group: Whole, moment: Whole) -> Whole:
    """Numbers that sort by group and then by time."""
    return (group.astype(np.int64) << _TIME_BITS) | moment


class Prefixes:
    """What is known of tickets at moments: for each pair the run of the ticket's first events, up to the moment.

    `first` and `last` are the run's ends; `last` is before `first` where nothing was known yet.
    """

    def __init__(self, events: Events, tickets: Whole, moments: Whole) -> None:
        self._events = events
        self.tickets = tickets
        keys = place(events.ticket, events.known)
        self.first: Whole = np.searchsorted(events.ticket, tickets, "left")
        self.last: Whole = np.searchsorted(keys, place(tickets, moments), "right") - 1

    @property
    def empty(self) -> Mask:
        """Nothing was known."""
        return self.last < self.first

    def total(self, values: Whole | Mask) -> Whole:
        """The sum of whole numbers."""
        summed = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        return np.asarray(summed[self.last + 1] - summed[np.minimum(self.first, self.last + 1)])

    def newest(self, where: Mask) -> Whole:
        """The place of the last event of these; -1 where there is none."""
        places = np.maximum.accumulate(np.where(where, np.arange(len(where)), -1)) if len(where) else np.zeros(0, int)
        found = places[np.maximum(self.last, 0)] if len(where) else np.full(len(self.first), -1)
        return np.where(self.empty | (found < self.first), -1, found)

    def oldest(self, where: Mask, since: Whole | None = None) -> Whole:
        """The place of the first event of these, from the places `since` on; -1 where there is none."""
        size = len(where)
        ahead = np.where(where, np.arange(size), size)
        places = np.append(np.minimum.accumulate(ahead[::-1])[::-1] if size else ahead, size)
        found = places[np.minimum(self.first if since is None else since, size)]
        return np.where(self.empty | (found > self.last), -1, found)

    def largest(self, values: Whole, above: int) -> Whole:
        """The largest of values from 0 to below `above`; 0 of nothing."""
        if not len(values):
            return np.zeros(len(self.first), np.int64)
        raised = np.maximum.accumulate(self._events.ticket.astype(np.int64) * above + values)
        return np.where(self.empty, 0, raised[np.maximum(self.last, 0)] - self.tickets.astype(np.int64) * above)


def taken(values: NDArray[Any], places: Whole, otherwise: float) -> Whole:
    """Values at places; `otherwise` at -1."""
    if not len(values):
        return np.full(len(places), otherwise, np.int64)
    return np.where(places < 0, otherwise, values[np.maximum(places, 0)]).astype(np.int64)

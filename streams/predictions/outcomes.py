"""What became of conversations, and when that was known. Pure.

An outcome is known only once it has happened, or once the time is over in which it could have. What is neither is
*censored*: it is left out of what a model learns and is judged by, and never counts as "did not happen".
"""

from typing import NamedTuple

import numpy as np

from streams.predictions.facts import begins
from streams.predictions.history import DAY_MS, KINDS, STATUS, History, Mask, Prefixes, Whole, place

# Escalation is foretold for the next three days.
HORIZON_MS = 3 * DAY_MS
NEVER = 1 << 41
_ENDED = (STATUS["resolved"], STATUS["closed"])


class Happened(NamedTuple):
    """Of each ticket and moment: when (ms) something first happened after it and when that was known; NEVER where it
    did not as far as is known.
    """

    at: Whole
    known: Whole


def escalated(history: History, tickets: Whole, moments: Whole) -> Happened:
    """The first escalation that was known after the moment."""
    of_tickets = history.escalations.ticket >= 0
    keys = np.sort(place(history.escalations.ticket[of_tickets], history.escalations.known[of_tickets]))
    found = np.searchsorted(keys, place(tickets, moments), "right")
    here = np.append(keys >> 42, -1)[found] == tickets
    at = np.where(here, np.append(keys & (NEVER * 2 - 1), NEVER)[found], NEVER)
    return Happened(at, at)


def resolved(history: History, tickets: Whole, moments: Whole) -> Happened:
    """The first resolution after the moment."""
    events = history.events
    which = (events.kind == KINDS["status_changed"]) & (events.status == STATUS["resolved"])
    return _next(history, which, tickets, moments)


def ended(history: History, tickets: Whole, moments: Whole) -> Happened:
    """The first time after the moment that the ticket was resolved or closed."""
    return _next(history, np.isin(history.events.status, _ENDED), tickets, moments)


def replied(history: History, tickets: Whole, moments: Whole) -> Happened:
    """The first reply of a person after the moment."""
    return _next(history, history.events.human, tickets, moments)


def rated(history: History, tickets: Whole, moments: Whole) -> tuple[Happened, Whole]:
    """The first rating after the moment, and what it is (0 of none)."""
    events = history.events
    which = events.rating > 0
    found = _next_place(history, which, tickets, moments)
    rating = np.where(found < 0, 0, np.append(events.rating, 0)[np.maximum(found, 0)])
    return _happened(history, found), rating


def contacts(history: History) -> tuple[Whole, Whole]:
    """Tickets and moments to learn from: each message of a customer when it was known, and a day after, so that waiting
    is learnt too.
    """
    events = history.events
    said = events.customer_voice & (events.kind != KINDS["rated"]) & (events.kind != KINDS["status_changed"])
    tickets, moments = events.ticket[said], events.known[said]
    later = moments + DAY_MS <= history.end
    tickets, moments = np.r_[tickets, tickets[later]], np.r_[moments, moments[later] + DAY_MS]
    order = np.argsort(place(tickets, moments), kind="stable")
    return tickets[order], moments[order]


class Spells(NamedTuple):
    """How long conversations were open, from `began` to the resolution, or (`over` false) for so long as is known.

    `took` and `replied_after` are ms; `replied` is false where no person had replied by the end of the spell or the
    moment that it is known to. `known` is when it was known that the spell had begun.
    """

    ticket: Whole
    began: Whole
    took: Whole
    over: Mask
    replied_after: Whole
    replied: Mask
    known: Whole


def spells(history: History, until: int) -> Spells:
    """The spells that had begun by `until`: from a ticket's first event, or from where it was opened again."""
    events = history.events
    first = np.flatnonzero(np.r_[True, events.ticket[1:] != events.ticket[:-1]]) if len(events.at) else np.zeros(0, int)
    again = begins(history)
    starts = np.sort(np.concatenate([first, np.flatnonzero(again)]))
    starts = starts[events.known[starts] <= until]
    ticket, began, known = events.ticket[starts], events.at[starts], events.known[starts]
    # At the moment before it was known, so that a row that tells of both begin and end counts.
    end = resolved(history, ticket, known - 1)
    closing = ended(history, ticket, known - 1)
    reply = replied(history, ticket, known - 1)
    over = (end.known <= until) & (end.at <= closing.at)
    stop = np.minimum(np.where(closing.known <= until, closing.at, until), until)
    answered = (reply.known <= until) & (reply.at <= stop)
    return Spells(
        ticket=ticket,
        began=began,
        took=np.maximum(np.where(over, end.at, stop) - began, 1),
        over=over,
        replied_after=np.maximum(np.where(answered, reply.at, stop) - began, 1),
        replied=answered,
        known=known,
    )


def _next(history: History, which: Mask, tickets: Whole, moments: Whole) -> Happened:
    return _happened(history, _next_place(history, which, tickets, moments))


def _next_place(history: History, which: Mask, tickets: Whole, moments: Whole) -> Whole:
    events = history.events
    seen = Prefixes(events, tickets, moments)
    size = len(which)
    places = np.append(np.minimum.accumulate(np.where(which, np.arange(size), size)[::-1])[::-1], size)
    found = places[np.minimum(np.maximum(seen.last + 1, seen.first), size)]
    same = np.append(events.ticket, -1)[found] == tickets
    return np.where(same, found, -1)


def _happened(history: History, found: Whole) -> Happened:
    events, places = history.events, np.maximum(found, 0)
    at = np.append(events.at, NEVER)[places] if len(events.at) else np.full(len(found), NEVER)
    known = np.append(events.known, NEVER)[places] if len(events.at) else np.full(len(found), NEVER)
    return Happened(np.where(found < 0, NEVER, at), np.where(found < 0, NEVER, known))

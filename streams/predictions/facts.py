"""What a conversation looks like at a moment, as numbers that a model can learn from. Pure.

Everything is a lookup in running sums, maxima and last places over whole numbers, so a moment's facts are the same to
the last bit whatever comes after it: tests/predictions holds it to that.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from streams.predictions.history import (
    DAY_MS,
    HOUR_MS,
    KINDS,
    SIGNALS,
    STATUS,
    History,
    Mask,
    Numbers,
    Prefixes,
    Whole,
    place,
    taken,
)

NAMES: Final = (
    *("polarity", "worst_polarity", "score", "lowest_score", "score_trend", "negative_messages"),
    *("messages", "replies", "waiting_hours", "age_hours", "reopened", "urgent_text", "urgent_ticket"),
    *("upset", "upset_before", *SIGNALS, "questions"),
    *("earlier_tickets", "many_tickets", "earlier_escalations", "escalated_before", "rated_low"),
    *("hour_sine", "hour_cosine", "weekend"),
)
# By system E's rule, more than five earlier tickets are many.
MANY_TICKETS: Final = 5
_NEGATIVE: Final = 400
_MIDDLE: Final = 500
_ENDED: Final = (STATUS["resolved"], STATUS["closed"])


class Facts(NamedTuple):
    """A row for each ticket and moment. `numbers` has a column for each of NAMES; what grows without bound is log1p.

    `known` is whether anything was; `is_open` that the ticket was neither resolved nor closed; `is_escalated` that it
    has escalated since it was opened, or opened again, at `opened` (ms). `answered` is whether a person has replied
    since then, `rated` whether the ticket has a rating. `category` is -1 where the customer has said nothing.
    """

    tickets: Whole
    moments: Whole
    numbers: Numbers
    channel: Whole
    category: Whole
    priority: Whole
    urgency: Whole
    polarity: Numbers
    upset: Mask
    earlier_tickets: Whole
    known: Mask
    is_open: Mask
    is_escalated: Mask
    opened: Whole
    answered: Mask
    rated: Mask
    reopened: Mask

    def rows(self, which: Mask | Whole) -> "Facts":
        """Some of them."""
        columns: list[Any] = [column[which] for column in self]
        return Facts(*columns)


Reader = Callable[[History, Whole, Whole], Facts]


def facts_at(history: History, tickets: Whole, moments: Whole) -> Facts:
    """The facts of each of `tickets` at the moment (ms) beside it."""
    events = history.events
    seen = Prefixes(events, tickets, moments)
    said = events.customer_voice & np.isin(events.kind, (KINDS["created"], KINDS["message"]))
    text = events.customer_voice & events.scored
    newest_text, first_text = seen.newest(text), seen.oldest(text)
    score = taken(events.score, newest_text, _MIDDLE)
    polarity = taken(events.polarity, newest_text, 0)
    newest_said = seen.newest(said)
    status = taken(events.status, seen.newest(events.status >= 0), STATUS["new"])
    opens = begins(history)
    began = seen.newest(opens)
    opened = np.where(
        began < 0,
        taken(events.at, seen.oldest(np.ones(len(events.at), bool)), 0),
        taken(events.at, began, 0),
    )
    reply = seen.newest(events.human)
    unanswered = seen.oldest(said, np.where(reply < 0, seen.first, reply + 1))
    waiting = np.where(unanswered < 0, 0, moments - taken(events.known, unanswered, 0))
    worst = 10_000 - seen.largest(np.where(text, 10_000 - events.polarity, 0), 20_001)
    upset = taken(events.upset, newest_said, 0) > 0
    upset_texts = seen.total(events.upset & said)
    urgency = taken(events.urgency, newest_said, 1)
    priority = taken(events.priority, seen.newest(np.ones(len(events.at), bool)), 1)
    signals = taken(events.signals, newest_said, 0)
    customer = taken(events.customer, seen.oldest(events.customer >= 0), -1)
    contacted = taken(events.known, seen.oldest(events.customer >= 0), 0)
    earlier = _earlier(history.contacts.customer, history.contacts.known, customer, contacted)
    since = _since(history, tickets, moments)
    of_customer = _earlier(*_by_customer(history), customer, moments + 1)
    lowest_rating = seen.largest(np.where(events.rating > 0, 6 - events.rating, 0), 6)
    reopened = seen.total(opens)
    hour = (moments % DAY_MS) / DAY_MS * 2 * np.pi
    columns = {
        "polarity": polarity / 10_000,
        "worst_polarity": np.minimum(worst, 0) / 10_000,
        "score": score / 100,
        "lowest_score": 10 - seen.largest(np.where(text, 1_000 - events.score, 0), 1_001) / 100,
        "score_trend": (score - taken(events.score, first_text, _MIDDLE)) / 100,
        "negative_messages": np.log1p(seen.total(text & (events.score < _NEGATIVE))),
        "messages": np.log1p(seen.total(said)),
        "replies": np.log1p(seen.total(events.human)),
        "waiting_hours": np.log1p(np.maximum(waiting, 0) / HOUR_MS),
        "age_hours": np.log1p(np.maximum(moments - opened, 0) / HOUR_MS),
        "reopened": np.log1p(reopened),
        "urgent_text": urgency >= 2,
        "urgent_ticket": priority >= 2,
        "upset": upset,
        "upset_before": np.log1p(np.maximum(upset_texts - upset, 0)),
        **{name: (signals >> bit) & 1 for bit, name in enumerate(SIGNALS)},
        "questions": np.log1p(taken(events.questions, newest_said, 0)),
        "earlier_tickets": np.log1p(earlier),
        "many_tickets": earlier > MANY_TICKETS,
        "earlier_escalations": np.log1p(np.maximum(of_customer - since.before, 0)),
        "escalated_before": np.log1p(since.before),
        "rated_low": lowest_rating >= 4,
        "hour_sine": np.sin(hour),
        "hour_cosine": np.cos(hour),
        "weekend": (moments // DAY_MS + 3) % 7 >= 5,
    }
    return Facts(
        tickets=tickets,
        moments=moments,
        numbers=np.column_stack([columns[name].astype(np.float64) for name in NAMES]),
        channel=taken(events.channel, seen.newest(events.customer_voice), 0),
        category=taken(events.category, newest_said, -1),
        priority=priority,
        urgency=urgency,
        polarity=polarity / 10_000,
        upset=upset,
        earlier_tickets=earlier,
        known=~seen.empty,
        is_open=~seen.empty & ~np.isin(status, _ENDED),
        is_escalated=since.newest > np.where(began < 0, -1, taken(events.known, began, 0)),
        opened=opened,
        answered=reply > began,
        rated=lowest_rating > 0,
        reopened=reopened > 0,
    )


class _Since(NamedTuple):
    """Of a ticket's escalations that were known: how many, and when the newest of them was; -1 of none."""

    before: Whole
    newest: Whole


def _since(history: History, tickets: Whole, moments: Whole) -> _Since:
    of_tickets = history.escalations.ticket >= 0
    keys = place(history.escalations.ticket[of_tickets], history.escalations.known[of_tickets])
    keys = np.sort(keys)
    first = np.searchsorted(keys, place(tickets, np.zeros_like(moments)))
    after = np.searchsorted(keys, place(tickets, moments), "right")
    times = np.append(keys & ((1 << 42) - 1), -1)
    return _Since(after - first, np.where(after > first, times[after - 1], -1))


def _by_customer(history: History) -> tuple[Whole, Whole]:
    known = history.escalations.customer >= 0
    customer, at = history.escalations.customer[known], history.escalations.known[known]
    order = np.lexsort((at, customer))
    return customer[order], at[order]


def _earlier(customers: Whole, known: Whole, customer: Whole, before: Whole) -> Whole:
    """How many entries of a customer stand before a moment; 0 for nobody."""
    keys = place(customers, known)
    someone = np.maximum(customer, 0)
    count = np.searchsorted(keys, place(someone, before), "left") - np.searchsorted(
        keys, place(someone, np.zeros_like(before))
    )
    return np.where(customer < 0, 0, count)


def begins(history: History) -> Mask:
    """Whether an event opens a ticket again that had been resolved or closed."""
    events = history.events
    told = np.flatnonzero(events.status >= 0)
    again = np.zeros(len(events.at), bool)
    if len(told) > 1:
        ended = np.isin(events.status[told], _ENDED)
        same = events.ticket[told[1:]] == events.ticket[told[:-1]]
        again[told[1:]] = same & ended[:-1] & ~ended[1:]
    return again

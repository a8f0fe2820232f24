"""What must have come out, computed from what is on the topics by code that shares nothing with the stages. Pure."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

FUTURE_TOLERANCE_MS = 300_000
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "escalations.ticketpulse")

TicketId = tuple[str, str]
Escalation = dict[str, Any]


class Scored(NamedTuple):
    """A record of the scored topic: where it is, when it was appended (Unix milliseconds), and its decoded JSON."""

    partition: int
    offset: int
    appended: int
    event: dict[str, Any]


@dataclass
class _Ticket:
    status: str = "new"
    status_at: int = 0
    priority: str = "medium"
    escalated: bool = False
    session: str = ""
    seen: set[str] = field(default_factory=set)


def escalations(scored: Iterable[Scored]) -> list[Escalation]:
    """The escalations that scored events must cause. They come in the order of their partitions.

    The first customer's text below 2.0 on a ticket that is new or open; the newest status in event time counts.
    """
    tickets: dict[TicketId, _Ticket] = {}
    expected = []
    for record in scored:
        event = record.event
        ticket = tickets.setdefault((event["tenant"], event["ticket_id"]), _Ticket())
        if event["event_id"] in ticket.seen:
            continue
        ticket.seen.add(event["event_id"])
        ticket.session = ticket.session or blake2b(event["event_id"].encode(), digest_size=8).hexdigest()
        at = min(milliseconds(event["occurred_at"]), record.appended + FUTURE_TOLERANCE_MS)
        _follow(ticket, event, at)
        if not ticket.escalated and _must_escalate(ticket, event):
            ticket.escalated = True
            expected.append(_escalation(ticket, event, at))
            ticket.priority = expected[-1]["priority"]
    return expected


def _follow(ticket: _Ticket, event: Mapping[str, Any], at: int) -> None:
    if event["status"] is not None and at >= ticket.status_at:
        ticket.status, ticket.status_at = event["status"], at
    ticket.priority = event["priority"] or ticket.priority


def _must_escalate(ticket: _Ticket, event: Mapping[str, Any]) -> bool:
    sentiment = event["sentiment"]
    return (
        sentiment is not None
        and event["voice"] == "customer"
        and event["type"] in ("created", "message")
        and sentiment["score"] < 2.0
        and ticket.status in ("new", "open")
    )


def _escalation(ticket: _Ticket, event: Mapping[str, Any], at: int) -> Escalation:
    """The fields that the oracle vouches for; `occurred_at` in Unix milliseconds, cut as every event's time is."""
    cause = f"{event['tenant']}/{event['ticket_id']}/{ticket.session}/0/very_negative"
    return {
        "escalation_id": str(uuid.uuid5(_NAMESPACE, cause)),
        "tenant": event["tenant"],
        "ticket_id": event["ticket_id"],
        "event_id": event["event_id"],
        "priority": "urgent" if ticket.priority == "urgent" else "high",
        "occurred_at": at,
        "channel": event["channel"],
        "status": ticket.status,
        "score": event["sentiment"]["score"],
        "label": "very_negative",
        "text": event["text"],
    }


def unnumbered(revisions: Iterable[Escalation]) -> list[str]:
    """What is wrong with the numbers: each escalation gets one, and those of a tenant and year are 1 to as many."""
    numbers: dict[str, set[str | None]] = {}
    given: dict[tuple[str, str], set[int]] = {}
    for one in revisions:
        numbers.setdefault(one["escalation_id"], set()).add(one["number"])
        if one["number"] is not None:
            _, year, number = one["number"].split("-")
            given.setdefault((one["tenant"], year), set()).add(int(number))
    wrong = [f"{one} has the numbers {found}" for one, found in numbers.items() if len(found - {None}) != 1]
    gaps = [f"numbers of {year} are not 1 to {len(n)}" for year, n in given.items() if n != set(range(1, len(n) + 1))]
    return wrong + gaps


def milliseconds(rfc3339: str) -> int:
    """Unix milliseconds of a time as the stages write it."""
    return round(datetime.fromisoformat(rfc3339).timestamp() * 1000)


class Difference(NamedTuple):
    """How two multisets differ: what is missing, and what there is too much of."""

    lost: int
    doubled: int


def compare(expected: Iterable[Any], found: Iterable[Any]) -> Difference:
    """Missing elements are lost; additional ones are doubled, also those that nobody expected."""
    wanted, got = Counter(expected), Counter(found)
    return Difference((wanted - got).total(), (got - wanted).total())


def out_of_order(scored: Iterable[Scored], source: Mapping[int, int]) -> int:
    """How often a ticket's event stands before one that its input partition had earlier.

    `source` maps an event's number to its input partition; numbers rise within a partition.
    """
    last: dict[tuple[str, str, int], int] = {}
    wrong = 0
    for record in scored:
        number = record.event["metadata"]["number"]
        place = (record.event["tenant"], record.event["ticket_id"], source[number])
        wrong += number < last.get(place, -1)
        last[place] = number
    return wrong


def altered(scored: Iterable[Scored], sent: Mapping[int, dict[str, Any]]) -> int:
    """How many scored events say something else than the event that was sent. Times may be written differently."""
    return sum(
        any(record.event[name] != value for name, value in sent[number].items() if name != "occurred_at")
        for record in scored
        if (number := record.event["metadata"]["number"]) in sent
    )

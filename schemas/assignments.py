"""Assignments: who has a ticket, and since when. Keyed by ticket, on `tickets.assignments.v1`."""

import uuid
from datetime import datetime
from typing import Literal, get_args

import msgspec

from schemas.events import Channel, Priority

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "assignments.ticketpulse")

# waiting: nobody has it, and somebody should. assigned: an agent of the roster has it. handled: somebody whom the
# roster does not name has it, or it waits for its customer. over: nobody needs to have it any more.
State = Literal["waiting", "assigned", "handled", "over"]
STATES: tuple[State, ...] = get_args(State)
# waiting: nobody who could has room or is there; nobody of the roster can. assigned: by skills and load; to whoever had
# it before; to another, because the one before did not answer; by hand in the helpdesk. over: resolved, closed or not
# routed any more; without news for too long.
Reason = Literal["no room", "nobody can", "routed", "knows", "moved", "helpdesk", "over", "expired"]
REASONS: tuple[Reason, ...] = get_args(Reason)


class Assignment(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What became of a ticket. Of a session's records the one with the highest `revision` is what is known. Times are
    UTC.

    `agent` has it, or had it last where it is over; empty where nobody of the roster has. `previous` had it before.
    `since` is when the customer began to wait, `tried` are agents who had it and did not answer.
    """

    assignment_id: str
    revision: int
    tenant: str
    ticket_id: str
    session: str
    state: State
    reason: Reason
    queue: str
    agent: str = ""
    previous: str = ""
    channel: Channel
    category: str
    language: str = ""
    priority: Priority
    is_escalated: bool = False
    since: datetime
    at: datetime
    tried: tuple[str, ...] = ()


class Assigned(msgspec.Struct, frozen=True, tag="assigned"):
    """The same, as the ticket is told: an answer on `tickets.scored.v1`."""

    session: str
    revision: int
    state: State
    agent: str
    queue: str


def assignment_id(tenant: str, ticket_id: str, session: str, revision: int) -> str:
    """uuid5 of the ticket, its conversation and the revision: never of a time."""
    return str(uuid.uuid5(NAMESPACE, f"{tenant}/{ticket_id}/{session}/{revision}"))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Assignment)


def encode_assignment(assignment: Assignment) -> bytes:
    """The record as it is sent."""
    return _encoder.encode(assignment)


def decode_assignment(value: bytes) -> Assignment:
    """Read what `encode_assignment` wrote."""
    return _decoder.decode(value)

"""The escalation: a person must look at this ticket now, why, what was said, and what has become of it since."""

import uuid
from datetime import datetime
from typing import Any, Literal

import msgspec

from schemas.events import Channel, Priority, Status
from schemas.scored import Label

# A namespace of our own, so that the same cause has the same id in every process and every run.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "escalations.ticketpulse")

State = Literal["open", "acknowledged", "responded", "resolved"]
STATES: tuple[State, ...] = ("open", "acknowledged", "responded", "resolved")


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a decision rests on: the terms that moved the score down, the facts that the rule asks for with their
    values, the signals of the message, and other rules that held.
    """

    terms: tuple[str, ...] = ()
    values: dict[str, Any] = {}
    signals: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of the conversation. `score` is None for what was not scored."""

    at: datetime
    speaker: str
    text: str
    score: float | None = None


class Escalation(msgspec.Struct, kw_only=True, frozen=True):
    """One episode of a ticket that needed a person, from its cause to its end. Times are UTC, spans in seconds.

    `escalation_id` follows from its cause alone; `occurred_at` is the time of what caused it, at most five minutes
    after its append. `revision` rises with everything that happens to it; the record with the highest one is what is
    known. `number` is None until it is given, within a second or so. `rule` is the policy's; `raised_by` are later
    rules that found the ticket more urgent. `assignee` is the agent who has the ticket, empty while nobody has, None
    where the tenant's tickets are given to nobody. `arm` is the trial's name and side for a ticket in a trial.
    `summary` are the last five messages in a line each.
    """

    escalation_id: str
    revision: int = 1
    number: str | None = None
    tenant: str
    ticket_id: str
    session: str
    episode: int
    event_id: str
    correlation_id: str

    policy: str
    policy_version: int
    arm: str | None = None
    rule: str
    raised_by: tuple[str, ...] = ()
    scorer: str = ""
    model_epoch: int = 0
    reason: str
    evidence: Evidence = Evidence()

    occurred_at: datetime
    channel: Channel
    category: str
    priority_before: Priority
    priority: Priority
    status: Status
    score: float | None = None
    label: Label | None = None
    emotion: str | None = None
    journey_stage: str | None = None
    subject: str = ""
    text: str = ""
    summary: tuple[str, ...] = ()
    messages: tuple[Said, ...] = ()
    keywords: tuple[str, ...] = ()
    customer_id: str | None = None
    email: str | None = None
    phone: str | None = None
    source_type: str | None = None
    source_reference_id: str | None = None

    queue: str | None = None
    assignee: str | None = None
    notify: tuple[str, ...] = ()
    respond_within: int = 3600
    respond_by: datetime
    reply: str = ""
    note: str = ""

    state: State = "open"
    updated_at: datetime
    acknowledged_at: datetime | None = None
    first_response_at: datetime | None = None
    first_response_seconds: float | None = None
    resolved_at: datetime | None = None
    resolution_seconds: float | None = None
    resolution_notes: str | None = None
    resolution_category: str | None = None
    reopened_at: datetime | None = None
    reopened: int = 0


def escalation_id(tenant: str, ticket_id: str, session: str, episode: int, rule: str) -> str:
    """uuid5 of the cause: never of a time, so a replay makes the same id. `session` tells the ticket's conversations
    apart of which the older one is forgotten.
    """
    return str(uuid.uuid5(NAMESPACE, f"{tenant}/{ticket_id}/{session}/{episode}/{rule}"))


def encode_escalation(escalation: Escalation) -> bytes:
    """The record as it is sent, with the reply as the customer reads it."""
    return _encoder.encode(msgspec.structs.replace(escalation, reply=reply_of(escalation)))


def reply_of(escalation: Escalation) -> str:
    """What the customer is told. It names the ticket's number, or the ticket while there is none."""
    return escalation.reply.replace(NUMBER, escalation.number or escalation.ticket_id)


# Where the number will stand in a reply.
NUMBER = "{number}"

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Escalation)


def decode_escalation(value: bytes) -> Escalation:
    """Read what `encode_escalation` wrote."""
    return _decoder.decode(value)

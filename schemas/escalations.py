"""The escalation: a person must look at this ticket now, and why."""

import uuid
from datetime import datetime

import msgspec

from schemas.events import Channel, Priority, Status
from schemas.scored import Label

# A namespace of our own, so that the same cause has the same id in every process and every run.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "escalations.ticketpulse")


class Escalation(msgspec.Struct, kw_only=True, frozen=True):
    """`escalation_id` follows from its cause alone; `occurred_at` is the time of the event that caused it."""

    escalation_id: str
    tenant: str
    ticket_id: str
    event_id: str
    policy: str
    policy_version: int
    rule: str
    episode: int
    priority: Priority
    reason: str
    occurred_at: datetime
    channel: Channel
    category: str
    status: Status
    score: float
    label: Label
    text: str
    customer_id: str | None = None


def escalation_id(tenant: str, ticket_id: str, episode: int, rule: str) -> str:
    """uuid5 of the cause: never of a time, so a replay makes the same id."""
    return str(uuid.uuid5(NAMESPACE, f"{tenant}/{ticket_id}/{episode}/{rule}"))

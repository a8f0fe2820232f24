"""The ledger of notifications: a record of every attempt to tell somebody something, on `tickets.notifications.v1`."""

import uuid
from datetime import datetime
from typing import Literal, get_args

import msgspec

from schemas.notices import Notice

# pending: to be sent at `due_at`, or being sent. The other three are final.
State = Literal["pending", "sent", "failed", "suppressed"]
STATES: tuple[State, ...] = get_args(State)
Kind = Literal[
    "escalation",
    "raised",
    "resolved",
    "reminder",
    "response_due",
    "resolution_due",
    "alert",
    "alert_resolved",
    "acknowledgement",
    "answer",
    "report",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "notifications.ticketpulse")


class Notification(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One message to one target. The record with the highest `revision` is what is known of it. Times are UTC.

    `about` is what it tells: the id of an escalation, an alert or a report, or a ticket's session; a digest names all.
    `attempt` counts from 1; 0 before the first. A pending record with `notices` is to be sent now, and they are its
    contents; no other record has any. `reason` says why it waits, failed or was suppressed, without anybody's words or
    address. `recipient` is an address of which most is left out, or empty. `provider_ms` is how long the provider took.
    `sender` is who is asked to send it.
    """

    notification_id: str
    revision: int
    tenant: str
    kind: Kind
    about: tuple[str, ...]
    ticket_id: str | None = None
    target: str
    provider: str
    recipient: str = ""
    state: State
    attempt: int = 0
    at: datetime
    due_at: datetime
    reason: str = ""
    provider_ms: int | None = None
    message_id: str = ""
    reference: str | None = None
    sender: str = ""
    notices: tuple[Notice, ...] = ()

    @property
    def is_due(self) -> bool:
        """Whether this record asks to be sent."""
        return self.state == "pending" and bool(self.notices)


def notification_id(tenant: str, kind: Kind, about: str, target: str) -> str:
    """uuid5 of what is told to whom: a replay makes the same id, so nobody is told twice."""
    return str(uuid.uuid5(NAMESPACE, f"{tenant}/{kind}/{about}/{target}"))


def message_id(notification: str) -> str:
    """The Message-ID of every attempt of a notification, by which mail servers and people know a repetition."""
    return f"<{notification}@notifications.ticketpulse>"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Notification)


def encode_notification(notification: Notification) -> bytes:
    """JSON."""
    return _encoder.encode(notification)


def decode_notification(value: bytes) -> Notification:
    """Read what `encode_notification` wrote."""
    return _decoder.decode(value)

"""How a conversation stands after an event, for whoever sent the event and waits."""

import msgspec

from schemas.events import Priority, Status
from schemas.scored import Label


class ConversationState(msgspec.Struct, kw_only=True, frozen=True):
    """`heard` counts the signals of this session and `signals` are those of this event. The fields from `escalation_id`
    on are the newest escalation's, if there is one; its `number` comes a little later. A `duplicate` is an event that
    was applied before and changed nothing now.
    """

    tenant: str
    ticket_id: str
    event_id: str
    duplicate: bool
    status: Status
    priority: Priority
    customer_messages: int
    agent_replies: int
    score: float | None
    label: Label | None
    unscored: str | None
    confidence: float
    category: str
    signals: tuple[str, ...]
    heard: dict[str, int]
    escalated: bool
    escalation_id: str | None
    number: str | None
    queue: str | None = None
    respond_within: int | None = None
    reply: str | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ConversationState)


def encode_state(state: ConversationState) -> bytes:
    """JSON."""
    return _encoder.encode(state)


def decode_state(value: bytes) -> ConversationState:
    """Read what `encode_state` wrote."""
    return _decoder.decode(value)

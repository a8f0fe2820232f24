"""One ticket's conversation: what is remembered of it, and how an event changes that. Pure."""

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from schemas.events import Priority, Status
from schemas.scored import ScoredEvent
from schemas.windows import HUNDREDTHS

_DAY_MS = 86_400_000


class Memory(NamedTuple):
    """How much of a conversation is remembered: scores, event ids (the horizon for duplicates), and days of event
    time.
    """

    scores: int = 50
    event_ids: int = 100
    days: int = 7


class Conversation(msgspec.Struct, frozen=True, array_like=True):
    """Times are Unix milliseconds; `scores` are hundredths of a point, oldest first; `seen` holds fingerprints of
    event ids.
    """

    first_at: int
    last_at: int
    status: Status = "new"
    status_at: int = 0
    priority: Priority = "medium"
    escalated: bool = False
    episode: int = 0
    customer_messages: int = 0
    agent_replies: int = 0
    scores: tuple[int, ...] = ()
    seen: tuple[int, ...] = ()


def fingerprint(event_id: str) -> int:
    """64 bits of an event id: two of one ticket's 100 remembered ids collide once in 10^15 tickets."""
    return int.from_bytes(blake2b(event_id.encode(), digest_size=8).digest(), "big")


def current(conversation: Conversation | None, at: int, memory: Memory) -> Conversation | None:
    """The conversation unless it is forgotten: nothing happened for the remembered days before `at`."""
    if conversation is None or is_forgotten(conversation, at, memory):
        return None
    return conversation


def is_forgotten(conversation: Conversation, at: int, memory: Memory) -> bool:
    """Whether the last event is further back than is remembered."""
    return at - conversation.last_at > memory.days * _DAY_MS


def fold(conversation: Conversation | None, event: ScoredEvent, at: int, memory: Memory) -> Conversation:
    """The conversation after an event that happened at `at`. Events may come out of order: the newest status counts."""
    before = conversation or Conversation(first_at=at, last_at=at)
    customer_spoke = event.voice == "customer" and event.type in ("created", "message")
    scores = before.scores
    if customer_spoke and event.sentiment is not None:
        scores = (*scores, round(event.sentiment.score * HUNDREDTHS))[-memory.scores :]
    newer = event.status is not None and at >= before.status_at
    return Conversation(
        first_at=min(before.first_at, at),
        last_at=max(before.last_at, at),
        status=event.status if newer and event.status else before.status,
        status_at=at if newer else before.status_at,
        priority=event.priority or before.priority,
        escalated=before.escalated,
        episode=before.episode,
        customer_messages=before.customer_messages + customer_spoke,
        agent_replies=before.agent_replies + (event.type == "agent_reply"),
        scores=scores,
        seen=(*before.seen, fingerprint(event.event_id))[-memory.event_ids :],
    )

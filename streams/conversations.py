"""One ticket's conversation: what is remembered of it, and how an event changes that. Pure."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Literal, NamedTuple
from zlib import crc32

import msgspec

from schemas.events import Channel, Priority, Status
from schemas.scored import ScoredEvent
from schemas.windows import HUNDREDTHS

_DAY_MS = 86_400_000

Speaker = Literal["customer", "agent", "bot", "system"]
# A status in which nobody works on the ticket any more.
CLOSED: tuple[Status, ...] = ("resolved", "closed")
# How many of the last times of a signal, and of the last texts, are remembered.
MAX_TIMES = 10
MAX_TEXTS = 10
# How far apart the clocks of two producers may be: within it, what is later in the log happened later.
SKEW_MS = 300_000


class Memory(NamedTuple):
    """How much of a conversation is remembered: messages and scores, event ids (the horizon for duplicates), and days
    of event time without an event.
    """

    history: int = 50
    event_ids: int = 100
    days: float = 7


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """How often a signal was given in this session, and when the last times were (Unix seconds, rising)."""

    times: int
    at: tuple[int, ...]


class Conversation(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What is remembered of one ticket. Times are Unix milliseconds, 0 for never.

    `opened_by` is the fingerprint of the event that began it, `session` that of the newest session id. `spoke` is who
    wrote last, and `spoke_before` who had written before that. `waiting_since` is when the customer began to wait for
    an answer, `unanswered` how many messages ago that was. `scores` are the customer's, in hundredths of a point,
    oldest first; `said` fingerprints of the customer's last texts and `repeats` how many of them were the newest one
    already. `messages` counts the texts that were kept. `tickets` is how many tickets the customer is known to have.
    `risk_parts` are the parts of the policy's risk that held at the customer's last words, as bits.

    `episode` counts how often the ticket was resolved after an escalation; `escalated` is the priority at which it is
    escalated in this one, `escalated_at` since when. `fired` tells when each rule last did, and in which session.
    `seen` holds fingerprints of event ids.
    """

    first_at: int
    last_at: int
    opened_by: int = 0
    channel: Channel = "web"
    status: Status = "new"
    status_at: int = 0
    priority: Priority = "medium"
    session: int = 0
    customer_messages: int = 0
    agent_replies: int = 0
    bot_replies: int = 0
    spoke: Speaker | None = None
    spoke_before: Speaker | None = None
    waiting_since: int = 0
    unanswered: int = 0
    first_reply_at: int = 0
    resolved_at: int = 0
    reopened: int = 0
    scores: tuple[int, ...] = ()
    said: tuple[int, ...] = ()
    repeats: int = 0
    signals: dict[str, Heard] = {}
    messages: int = 0
    category: str = ""
    customer_id: str | None = None
    email: str | None = None
    phone: str | None = None
    tickets: int = 0
    risk_parts: int = 0
    episode: int = 0
    escalated: Priority | None = None
    escalated_at: int = 0
    fired: dict[str, tuple[int, int]] = {}
    seen: tuple[int, ...] = ()


def fingerprint(text: str) -> int:
    """64 bits of an id or text: two of one ticket's 100 remembered ids collide once in 10^15 tickets."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def current(conversation: Conversation | None, at: int, memory: Memory) -> Conversation | None:
    """The conversation unless it is forgotten: nothing happened for the remembered days before `at`."""
    if conversation is None or is_forgotten(conversation, at, memory):
        return None
    return conversation


def is_forgotten(conversation: Conversation, at: int, memory: Memory) -> bool:
    """Whether the last event is further back than is remembered."""
    return at - conversation.last_at > memory.days * _DAY_MS


def speaker_of(event: ScoredEvent) -> Speaker:
    """Who wrote an event's text. What a machine sent in a customer's name is no customer's word."""
    if event.author in ("bot", "system"):
        return "bot" if event.author == "bot" else "system"
    if event.voice == "agent":
        return "agent"
    return "system" if event.unscored in _MACHINES else "customer"


_MACHINES = frozenset({"automatic reply", "bounce", "machine-made"})
_SPOKEN = frozenset({"created", "message", "agent_reply"})


def is_spoken(event: ScoredEvent) -> bool:
    """Whether an event is somebody's words in the conversation."""
    return event.type in _SPOKEN


def fold(
    conversation: Conversation | None,
    event: ScoredEvent,
    at: int,
    memory: Memory,
    *,
    event_id: int | None = None,
    waits_from: int | None = None,
) -> Conversation:
    """The conversation after an event that happened at `at`.

    Events may come out of order: the newest status counts. A customer who is not yet waiting waits from `waits_from`,
    None for an event too old to wait for an answer to. `event_id` is the fingerprint of the event's id, if known.
    """
    event_id = fingerprint(event.event_id) if event_id is None else event_id
    before = conversation or Conversation(first_at=at, last_at=at, opened_by=event_id, channel=event.channel)
    changes: dict[str, Any] = {
        "first_at": min(before.first_at, at),
        "last_at": max(before.last_at, at),
        "priority": event.priority or before.priority,
        "customer_id": event.customer_id or before.customer_id,
        "email": event.email or before.email,
        "phone": event.phone or before.phone,
        "seen": (*before.seen, event_id)[-memory.event_ids :],
    }
    if event.session_id and (session := fingerprint(event.session_id)) != before.session:
        changes.update(session=session)
        if before.session:
            changes.update(signals={}, said=(), repeats=0)
            before = msgspec.structs.replace(before, signals={}, said=())
    if event.status is not None and at >= before.status_at:
        changes.update(_status(before, event.status, at))
        if event.status in CLOSED and before.unanswered:
            # Words that come with the end are a new question.
            before = msgspec.structs.replace(before, waiting_since=0, unanswered=0)
    if is_spoken(event):
        speaker = speaker_of(event)
        changes.update(spoke=speaker, spoke_before=before.spoke, messages=before.messages + 1)
        if speaker == "customer":
            changes.update(_customer(before, event, memory, waits_from))
        elif speaker == "agent":
            changes.update(
                agent_replies=before.agent_replies + 1,
                waiting_since=0,
                unanswered=0,
                first_reply_at=before.first_reply_at or at,
            )
        elif speaker == "bot":
            changes.update(bot_replies=before.bot_replies + 1)
    return msgspec.structs.replace(before, **changes)


def _status(before: Conversation, status: Status, at: int) -> dict[str, Any]:
    changes: dict[str, Any] = {"status": status, "status_at": at}
    if status in CLOSED:
        changes.update(waiting_since=0, unanswered=0)
        if before.status not in CLOSED:
            changes.update(resolved_at=at)
    elif before.status in CLOSED:
        changes.update(reopened=before.reopened + 1)
    return changes


def _customer(before: Conversation, event: ScoredEvent, memory: Memory, waits_from: int | None) -> dict[str, Any]:
    text = crc32(f"{event.subject or ''} {event.text or ''}".lower().encode("utf-8", "surrogatepass"))
    changes: dict[str, Any] = {
        "customer_messages": before.customer_messages + 1,
        "category": event.category,
        "said": (*before.said, text)[-MAX_TEXTS:],
        "repeats": before.said.count(text),
        "unanswered": before.unanswered + 1,
    }
    if not before.waiting_since and waits_from is not None:
        changes["waiting_since"] = waits_from
    if event.sentiment is not None:
        changes["scores"] = (*before.scores, round(event.sentiment.score * HUNDREDTHS))[-memory.history :]
    return changes


def hear(conversation: Conversation, signals: Sequence[str], at: int) -> Conversation:
    """The conversation after a message gave signals."""
    if not signals:
        return conversation
    heard = dict(conversation.signals)
    for name in signals:
        earlier = heard.get(name, _SILENCE)
        heard[name] = Heard(earlier.times + 1, tuple(sorted((*earlier.at, at // 1000)))[-MAX_TIMES:])
    return msgspec.structs.replace(conversation, signals=heard)


_SILENCE = Heard(0, ())

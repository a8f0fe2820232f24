"""One ticket's conversation: what is remembered of it, and how an event changes that. Pure."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple
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
# What was told of a ticket that is still open, as bits.
REMINDED, RESPONSE_WARNED, RESOLUTION_WARNED = 1, 2, 4
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
    `seen` holds fingerprints of event ids. `open_since` is from when on work is due: since the ticket was opened, or
    opened again; 0 while it is closed. `warned` is what was told of that, as bits. `arm` is the arm of an experiment
    that the conversation was dealt to when it began, as "experiment:arm"; empty for none.
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
    open_since: int = 0
    warned: int = 0
    arm: str = ""


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
    and work that is not yet due is due from then on; None for an event too old for both. `event_id` is the fingerprint
    of the event's id, if known.
    """
    event_id = fingerprint(event.event_id) if event_id is None else event_id
    if conversation is None:
        after = Conversation(first_at=at, last_at=at, opened_by=event_id, channel=event.channel, seen=(event_id,))
    else:
        after = msgspec.structs.replace(
            conversation,
            first_at=min(conversation.first_at, at),
            last_at=max(conversation.last_at, at),
            seen=(*conversation.seen, event_id)[-memory.event_ids :],
        )
    _contact(after, event)
    if event.session_id and (session := fingerprint(event.session_id)) != after.session:
        _begin_session(after, session)
    if event.status is not None and at >= after.status_at:
        _change_status(after, event.status, at)
    if is_spoken(event):
        _speak(after, event, at, memory, waits_from)
    if after.status in CLOSED:
        _close(after)
    elif not after.open_since and waits_from is not None and _asks_for_work(event, after):
        _set(after, "open_since", waits_from)
    return after


# The steps of `fold` change the copy that it has just made and that nobody else has seen. To make a conversation of all
# its fields anew for each of them would take longer than everything else that is done with an event.
_set = msgspec.structs.force_setattr


def _contact(after: Conversation, event: ScoredEvent) -> None:
    if event.priority:
        _set(after, "priority", event.priority)
    if event.customer_id:
        _set(after, "customer_id", event.customer_id)
    if event.email:
        _set(after, "email", event.email)
    if event.phone:
        _set(after, "phone", event.phone)


def _begin_session(after: Conversation, session: int) -> None:
    if after.session:
        _set(after, "signals", {})
        _set(after, "said", ())
        _set(after, "repeats", 0)
    _set(after, "session", session)


def _change_status(after: Conversation, status: Status, at: int) -> None:
    if status in CLOSED:
        # Words that come with the end are a new question.
        _answer(after)
        if after.status not in CLOSED:
            _set(after, "resolved_at", at)
    elif after.status in CLOSED:
        _set(after, "reopened", after.reopened + 1)
    _set(after, "status", status)
    _set(after, "status_at", at)


def _close(after: Conversation) -> None:
    """No work is due. When it is again, there may be a reminder again; of lateness there is one warning."""
    if after.open_since:
        _set(after, "open_since", 0)
        _set(after, "warned", after.warned & ~REMINDED)


def _asks_for_work(event: ScoredEvent, after: Conversation) -> bool:
    """Whether an event says that there is a ticket to work on: a rating, a bounce or an agent's word alone does not."""
    if is_spoken(event):
        return after.spoke == "customer" or (after.spoke == "agent" and event.status is not None)
    return event.status is not None or event.type == "escalation_requested"


def _answer(after: Conversation) -> None:
    """Nobody waits any more."""
    _set(after, "waiting_since", 0)
    _set(after, "unanswered", 0)


def _speak(after: Conversation, event: ScoredEvent, at: int, memory: Memory, waits_from: int | None) -> None:
    speaker = speaker_of(event)
    _set(after, "spoke_before", after.spoke)
    _set(after, "spoke", speaker)
    _set(after, "messages", after.messages + 1)
    if speaker == "customer":
        _ask(after, event, memory, waits_from)
    elif speaker == "agent":
        _set(after, "agent_replies", after.agent_replies + 1)
        _set(after, "first_reply_at", after.first_reply_at or at)
        _answer(after)
    elif speaker == "bot":
        _set(after, "bot_replies", after.bot_replies + 1)


def _ask(after: Conversation, event: ScoredEvent, memory: Memory, waits_from: int | None) -> None:
    """The customer's words."""
    text = crc32(f"{event.subject or ''} {event.text or ''}".lower().encode("utf-8", "surrogatepass"))
    _set(after, "customer_messages", after.customer_messages + 1)
    _set(after, "category", event.category)
    _set(after, "repeats", after.said.count(text))
    _set(after, "said", (*after.said, text)[-MAX_TEXTS:])
    _set(after, "unanswered", after.unanswered + 1)
    if not after.waiting_since and waits_from is not None:
        _set(after, "waiting_since", waits_from)
    if event.sentiment is not None:
        score = round(event.sentiment.score * HUNDREDTHS)
        _set(after, "scores", (*after.scores, score)[-memory.history :])


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

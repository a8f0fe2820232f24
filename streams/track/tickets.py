"""What is kept of each ticket: its conversation, its last messages, and its escalations."""

import struct
from typing import Final, NamedTuple

from schemas.escalations import Escalation
from schemas.scored import ScoredEvent
from schemas.windows import HUNDREDTHS
from streams.conversations import Conversation, Memory, Speaker
from streams.engine.state import Overlay, Table
from streams.escalation.awaited import Awaiting
from streams.escalation.compiled import ReadyPolicy
from streams.escalation.facts import Moment
from streams.escalation.policy import MAX_HISTORY
from streams.escalation.record import Message
from streams.escalation.signals import text_of

# Characters of one message that are kept.
MESSAGE_CHARS: Final = 1_000

CONVERSATIONS = Table(b"c", Conversation)
# The last messages, each in a row of its own: an event writes one of them, however many there are.
MESSAGES = Table(b"m", Message)
# The escalation of the episode that runs, and that of the one before, which may still be reopened. While an episode has
# none yet there is one more.
ESCALATIONS = Table(b"e", Escalation)

_slot = struct.Struct(">I")


class Ticket(NamedTuple):
    """Which ticket, what decides on it, how much is remembered of it, and what is told while it waits."""

    key: bytes
    tenant: str
    ticket_id: str
    policy: ReadyPolicy
    arm: str | None
    memory: Memory
    awaiting: Awaiting


def keep_message(
    event: ScoredEvent, speaker: Speaker, moment: Moment, key: bytes, memory: Memory, state: Overlay
) -> int:
    """Keep somebody's words; returns how many of their characters were cut."""
    text = text_of(event)
    score = round(event.sentiment.score * HUNDREDTHS) if event.sentiment else -1
    number = moment.conversation.messages - 1
    kept = Message(number, event.event_id, moment.now, speaker, text[:MESSAGE_CHARS], score, moment.label)
    state.put(MESSAGES, _message_key(key, number, memory), kept)
    return max(len(text) - MESSAGE_CHARS, 0)


def last_messages(conversation: Conversation, key: bytes, wanted: int, memory: Memory, state: Overlay) -> list[Message]:
    """Up to `wanted` of the ticket's last messages, oldest first."""
    first = max(conversation.messages - min(wanted, memory.history), 0)
    rows = [state.get(MESSAGES, _message_key(key, number, memory)) for number in range(first, conversation.messages)]
    # While another history was kept, a place of the ring had another message.
    return [row for number, row in enumerate(rows, first) if row is not None and row.number == number]


def escalation(conversation: Conversation, key: bytes, state: Overlay) -> Escalation | None:
    """The ticket's newest escalation, in this episode or the one before."""
    return state.get(ESCALATIONS, _escalation_key(key, conversation.episode)) or state.get(
        ESCALATIONS, _escalation_key(key, conversation.episode - 1)
    )


def keep_escalation(record: Escalation, key: bytes, state: Overlay) -> None:
    """Keep an escalation; the one of two episodes ago is done with."""
    state.put(ESCALATIONS, _escalation_key(key, record.episode), record)
    if record.revision == 1:
        old = _escalation_key(key, record.episode - 2)
        if state.get(ESCALATIONS, old) is not None:
            state.delete(ESCALATIONS, old)


def escalation_by_id(escalation_id: str, conversation: Conversation, key: bytes, state: Overlay) -> Escalation | None:
    """One of the two escalations that are kept."""
    for episode in (conversation.episode, conversation.episode - 1):
        record = state.get(ESCALATIONS, _escalation_key(key, episode))
        if record is not None and record.escalation_id == escalation_id:
            return record
    return None


def forget(conversation: Conversation, key: bytes, state: Overlay) -> None:
    """Remove everything that is kept of a ticket, however long its history was."""
    for place in range(min(conversation.messages, MAX_HISTORY)):
        if state.get(MESSAGES, key + _slot.pack(place)) is not None:
            state.delete(MESSAGES, key + _slot.pack(place))
    for episode in range(conversation.episode - 2, conversation.episode + 1):
        if state.get(ESCALATIONS, _escalation_key(key, episode)) is not None:
            state.delete(ESCALATIONS, _escalation_key(key, episode))
    state.delete(CONVERSATIONS, key)


def _message_key(key: bytes, number: int, memory: Memory) -> bytes:
    # In a ring: the newest message takes the place of the oldest.
    return key + _slot.pack(number % memory.history)


def _escalation_key(key: bytes, episode: int) -> bytes:
    return key + _slot.pack(episode & 0xFFFFFFFF)

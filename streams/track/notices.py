"""What `track` tells those who tell people: revisions of escalations, tickets that wait, words to acknowledge."""

from typing import Any, Final

import msgspec

from schemas.escalations import Escalation, Said, reply_of
from schemas.notices import Acknowledged, Awaited, Escalated, Notice, encode_notice, notice_key
from schemas.scored import ScoredEvent
from streams import topics
from streams.conversations import Conversation
from streams.engine.stage import Output
from streams.engine.state import Overlay, Table
from streams.escalation.acknowledging import acknowledgement_of, waits_for_number, wants_acknowledgement, with_number
from streams.escalation.awaited import BITS, Due
from streams.escalation.facts import Moment
from streams.escalation.record import CONTEXT_MESSAGES, Case, said_of, time_of
from streams.scoring.readings import GENERAL
from streams.track import tickets
from streams.track.tickets import Ticket

# An escalation may be as large as the log takes, and its notice is larger by some words. Nobody reads so much.
MAX_NOTICE_BYTES: Final = 500_000
SHORT_CHARS: Final = 1_000


class Held(msgspec.Struct, frozen=True, array_like=True):
    """An acknowledgement that waits for its escalation's number."""

    escalation_id: str
    acknowledged: Acknowledged


HELD = Table(b"a", tuple[Held, ...])


def tell_escalation(record: Escalation, output: Output) -> None:
    """Tell a revision, with the reply as the customer reads it. Of one that is too large texts are cut."""
    notice = Escalated(escalation=msgspec.structs.replace(record, reply=reply_of(record)))
    value = encode_notice(notice)
    if len(value) > MAX_NOTICE_BYTES:
        value = encode_notice(Escalated(escalation=_shortened(notice.escalation)))
    output.send(topics.NOTICES, notice_key(notice), value)


def tell_awaited(
    ticket: Ticket, known: Conversation, due: Due, now: int, state: Overlay, output: Output
) -> Conversation:
    """Tell that a ticket waits; returns the conversation, which remembers that."""
    record = tickets.escalation(known, ticket.key, state) if known.escalated else None
    messages = tickets.last_messages(known, ticket.key, CONTEXT_MESSAGES, ticket.memory, state)
    notice = Awaited(
        what=due.what,
        tenant=ticket.tenant,
        ticket_id=ticket.ticket_id,
        session=f"{known.opened_by:016x}",
        number=record.number if record else None,
        escalation_id=record.escalation_id if record else None,
        since=time_of(known.open_since),
        late_at=time_of(due.late_at),
        at=time_of(now),
        channel=known.channel,
        category=known.category or GENERAL,
        priority=known.priority,
        status=known.status,
        queue=record.queue if record else None,
        customer_id=known.customer_id and known.customer_id[:SHORT_CHARS],
        notify=ticket.awaiting.notify(due.what) or (record.notify if record else ()),
        messages=tuple(map(said_of, messages)),
    )
    _send(notice, output)
    return msgspec.structs.replace(known, warned=known.warned | BITS[due.what])


def acknowledge(
    event: ScoredEvent, ticket: Ticket, moment: Moment, state: Overlay, output: Output, *, escalated: bool
) -> None:
    """Have a customer's words acknowledged, if the policy does. One that names the number of an escalation waits for
    it: it is there within a second or so.
    """
    if not wants_acknowledgement(ticket.policy, moment, escalated=escalated):
        return
    known = moment.conversation
    record = tickets.escalation(known, ticket.key, state) if known.escalated else None
    case = Case(ticket.tenant, ticket.ticket_id, moment, ())
    acknowledged = acknowledgement_of(event, case, ticket.policy, record)
    if record is not None and waits_for_number(acknowledged, record):
        held = state.get(HELD, ticket.key) or ()
        state.put(HELD, ticket.key, (*held, Held(record.escalation_id, acknowledged)))
    else:
        _send(with_number(acknowledged, record.number if record else None), output)


def tell_held(escalation_id: str, number: str, key: bytes, state: Overlay, output: Output) -> None:
    """Send what waited for an escalation's number."""
    held = state.get(HELD, key)
    if not held:
        return
    left = tuple(each for each in held if each.escalation_id != escalation_id)
    for each in held:
        if each not in left:
            _send(with_number(each.acknowledged, number), output)
    if left:
        state.put(HELD, key, left)
    else:
        state.delete(HELD, key)


def forget(key: bytes, state: Overlay) -> None:
    """Drop what waits for a number, with everything else of the ticket."""
    if state.get(HELD, key) is not None:
        state.delete(HELD, key)


def _send(notice: Notice, output: Output) -> None:
    output.send(topics.NOTICES, notice_key(notice), encode_notice(notice))


def _shortened(record: Escalation) -> Escalation:
    texts: dict[str, Any] = {
        name: value[:SHORT_CHARS]
        for name in record.__struct_fields__
        if isinstance(value := getattr(record, name), str) and len(value) > SHORT_CHARS
    }
    said = [Said(each.at, each.speaker[:SHORT_CHARS], each.text[:SHORT_CHARS], each.score) for each in record.messages]
    return msgspec.structs.replace(
        record, **texts, evidence=type(record.evidence)(), keywords=(), summary=(), messages=tuple(said)
    )

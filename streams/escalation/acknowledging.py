"""What a customer is told when the words have come. Pure."""

from typing import Final

import msgspec

from schemas.escalations import NUMBER, Escalation
from schemas.notices import Acknowledged
from schemas.scored import ScoredEvent
from streams.conversations import CLOSED
from streams.escalation.compiled import ReadyPolicy, terms_of
from streams.escalation.facts import Moment
from streams.escalation.record import Case, Texts, promised, subject_of, time_of
from streams.scoring.readings import GENERAL

# A Message-ID is one line of a mail's head, and no address is longer.
MAX_LINE: Final = 998
# Where a source says of a mail that no person sent it, or that it wants no reply.
AUTOMATIC: Final = "automatic"
SUBJECT_CHARS: Final = 500
TEXT_CHARS: Final = 5_000


def wants_acknowledgement(policy: ReadyPolicy, moment: Moment, *, escalated: bool) -> bool:
    """Whether the policy acknowledges a customer's own words (`moment.said`), as `escalated` says that they did.

    Somebody who answers an agent's question is not told that a ticket was opened. What came by a list, or asks for no
    reply, is a customer's words all the same, but nobody replies to it (docs/sources.md).
    """
    wanted, known = policy.policy.acknowledge, moment.conversation
    if wanted is None or moment.said is None or known.status in CLOSED or moment.said.metadata.get(AUTOMATIC):
        return False
    if wanted.when == "created":
        return known.customer_messages == 1 and not known.agent_replies
    return wanted.when == "escalated" and escalated


def acknowledgement_of(event: ScoredEvent, case: Case, policy: ReadyPolicy, record: Escalation | None) -> Acknowledged:
    """The acknowledgement of a customer's words; the number, if the text names it, stays in braces. `record` is the
    escalation that runs.
    """
    moment = case.moment
    known, rules = moment.conversation, policy.policy
    category = event.category or GENERAL
    is_angry = moment.label == "very_negative" or event.reading.emotion in rules.angry
    within = record.respond_within * 1000 if record else promised(rules, known.priority)
    subject = subject_of(rules, category, is_angry=False)
    texts = Texts(case, record.rule if record else "no rule", within, subject, terms_of(event))
    mood = "angry" if is_angry else "other"
    text: str = getattr(rules.acknowledge, mood, None) or getattr(rules.replies, mood)
    return msgspec.structs.replace(
        customer_of(event, case),
        subject=(event.subject or subject)[:SUBJECT_CHARS],
        text=texts.fill(text)[:TEXT_CHARS],
    )


def customer_of(event: ScoredEvent, case: Case) -> Acknowledged:
    """An acknowledgement that says nothing yet: who wrote, and how to reach him."""
    moment, known = case.moment, case.moment.conversation
    return Acknowledged(
        tenant=case.tenant,
        ticket_id=case.ticket_id,
        session=f"{known.opened_by:016x}",
        event_id=event.event_id,
        at=time_of(moment.now),
        channel=event.channel,
        category=event.category or GENERAL,
        priority=known.priority,
        label=moment.label,
        language=event.language,
        customer_id=_line(known.customer_id),
        email=_line(known.email),
        phone=_line(known.phone),
        subject=(event.subject or "")[:SUBJECT_CHARS],
        text="",
        in_reply_to=_message_id(event.metadata.get("message_id")),
    )


def waits_for_number(acknowledged: Acknowledged, record: Escalation | None) -> bool:
    """Whether the text names a number that is asked for and not known yet."""
    return record is not None and record.number is None and NUMBER in acknowledged.text


def with_number(acknowledged: Acknowledged, number: str | None) -> Acknowledged:
    """The acknowledgement as the customer reads it; without a number it names the ticket."""
    text = acknowledged.text.replace(NUMBER, number or acknowledged.ticket_id)
    return msgspec.structs.replace(acknowledged, number=number, text=text)


def _line(given: str | None) -> str | None:
    """A part of an address is another address."""
    return given if given and len(given) <= MAX_LINE else None


def _message_id(given: object) -> str | None:
    known = _line(given) if isinstance(given, str) else None
    # Whoever wrote it may have wanted another line.
    return known if known and known.isprintable() and " " not in known else None

"""Preset A (helpdesk): a very negative text on a ticket that nobody works on yet escalates it, once."""

from typing import Final

from schemas.escalations import Escalation, escalation_id
from schemas.scored import ScoredEvent
from streams.conversations import Conversation

POLICY: Final = "helpdesk"
VERSION: Final = 1
RULE: Final = "very_negative"
BELOW: Final = 2.0
UNATTENDED: Final = ("new", "open")
EXCERPT_CHARS: Final = 500


def decide(conversation: Conversation, event: ScoredEvent) -> Escalation | None:
    """The escalation that this event causes. `conversation` is as it stands after the event."""
    sentiment = event.sentiment
    if sentiment is None or event.voice != "customer" or conversation.escalated:
        return None
    if sentiment.score >= BELOW or conversation.status not in UNATTENDED:
        return None
    return Escalation(
        escalation_id=escalation_id(event.tenant, event.ticket_id, conversation.episode, RULE),
        tenant=event.tenant,
        ticket_id=event.ticket_id,
        event_id=event.event_id,
        policy=POLICY,
        policy_version=VERSION,
        rule=RULE,
        episode=conversation.episode,
        # The rule raises to high; it does not lower what is urgent.
        priority="urgent" if conversation.priority == "urgent" else "high",
        reason=(
            f"The customer's message scored {sentiment.score:.2f} of 10, below {BELOW:.0f}, and "
            f"the ticket is still {conversation.status}."
        ),
        occurred_at=event.occurred_at,
        channel=event.channel,
        category=event.category,
        status=conversation.status,
        score=sentiment.score,
        label=sentiment.label,
        text="\n".join(part for part in (event.subject, event.text) if part)[:EXCERPT_CHARS],
        customer_id=event.customer_id,
    )

"""What happens to one ticket: a complaint becomes the events of a whole conversation. Pure, random by its argument."""

import re
from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec


class Complaint(msgspec.Struct, frozen=True):
    """One complaint as it was published."""

    complaint_id: str
    product: str
    issue: str
    company: str
    state: str | None
    text: str


# Weights: how tickets spread over channels and priorities.
CHANNELS = {"email": 28, "chat": 20, "web": 18, "phone": 12, "whatsapp": 10, "in_app": 7, "social": 5}
PRIORITIES = {None: 40, "medium": 30, "low": 12, "high": 13, "urgent": 5}
AGENTS = ("agent-amara", "agent-bruno", "agent-chen", "agent-dana", "agent-elif", "agent-farid", "agent-grace")
STAGES = ("quotation", "cart", "payment", "delivery")
CUSTOMERS = 900
SATISFIED_SHARE = 0.62
IMPATIENT_SHARE = 0.08

_ACKNOWLEDGEMENTS = (
    "Thank you for writing to us. I have opened a case and I am looking into it now.",
    "I am sorry that this happened. Let me check what we have on file for you.",
    "Thanks for your patience. I have asked the team that handles this and will come back to you today.",
    "I understand. Could you tell me when you first noticed it, so that I can find the right records?",
)
_QUESTIONS = (
    "Could you please send us the letter that you received?",
    "We need one more detail to go on: has anything changed since you wrote to us?",
    "Please confirm that the address on your account is still right, then we can finish this.",
)
_SOLUTIONS = (
    "I have corrected the entry. You will see it within two working days.",
    "The charge was reversed this morning. I have added a note so that it does not happen again.",
    "We have finished our review and removed the item. A confirmation is on its way to you.",
    "Your account is open again and I have waived the fee.",
)
_THANKS = (
    "Thank you so much, that was quick and very helpful!",
    "Great, everything is right now. I really appreciate your help.",
    "Perfect, thanks a lot for taking care of this.",
    "Wonderful service. You explained it clearly and it works. Thank you!",
    "I am happy with how this was handled. Thanks!",
    "That solved it. Excellent support, thank you.",
)
# Complaints to an authority are written coolly. What people say to the company while nobody answers is not.
_IMPATIENT = (
    "I am furious. This is the worst company I have ever dealt with, and nobody answers.",
    "Horrible experience. You took my money and your staff was awful.",
    "Nobody has answered me yet. This is terrible, I hate dealing with you.",
)
_ANNOYED = (
    "This is not good enough. Nothing has changed and I am fed up with waiting.",
    "I have now explained this three times. This is ridiculous and your answers are useless.",
    "Still wrong. This is the worst service I have ever had.",
    "That does not help me at all. I am very disappointed.",
)

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

Fields = dict[str, Any]


def script_of(complaint: Complaint, ticket_id: str, random: Random) -> Iterator[Fields]:
    """The ticket's events in order, from `created` to `closed`, without ids and times."""
    ticket: Fields = {
        "ticket_id": ticket_id,
        "channel": _weighted(CHANNELS, random),
        "customer_id": f"customer-{random.randrange(CUSTOMERS):03d}",
        "session_id": f"session-{ticket_id}",
    }
    agent = {**ticket, "agent_id": random.choice(AGENTS)}
    opening, *rest = _parts(complaint.text, random)
    yield {**ticket, "type": "created", "status": "new", "text": opening, **_opening_fields(complaint, random)}
    yield _status(agent, "open")
    if random.random() < IMPATIENT_SHARE:
        yield _message(ticket, random.choice(_IMPATIENT))
    yield _reply(agent, random.choice(_ACKNOWLEDGEMENTS))
    yield _status(agent, "in_progress")
    for part in rest:
        yield _message(ticket, part)
        if random.random() < 0.4:
            yield _reply(agent, random.choice(_QUESTIONS))
            yield _status(agent, "awaiting_customer")
    yield from _ending(ticket, agent, random)


def _ending(ticket: Fields, agent: Fields, random: Random) -> Iterator[Fields]:
    satisfied = random.random() < SATISFIED_SHARE
    if not satisfied:
        yield _message(ticket, random.choice(_ANNOYED))
        yield _status(agent, "in_progress")
    yield _reply(agent, random.choice(_SOLUTIONS))
    yield _status(agent, "resolved")
    if satisfied and random.random() < 0.8:
        yield _message(ticket, random.choice(_THANKS))
    if random.random() < 0.6:
        yield {**ticket, "type": "rated", "satisfaction": random.choice((4, 5, 5) if satisfied else (1, 2, 3))}
    yield _status(agent, "closed")


def _opening_fields(complaint: Complaint, random: Random) -> Fields:
    about = {"company": complaint.company, "product": complaint.product, "state": complaint.state}
    fields: Fields = {
        "subject": complaint.issue,
        "language": "en",
        "journey_stage": random.choice(STAGES),
        "source_type": "consumer_complaint",
        "source_reference_id": complaint.complaint_id,
        "metadata": {name: value for name, value in about.items() if value},
    }
    if priority := _weighted(PRIORITIES, random):
        fields["priority"] = priority
    return fields


def _parts(text: str, random: Random) -> list[str]:
    """The complaint cut between sentences into at most four messages; the first holds at least half of it."""
    sentences = _SENTENCE_END.split(text.strip())
    first = max(1, (len(sentences) + 1) // 2)
    rest = sentences[first:]
    size = max(1, -(-len(rest) // random.randint(1, 3)))
    later = [rest[start : start + size] for start in range(0, len(rest), size)]
    return [" ".join(part) for part in (sentences[:first], *later)]


def _message(ticket: Fields, text: str) -> Fields:
    return {**ticket, "type": "message", "author": "customer", "text": text}


def _reply(agent: Fields, text: str) -> Fields:
    return {**agent, "type": "agent_reply", "author": "agent", "text": text}


def _status(agent: Fields, status: str) -> Fields:
    return {**agent, "type": "status_changed", "author": "agent", "status": status}


def _weighted(weights: dict[Any, int], random: Random) -> Any:
    return random.choices(list(weights), list(weights.values()))[0]

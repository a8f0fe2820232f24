"""The events that every engine is measured with, and the one codec that all of them use."""

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

TEXTS = (
    "The invoice is wrong again and I was charged twice, this is unacceptable. Please fix it as soon as possible!",
    "Thanks a lot for the quick help, everything works great now.",
    "How do I change my password? I cannot find the setting on my account page.",
    "This is the worst service I have ever had. I have been waiting for nine days and nobody answers me.",
    "Hello, could you tell me whether the integration supports webhooks?",
)
CHANNELS = ("email", "chat", "phone", "social", "in_app", "whatsapp", "web")
EVENTS_PER_TICKET = 4

# Plain JSON to a dict and back: the cheapest honest codec, so that what is compared is the engine around it.
decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode


class Generated(NamedTuple):
    """One event as a producer sends it."""

    key: bytes
    value: bytes


def generate(count: int, seed: int = 7, texts: Sequence[str] = TEXTS) -> Iterator[Generated]:
    """`count` events of about 290 bytes and a text, over a quarter as many tickets, keyed as the gateway keys them."""
    choose = random.Random(seed)
    tickets = max(1, count // EVENTS_PER_TICKET)
    for number in range(count):
        ticket = f"T-{choose.randrange(tickets):07d}"
        yield Generated(f"default/{ticket}".encode(), encode(_event(number, ticket, choose, texts)))


def _event(number: int, ticket: str, choose: random.Random, texts: Sequence[str]) -> dict[str, Any]:
    return {
        "event_id": f"event-{number:012d}",
        "tenant": "default",
        "ticket_id": ticket,
        "type": "message",
        "channel": choose.choice(CHANNELS),
        "status": "open",
        "priority": choose.choice(("low", "medium", "high")),
        "customer_id": f"customer-{choose.randrange(10_000):05d}",
        "occurred_at": 1_790_000_000 + number,
        "text": choose.choice(texts),
        "metadata": {"source": "bench", "attempt": 1},
    }

"""Three hours of a small desk: two tenants, a burst of complaints, and what goes wrong with events."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from tests.upgrade.playing import Sent

# A Monday. Every time in what is recorded follows from it.
BEGIN: Final = int(datetime(2026, 11, 2, 8, tzinfo=UTC).timestamp() * 1000)
MINUTE: Final = 60_000
# The old release stops here, in the middle of the burst, and the new one goes on to the end.
CUT: Final = BEGIN + 152 * MINUTE
END: Final = BEGIN + 180 * MINUTE

_TEXTS: Final = (
    "This is the worst, most terrible, horrible, awful, disgusting service. I hate it.",
    "Where do I find my invoice?",
    "Wonderful, thank you so much. Excellent and quick!",
    "Nothing has changed and I am disappointed. I want to speak to a human.",
    "My card was charged twice, and nobody answers. This is urgent!",
)
_BURST: Final = range(145, 158)


def story() -> list[Sent]:
    """Every record in order of its append."""
    return sorted([*_desk(), *_burst(), *_awkward()], key=lambda sent: sent.at)


def _sent(at: int, fields: dict[str, Any], late: int = 0) -> Sent:
    occurred = datetime.fromtimestamp((at - late) / 1000, UTC).isoformat()
    value = json.dumps({"occurred_at": occurred, **fields}).encode()
    return Sent(at, sum(value) % 2, value)


def _desk() -> Iterator[Sent]:
    """An event a minute, of twenty-four tickets."""
    random = Random(5)
    for number in range(180):
        at = BEGIN + number * MINUTE + random.randrange(3_000)
        ticket = random.randrange(24)
        fields = {
            "event_id": f"event-{number}",
            "ticket_id": f"ticket-{ticket}",
            "tenant": ("default", "acme")[ticket % 2],
            "customer_id": f"customer-{ticket % 7}",
            "agent_id": f"agent-{ticket % 3}",
            "product": ("shop", "app")[ticket % 2],
            "channel": ("email", "chat", "web")[ticket % 3],
            "priority": (None, "low", "urgent")[ticket % 3],
            "phone": "+4930123456",
        }
        yield _sent(at, {**fields, **_kind(random)}, late=random.choice((0, 0, 0, 30_000, 7_200_000)))


def _kind(random: Random) -> dict[str, Any]:
    drawn = random.random()
    if drawn < 0.6:
        return {"type": "message", "subject": "About my order", "text": random.choice(_TEXTS)}
    if drawn < 0.75:
        return {"type": "agent_reply", "author": "agent", "text": "We are looking at it."}
    if drawn < 0.95:
        return {"type": "status_changed", "status": random.choice(("open", "resolved", "awaiting_customer"))}
    return {"type": "rated", "satisfaction": random.randrange(1, 6)}


def _burst() -> Iterator[Sent]:
    """A complaint every six seconds, on tickets of their own: an alert fires, and is firing at the cut."""
    for number in range(len(_BURST) * 10):
        at = BEGIN + _BURST.start * MINUTE + number * 6_000
        fields = {
            "event_id": f"burst-{number}",
            "ticket_id": f"burst-{number}",
            "tenant": "default",
            "channel": "email",
        }
        yield _sent(at, {**fields, "type": "created", "text": _TEXTS[0 if number % 3 else 4]})


def _awkward() -> Iterator[Sent]:
    """Poison, a repeated event, one from the future, one asked of a person, one as a CloudEvent."""
    for hour in (1, 2):
        at = BEGIN + hour * 60 * MINUTE + 500
        yield Sent(at, 0, b'{"event_id": "poison", "ticket_id": 7')
        yield _sent(at + 1, {"event_id": "again", "ticket_id": "ticket-1", "tenant": "acme", "text": _TEXTS[1]})
        future = {"event_id": f"future-{hour}", "ticket_id": "ticket-2", "text": _TEXTS[2]}
        yield _sent(at + 2, future, late=-90 * MINUTE)
        asked = {"event_id": f"asked-{hour}", "ticket_id": "ticket-3", "type": "escalation_requested"}
        yield _sent(at + 3, {**asked, "tenant": "acme", "text": "Please look at this."})
        attributes = {"specversion": "1.0", "id": f"cloud-{hour}", "type": "ticketpulse.ticket.message.v1"}
        data = {"event_id": f"cloud-{hour}", "ticket_id": "ticket-4", "text": _TEXTS[3]}
        whole = {**attributes, "source": "/desk", "datacontenttype": "application/json", "data": data}
        headers = (("content-type", b"application/cloudevents+json"),)
        yield Sent(at + 4, 1, json.dumps(whole).encode(), headers)

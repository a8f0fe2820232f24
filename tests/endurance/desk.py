"""The events of a desk whose customers never stop writing: as many tickets in the second hour as in the first, so that
what grows is no state that there has to be. Pure: the time is an argument.
"""

from random import Random
from typing import Any, Final

from tests.bench.events import CHANNELS, TEXTS, Generated, encode

#: Of the events that are looked for in ClickHouse, one a second.
PROBES: Final = "probe"
_ANGRY: Final = "This is the worst, most terrible, horrible, awful and disgusting service. I hate it."
_ANGRY_SHARE: Final = 0.02
_REPLY_SHARE: Final = 0.3
_AGENTS: Final = 40


class Desk:
    """Makes the events of so many tickets, each of one customer; the same seed and times make the same events."""

    def __init__(self, tickets: int, seed: int) -> None:
        self._tickets = tickets
        self._random = Random(seed)
        self._number = 0

    def next(self, now: float) -> Generated:
        """The next event, which happened at `now` (Unix seconds)."""
        choose = self._random
        ticket = choose.randrange(self._tickets)
        self._number += 1
        event = _event(f"E-{self._number:09d}", "default", f"T-{ticket:06d}", now)
        event["channel"] = CHANNELS[ticket % len(CHANNELS)]
        event["customer_id"] = f"C-{ticket:06d}"
        if choose.random() < _REPLY_SHARE:
            event |= {"type": "agent_reply", "agent_id": f"agent-{ticket % _AGENTS}"}
        event["text"] = _ANGRY if choose.random() < _ANGRY_SHARE else choose.choice(TEXTS)
        return Generated(f"default/T-{ticket:06d}".encode(), encode(event))


def probe(number: int, now: float) -> Generated:
    """An event whose row is looked for; all of them are of one ticket."""
    event = _event(probe_id(number), PROBES, "P-1", now) | {"channel": "chat", "customer_id": "P", "text": TEXTS[1]}
    return Generated(f"{PROBES}/P-1".encode(), encode(event))


def probe_id(number: int) -> str:
    """The id of the event of that number."""
    return f"probe-{number}"


def _event(event_id: str, tenant: str, ticket: str, now: float) -> dict[str, Any]:
    return {"event_id": event_id, "tenant": tenant, "ticket_id": ticket, "type": "message", "occurred_at": now}

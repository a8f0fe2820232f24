"""A seeded stream of ticket events as badly behaved producers send them. Pure: the time is an argument."""

import json
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

CHANNELS = ("email", "chat", "phone", "social", "in_app", "whatsapp", "web")
PRIORITIES = (None, None, None, None, "low", "medium", "high", "urgent")
STATUSES = (None, None, None, "new", "open", "open", "in_progress", "awaiting_customer", "resolved")
TYPES = ("created", "message", "message", "message", "message", "agent_reply", "agent_reply", "status_changed", "rated")
TENANTS = ("default", "default", "acme")
AGENTS = tuple(f"agent-{number}" for number in range(12))
PRODUCTS = (None, None, "app", "shop")
STAGES = (None, None, None, "order", "delivery")
TEXTS = (
    "Worst, most horrible, disgusting service. I hate it.",
    "Terrible! Awful! I am furious.",
    "Charged twice, please refund.",
    "The app crashes at login.",
    "How do I change my password?",
    "Where is my order?",
    "Thanks, works great now!",
    "Excellent, I love it.",
)

# A ticket's events stay well within the duplicate horizon of 100 event ids.
EVENTS_PER_TICKET = 20
KEYLESS_SHARE = 0.1
# How far back a duplicate may repeat.
RECENT = 2000
CUSTOMERS = 1000
HOUR_MS = 3_600_000


class Sent(NamedTuple):
    """A record to produce. `accepted` says whether it is an event; else it must become a dead letter.

    `number` counts all records from 0. An event carries it in its metadata, so that even duplicates can be told apart.
    """

    number: int
    accepted: bool
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


# How events say when they happened, with the weight of each.
USUAL_TIMES: Mapping[str, float] = {
    "just now": 0.92,
    "seconds late": 0.05,
    "hours late": 0.007,
    "too late": 0.003,
    "ahead": 0.02,
}


class Manners(NamedTuple):
    """Which share of the records is no event, which repeats one, and when the events happened, by weight."""

    poison: float = 0.01
    repeated: float = 0.015
    times: Mapping[str, float] = USUAL_TIMES


class Generator:
    """Makes `events` records; the same seed, times and manners make the same records.

    Every second seed has channels whose clock is an hour ahead, which drives the watermark to the tolerance.
    `manners` may be changed between two calls of `take`.
    """

    def __init__(self, seed: int, events: int, partitions: int) -> None:
        self._random = Random(seed)
        self.usual = Manners(times={**USUAL_TIMES, "an hour ahead": 0.002 * (seed % 2)})
        self.manners = self.usual
        self._tickets = max(40, events // EVENTS_PER_TICKET)
        self._partitions = partitions
        self._recent: deque[dict[str, Any]] = deque(maxlen=RECENT)
        self._number = 0
        self.left = events

    def take(self, count: int, now: int) -> list[Sent]:
        """The next `count` records at the time `now` (Unix milliseconds), fewer at the end."""
        return [self._next(now) for _ in range(min(count, self.left))]

    def _next(self, now: int) -> Sent:
        number, self._number = self._number, self._number + 1
        self.left -= 1
        draw = self._random.random()
        if draw < self.manners.poison:
            return self._poison(number)
        if draw < self.manners.poison + self.manners.repeated and self._recent:
            fields = self._random.choice(self._recent)
        else:
            fields = self._event(number, now)
            self._recent.append(fields)
        return self._sent(number, fields)

    def _event(self, number: int, now: int) -> dict[str, Any]:
        random = self._random
        kind = random.choice(TYPES)
        fields: dict[str, Any] = {
            "event_id": f"E{number}",
            "tenant": random.choice(TENANTS),
            "ticket_id": f"T{random.randrange(self._tickets)}",
            "type": kind,
            # Each new customer of a ticket is a question to the registry.
            "customer_id": f"C{random.randrange(CUSTOMERS)}",
            "channel": random.choice(CHANNELS),
            "priority": random.choice(PRIORITIES),
            "status": random.choice(STATUSES) or ("open" if kind == "status_changed" else None),
            "product": random.choice(PRODUCTS),
            "occurred_at": self._time(now),
        }
        stage = random.choice(STAGES)
        if stage:
            # Left out, it is read from the text.
            fields["journey_stage"] = stage
        if kind in ("agent_reply", "status_changed"):
            fields["agent_id"] = random.choice(AGENTS)
        if kind in ("created", "message", "agent_reply"):
            fields["text"] = random.choice(TEXTS)
            fields["author"] = random.choice((None, None, None, "customer", "bot"))
        if kind == "rated":
            fields["satisfaction"] = random.randint(1, 5)
        return fields

    def _time(self, now: int) -> str | float:
        """RFC 3339 or an epoch."""
        random = self._random
        [how] = random.choices(list(self.manners.times), list(self.manners.times.values()))
        at = now - random.randrange(2_000)
        match how:
            case "seconds late":
                at = now - random.randrange(90_000)
            case "hours late":
                # In the same few seconds of each hour: every second more makes some hundred windows.
                at = (now // HOUR_MS - random.randrange(1, 46)) * HOUR_MS + random.randrange(3_000)
            case "too late":
                at = now - random.randrange(50, 60) * HOUR_MS
            case "ahead":
                at = now + random.randrange(10_000)
            case "an hour ahead":
                at = now + HOUR_MS
        if random.random() < 0.5:
            return at / 1000
        return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")

    def _sent(self, number: int, fields: dict[str, Any]) -> Sent:
        value = json.dumps({**fields, "metadata": {"number": number}}).encode()
        key = None if self._random.random() < KEYLESS_SHARE else fields["ticket_id"].encode()
        return Sent(number, True, self._partition(key), key, value)

    def _poison(self, number: int) -> Sent:
        event = {"event_id": f"P{number}", "ticket_id": "P", "type": "message", "text": "poison"}
        value = self._random.choice(
            (
                b"not JSON %d" % number,
                b"\xff\xfe%d" % number,
                b"[%d]" % number,
                None,
                _without(event, "event_id", number),
                _with(event, number, type="telegram"),
                _with(event, number, channel="pigeon"),
                _with(event, number, occurred_at="yesterday"),
                _with(event, number, text=""),
                _with(event, number, type="rated", satisfaction=9),
            )
        )
        key = b"P%d" % number
        return Sent(number, False, self._partition(key), key, value, (("source", b"\x00soak"),))

    def _partition(self, key: bytes | None) -> int:
        return self._random.randrange(self._partitions) if key is None else crc32(key) % self._partitions


def _with(event: dict[str, str], number: int, **changed: str | int) -> bytes:
    return json.dumps({**event, **changed, "metadata": {"number": number}}).encode()


def _without(event: dict[str, str], name: str, number: int) -> bytes:
    return _with({key: value for key, value in event.items() if key != name}, number)

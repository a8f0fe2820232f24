"""A made desk whose tickets escalate by a rule with chance in it, so that the best that anybody can foretell is known.

    python -m tests.predictions.made_history FOLDER [TICKETS [DAYS]]

fills an embedded ClickHouse. It is generated: it shows that the method finds what is there and that its figures are
right, not how well a real desk can be foretold (docs/predictions.md).

At each message of a customer the ticket escalates within two days with a chance that follows from facts of that moment
(`_log_odds`; two of them work together, which no linear model has); the next message comes five days later at the
earliest, so the chance of an escalation within three days of any moment is known exactly. How long a ticket takes is
log-normal around a median that belongs to what it is about and to its priority; a rating depends on how long it took,
on whether it escalated, and on chance.
"""

import csv
import heapq
import math
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from schemas.events import CHANNELS, EVENT_TYPES, PRIORITIES, STATUSES
from streams.predictions.building import Rows
from streams.predictions.history import DAY_MS, HOUR_MS, SIGNALS

BEGIN: Final = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)
SEED: Final = 7
TICKETS: Final = 6_000
DAYS: Final = 75
# Of the logarithm of how long a ticket takes.
SPREAD: Final = 0.5
CATEGORIES: Final = ("billing", "technical", "account", "general")
_HORIZON_MS: Final = 3 * DAY_MS
_LATEST_MS: Final = 2 * DAY_MS
_NEXT_MS: Final = 5 * DAY_MS
_NEVER_RESOLVED: Final = 0.04
_REPLY_HOURS: Final = (12.0, 6.0, 2.5, 0.8)
_PACE: Final = (1.6, 1.0, 0.6, 0.35)
_URGENCIES: Final = ("low", "medium", "high", "critical")
_TEXTS: Final = Path(__file__).parents[1] / "data" / "banking77.csv"
_KIND: Final = {name: code for code, name in enumerate(EVENT_TYPES)}
_STATUS: Final = {name: code for code, name in enumerate(STATUSES)}

Row = dict[str, Any]


class Topic(NamedTuple):
    """What tickets are about: how customers put it, and how many hours such a ticket takes, in the median."""

    name: str
    texts: tuple[str, ...]
    hours: float
    category: str


class Said(NamedTuple):
    """A message: when it was known, the chance that it leads to an escalation, and the median of the hours until the
    ticket is resolved that were drawn with it; None where the end was drawn before.
    """

    known: int
    chance: float
    hours: float | None


class Ticket:
    """One conversation, while it is made."""

    def __init__(self, key: str, customer: str, topic: Topic, priority: int, channel: int) -> None:
        self.key, self.customer, self.topic, self.priority, self.channel = key, customer, topic, priority, channel
        self.messages = 0
        self.first_score = 500
        self.earlier = 0
        self.upset_before = 0
        self.reopened = 0
        self.escalated = False
        self.ends: int | None = None


class MadeHistory:
    """`rows` as `streams.predictions` reads them, `texts` of all messages, and `said`: the chance at each message."""

    def __init__(
        self, tickets: int = TICKETS, days: int = DAYS, seed: int = SEED, tenants: tuple[str, ...] = ("default",)
    ):
        self.events: list[Row] = []
        self.escalations: list[Row] = []
        self.contacts: dict[tuple[str, str], int] = {}
        self.texts: dict[str, str] = {}
        self.said: dict[str, list[Said]] = {}
        self._chance = random.Random(seed)
        self._end = BEGIN + days * DAY_MS
        self._topics = list(_topics(self._chance))
        self._customers: dict[str, list[str]] = {}
        self._escalated: dict[str, list[int]] = {}
        self._queue: list[tuple[int, int, Ticket]] = []
        for number in range(tickets):
            self._begin(number, tenants[number % len(tenants)], days)
        while self._queue:
            moment, _, ticket = heapq.heappop(self._queue)
            self._message(moment, ticket)

    @property
    def rows(self) -> Rows:
        """As columns."""
        contacts = [{"customer": customer, "known": known} for (customer, _), known in self.contacts.items()]
        texts = [{"ticket": ticket, "text": text} for ticket, text in self.texts.items()]
        return Rows(_columns(self.events), _columns(texts), _columns(self.escalations), _columns(contacts))

    def best(self, ticket: str, moment: int) -> float:
        """The chance, to whoever knows the rule, that a ticket which has not escalated does so within three days."""
        newest = [each for each in self.said[ticket] if each.known <= moment][-1]
        later = newest.chance * (1 - min((moment - newest.known) / _LATEST_MS, 1.0))
        # Whoever will escalate is still open; who will not may have been resolved, so that being open says something.
        still = 1.0
        if newest.hours is not None and moment > newest.known:
            standing = math.log((moment - newest.known) / HOUR_MS / newest.hours) / SPREAD
            still = _NEVER_RESOLVED + (1 - _NEVER_RESOLVED) * math.erfc(standing / math.sqrt(2)) / 2
        return later / (later + (1 - newest.chance) * still)

    def _begin(self, number: int, tenant: str, days: int) -> None:
        chance = self._chance
        # Some customers come again and again.
        customer = f"{tenant}/c-{int(3_000 * chance.random() ** 1.5)}"
        topic, priority = chance.choice(self._topics), chance.choices(range(4), (20, 50, 20, 10))[0]
        ticket = Ticket(f"{tenant}/T-{number}", customer, topic, priority, chance.randrange(len(CHANNELS)))
        began = BEGIN + int(chance.random() * days * DAY_MS)
        heapq.heappush(self._queue, (began, number, ticket))

    def _message(self, at: int, ticket: Ticket) -> None:
        """What a customer writes, and what comes of it."""
        chance, known = self._chance, at + self._chance.randrange(40, 2_000)
        ended = ticket.ends is not None and ticket.ends <= at
        if at >= self._end or (ticket.escalated and not ended):
            return
        if ended:
            self._event(ticket, at, "status_changed", known=known, status="open")
            ticket.reopened += 1
            ticket.escalated, ticket.ends = False, None
        if not ticket.messages:
            of_customer = self._customers.setdefault(ticket.customer, [])
            ticket.earlier = len(of_customer)
            of_customer.append(ticket.key)
            self.contacts[ticket.customer, ticket.key] = known
        read = self._read(ticket)
        earlier_escalations = sum(each <= known for each in self._escalated.get(ticket.customer, ()))
        risk = 1 / (1 + math.exp(-self._log_odds(ticket, read, known, earlier_escalations)))
        hours = ticket.topic.hours * _PACE[ticket.priority]
        self.said.setdefault(ticket.key, []).append(Said(known, risk, hours if ticket.ends is None else None))
        words = self._words(ticket.topic)
        self.texts.setdefault(ticket.key, words)
        kind = "message" if ticket.messages else "created"
        self._event(ticket, at, kind, known=known, words=words, **read, status=None if ticket.messages else "new")
        ticket.messages += 1
        ticket.first_score = read["score"] if ticket.messages == 1 else ticket.first_score
        ticket.upset_before += read["upset"]
        self._what_follows(at, known, risk, ticket)
        if ticket.messages < 3 and chance.random() < 0.35:
            pause = _NEXT_MS + int(chance.expovariate(1 / (2 * DAY_MS)))
            heapq.heappush(self._queue, (known + pause, len(self.events), ticket))

    def _what_follows(self, at: int, known: int, risk: float, ticket: Ticket) -> None:
        chance = self._chance
        hours = chance.lognormvariate(math.log(ticket.topic.hours * _PACE[ticket.priority]), SPREAD)
        ends = at + int(hours * HOUR_MS)
        if chance.random() < risk:
            escalates = known + 1 + int(chance.random() * (_LATEST_MS - 1))
            ends = max(ends, escalates + HOUR_MS)
            ticket.escalated = True
            if escalates < self._end:
                self.escalations.append({"ticket": ticket.key, "known": escalates, "customer": ticket.customer})
                self._escalated.setdefault(ticket.customer, []).append(escalates)
        if ticket.ends is not None:
            # It is on its way to an end already.
            return
        pace = _REPLY_HOURS[ticket.priority] * (0.6 if ticket.topic.category == "billing" else 1.0)
        reply = at + int(chance.lognormvariate(math.log(pace), 0.9) * HOUR_MS)
        if reply < min(ends, self._end):
            # Some helpdesks tell of a reply hours later.
            late = chance.randrange(8 * HOUR_MS) if chance.random() < 0.02 else chance.randrange(3_000)
            self._event(ticket, reply, "agent_reply", known=reply + late, voice="agent")
        if chance.random() < _NEVER_RESOLVED or ends >= self._end:
            return
        self._event(ticket, ends, "status_changed", status="resolved")
        ticket.ends = ends
        if chance.random() < 0.4:
            liked = 4.6 - 0.5 * math.log1p(hours / 24) - 1.3 * ticket.escalated + chance.gauss(0, 0.6)
            rated = ends + chance.randrange(6 * HOUR_MS)
            if rated < self._end:
                self._event(ticket, rated, "rated", rating=min(5, max(1, round(liked))))

    def _read(self, ticket: Ticket) -> Row:
        """What is read in a text."""
        chance = self._chance
        polarity = max(-1.0, min(1.0, chance.gauss(-0.15, 0.4)))
        return {
            "scored": True,
            "score": round((polarity + 1) * 500),
            "polarity": round(polarity * 10_000),
            "urgency": chance.choices(range(4), (25, 50, 18, 7))[0],
            "upset": chance.random() < (0.45 if polarity < -0.3 else 0.1),
            "signals": sum((chance.random() < 0.06) << bit for bit in range(len(SIGNALS))),
            "questions": chance.randrange(3),
            "category": ticket.topic.category,
        }

    def _log_odds(self, ticket: Ticket, read: Row, known: int, earlier_escalations: int) -> float:
        polarity, pressing, upset = read["polarity"] / 10_000, read["urgency"] >= 2, bool(read["upset"])
        hour = known % DAY_MS / HOUR_MS
        return float(
            -4.1
            - 1.3 * polarity
            + 0.9 * pressing
            + 0.8 * upset
            + 0.9 * (pressing and upset)
            + 0.9 * bool(read["signals"])
            + 0.8 * (ticket.topic.category == "technical")
            + 0.35 * math.log1p(ticket.earlier)
            + 0.7 * math.log1p(earlier_escalations)
            + 0.9 * ticket.reopened
            - 0.12 * (read["score"] - ticket.first_score) / 100 * bool(ticket.messages)
            + 0.5 * (hour < 6)
        )

    def _words(self, topic: Topic) -> str:
        """Most of one text of the topic and some of another, with a number: no two are the same."""
        chance = self._chance
        words = [word for text in chance.sample(topic.texts, min(2, len(topic.texts))) for word in text.split()]
        kept = [word for word in words if chance.random() < 0.7]
        return " ".join([*kept, f"reference {chance.randrange(10**8)}"])

    def _event(self, ticket: Ticket, at: int, kind: str, known: int | None = None, **more: Any) -> None:
        known = at + self._chance.randrange(40, 2_000) if known is None else known
        voice, status = more.pop("voice", "customer"), more.pop("status", None)
        row = {
            "ticket": ticket.key,
            "known": known,
            "at": at,
            "place": len(self.events),
            "kind": _KIND[kind],
            "customer_voice": voice == "customer",
            "human": voice == "agent",
            "scored": False,
            "score": 0,
            "polarity": 0,
            "urgency": 1,
            "priority": ticket.priority,
            "channel": ticket.channel,
            "category": "",
            "status": -1 if status is None else _STATUS[status],
            "upset": False,
            "signals": 0,
            "questions": 0,
            "rating": 0,
            "customer": ticket.customer if kind in ("created", "message") else ticket.customer.split("/")[0] + "/",
            "words": "",
            **more,
        }
        self.events.append(row)


def _topics(chance: random.Random) -> Iterator[Topic]:
    by_name: dict[str, list[str]] = {}
    with _TEXTS.open(newline="") as file:
        for row in csv.DictReader(file):
            by_name.setdefault(row["category"], []).append(row["text"])
    for name, texts in sorted(by_name.items()):
        hours = math.exp(chance.uniform(math.log(4), math.log(150)))
        yield Topic(name, tuple(texts), hours, chance.choice(CATEGORIES))


def _columns(rows: list[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def insert(client: Any, made: MadeHistory) -> None:
    """Write it as the sink would have."""
    columns = {
        "tenant": [row["ticket"].split("/")[0] for row in made.events],
        "ticket_id": [row["ticket"].split("/")[1] for row in made.events],
        "event_id": [f"e-{row['place']}" for row in made.events],
        "type": [EVENT_TYPES[row["kind"]] for row in made.events],
        "channel": [CHANNELS[row["channel"]] for row in made.events],
        "priority": [PRIORITIES[row["priority"]] for row in made.events],
        "category": [row["category"] or "general" for row in made.events],
        "voice": ["customer" if row["customer_voice"] else "agent" for row in made.events],
        "author": ["" for _ in made.events],
        "status": ["" if row["status"] < 0 else STATUSES[row["status"]] for row in made.events],
        "customer_id": [row["customer"].split("/")[1] for row in made.events],
        "occurred_at": [row["at"] for row in made.events],
        "received_at": [row["known"] for row in made.events],
        "appended_at": [row["known"] + 20 for row in made.events],
        "subject": ["" for _ in made.events],
        "text": [row["words"] for row in made.events],
        "scored": [row["scored"] for row in made.events],
        "score": [f"{row['score'] / 100:.2f}" for row in made.events],
        "label": ["neutral" if row["scored"] else "unset" for row in made.events],
        "polarity": [row["polarity"] / 10_000 for row in made.events],
        "emotion": ["angry" if row["upset"] else "" for row in made.events],
        "urgency": [_URGENCIES[row["urgency"]] for row in made.events],
        "signals": [[name for bit, name in enumerate(SIGNALS) if row["signals"] >> bit & 1] for row in made.events],
        "questions": [row["questions"] for row in made.events],
        "satisfaction": [row["rating"] for row in made.events],
        "log_partition": [0 for _ in made.events],
        "log_offset": [row["place"] for row in made.events],
        "version": [(1 << 40) - row["place"] for row in made.events],
    }
    client.insert("scored_events", list(columns.values()), column_names=list(columns), column_oriented=True)
    raised = made.escalations
    if raised:
        escalated = {
            "tenant": [row["ticket"].split("/")[0] for row in raised],
            "ticket_id": [row["ticket"].split("/")[1] for row in raised],
            "escalation_id": [f"00000000-0000-0000-0000-{place:012}" for place in range(len(raised))],
            "occurred_at": [row["known"] for row in raised],
            "appended_at": [row["known"] + 30 for row in raised],
            "customer_id": [row["customer"].split("/")[1] for row in raised],
            "version": list(range(1, len(raised) + 1)),
        }
        client.insert("escalations", list(escalated.values()), column_names=list(escalated), column_oriented=True)


def main(folder: Path, tickets: int, days: int) -> None:
    """Fill a folder."""
    from sinks.clickhouse.client import connect  # noqa: PLC0415
    from sinks.clickhouse.migrations import migrate  # noqa: PLC0415

    began = time.monotonic()
    made = MadeHistory(tickets, days)
    client = connect(f"chdb://{folder}")
    try:
        migrate(client)
        insert(client, made)
    finally:
        client.close()
    print(f"{tickets:,} tickets, {len(made.events):,} events in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[2:]]
    main(Path(sys.argv[1]), *(given + [TICKETS, DAYS][len(given) :]))

"""A made history of two tenants, as the stages would have written it: with all that makes counting hard.

Events come twice (later, and saying something else), are scored again under a higher model epoch, come late, stand on
the edges of days and spans, and share a moment; tickets begin before a span and end after it, share ids with another
tenant's, and have ids that nobody would choose; an escalation is raised by the clock in a ticket in which nothing else
happens.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from schemas.escalations import Evidence, escalation_id
from schemas.readings import Reading
from schemas.scored import LABELS, Sentiment
from sinks.base import Message
from tests.contract.conversation_rows import ODD_IDS
from tests.contract.messages import escalation, scored

NOW: Final = datetime(2026, 3, 20, 12, 34, 56, tzinfo=UTC)
BEGIN: Final = datetime(2026, 2, 20, tzinfo=UTC)
TICKETS: Final = 240
TENANTS: Final = ("default", "acme")
SEED: Final = 20_260_320

CHANNELS: Final = ("email", "chat", "phone", "web")
CATEGORIES: Final = ("billing", "technical", "general", 'it\'s "odd"\\')
PRIORITIES: Final = ("low", "medium", "high", "urgent", None)
AGENTS: Final = ("ann", "bob", "=cmd|' /C calc'!A0")
PRODUCTS: Final = ("", "app", "shop")
FEELINGS: Final = ("angry", "frustrated", "happy")
PHRASES: Final = ("late parcel", "double charge", "=HYPERLINK(1)", "thank you")

Row = dict[str, Any]


class History:
    """`events` and `escalations` as rows in the order of the log, copies and all; `messages` as the sink reads them."""

    def __init__(self) -> None:
        self.events: list[Row] = []
        self.escalations: list[Row] = []
        self.messages: list[Message] = []
        self._chance = random.Random(SEED)
        self._offset = 0
        for number in range(TICKETS):
            self._ticket("default", self._name(number))
        for number in range(0, TICKETS, 8):
            self._ticket("acme", self._name(number))
        self._on_the_edges()
        self._copies()

    def _name(self, number: int) -> str:
        return ODD_IDS[number // 5 % len(ODD_IDS)] if number % 5 == 0 and number // 5 < len(ODD_IDS) else f"T-{number}"

    def _ticket(self, tenant: str, ticket: str) -> None:
        chance = self._chance
        at = BEGIN + timedelta(milliseconds=chance.randrange(int((NOW - BEGIN).total_seconds() * 1000)))
        about: Row = {
            "tenant": tenant,
            "ticket_id": ticket,
            "channel": chance.choice(CHANNELS),
            "priority": chance.choice(PRIORITIES),
            "customer_id": f"c-{chance.randrange(60)}" if chance.random() < 0.9 else None,
            "product": chance.choice(PRODUCTS) or None,
        }
        if chance.random() < 0.1:
            self._reply(about, at - timedelta(minutes=5), chance.choice(AGENTS))
        self._said(about, at, "created")
        for _ in range(chance.randrange(5)):
            # Minutes or days; some after the history ends, which are not stored.
            at += timedelta(milliseconds=chance.choice((60_000, 3_600_000, 50_000_000)) * (1 + chance.randrange(4)) + 7)
            if at >= NOW:
                return
            happens = chance.random()
            if happens < 0.35:
                self._said(about, at, "message")
            elif happens < 0.65:
                self._reply(about, at, chance.choice(AGENTS))
            elif happens < 0.7:
                self._event(about, at, "agent_reply", voice="agent", author="bot", text="We are on it.")
            elif happens < 0.85:
                status = chance.choice(("open", "resolved", "resolved", "closed"))
                agent = chance.choice((*AGENTS, None))
                self._event(about | {"agent_id": agent}, at, "status_changed", status=status, priority=None)
            else:
                self._event(about, at, "rated", satisfaction=1 + chance.randrange(5), priority=None)
        if chance.random() < 0.15:
            self._escalate(about, at + timedelta(milliseconds=5), chance.random() < 0.5)

    def _said(self, about: Row, at: datetime, kind: str) -> None:
        chance = self._chance
        more: Row = {}
        if chance.random() < 0.3:
            more["channel"] = chance.choice(CHANNELS)
        if kind == "created":
            more |= {"status": "new", "subject": "About something"}
        self._event(about | more, at, kind, text=f"words {chance.random()}", **self._read())

    def _read(self) -> Row:
        """What a stage would have read of a text; one in ten is not scored."""
        chance = self._chance
        felt = {name: round(0.1 + chance.random() * 0.9, 2) for name in FEELINGS if chance.random() < 0.3}
        hundredths = chance.choice((0, 199, 200, 399, 400, 1000, chance.randrange(1001)))
        category = chance.choice(CATEGORIES)
        return {
            "points": None if chance.random() < 0.1 else hundredths,
            "category": category,
            "subcategory": chance.choice((None, f"{category}-one", f"{category}-two")),
            "emotions": felt,
            # An older preset names one emotion without a strength.
            "emotion": max(felt, key=lambda name: felt[name]) if felt else chance.choice((None, "confused")),
            "urgency": chance.choice(("low", "medium", "critical")),
            "key_phrases": tuple(phrase for phrase in PHRASES if chance.random() < 0.3),
        }

    def _reply(self, about: Row, at: datetime, agent: str) -> None:
        # Agents' words are scored too; they never count as how customers feel.
        self._event(about | {"agent_id": agent}, at, "agent_reply", voice="agent", text="Hello.", points=100)

    def _event(self, about: Row, at: datetime, kind: str, **more: Any) -> None:
        self._offset += 1
        row = {
            "event_id": f"e-{self._offset}",
            "type": kind,
            "occurred_at": at,
            "voice": "customer",
            "author": None,
            "status": None,
            "agent_id": None,
            "subject": None,
            "text": None,
            "satisfaction": None,
            "points": None,
            "category": "general",
            "subcategory": None,
            "emotions": {},
            "emotion": None,
            "urgency": "medium",
            "key_phrases": (),
            "model_epoch": 0,
            **about,
            **more,
        }
        self._store(row)

    def _store(self, row: Row) -> None:
        row["offset"] = self._offset
        self.events.append(row)
        self.messages.append(_scored(row))

    def _escalate(self, about: Row, at: datetime, ends: bool) -> None:
        chance = self._chance
        points = chance.choice((None, 120, 350))
        row = {
            "tenant": about["tenant"],
            "ticket_id": about["ticket_id"],
            "escalation_id": escalation_id(about["tenant"], about["ticket_id"], f"s-{self._offset}", 1, "low-score"),
            "channel": about["channel"],
            "category": chance.choice(CATEGORIES),
            "priority_before": about["priority"] or "medium",
            "priority": chance.choice(("high", "urgent")),
            "points": points,
            "label": None if points is None else _label(points),
            "occurred_at": at,
            "rule": chance.choice(("low-score", "wants-human")),
            "keywords": ("Refund", "angry")[: chance.randrange(3)],
            "terms": ("refund", "third time")[: chance.randrange(3)],
            "state": "open",
            "first_response_seconds": None,
            "resolution_seconds": None,
            "revision": 1,
        }
        for revision in range(1, 4 if ends else 2):
            self._offset += 1
            row = row | {"revision": revision, "offset": self._offset}
            if revision > 1:
                row |= {"state": "responded", "first_response_seconds": 90.5}
            if revision > 2:
                row |= {"state": "resolved", "resolution_seconds": 4_000.25}
            self.escalations.append(row)
            self.messages.append(_escalation(row))

    def _on_the_edges(self) -> None:
        midnight = datetime(2026, 3, 13, tzinfo=UTC)
        edge: Row = {"tenant": "default", "ticket_id": "edge", "channel": "email", "priority": "high"}
        edge |= {"customer_id": "c-edge", "product": "app"}
        read = self._read() | {"points": 250}
        for number, at in enumerate((midnight - timedelta(milliseconds=1), midnight, midnight + timedelta(days=7))):
            self._event(edge | {"ticket_id": f"edge-{number}"}, at, "created", text="On the edge.", **read)
        # Long before the spans that are asked for; answered and resolved within them, and twice.
        self._event(edge, BEGIN, "created", text="Long ago.", **read)
        self._event(edge, midnight + timedelta(hours=1), "agent_reply", voice="agent", agent_id="ann", text="Sorry.")
        for hours in (2, 30):
            self._event(edge, midnight + timedelta(hours=hours), "status_changed", status="resolved")
        # At one moment the order of the log decides.
        for status in ("resolved", "open"):
            same = midnight + timedelta(hours=3)
            self._event(edge | {"ticket_id": "same"}, same, "status_changed", status=status)
        # By the clock, when nothing else happens in the ticket.
        quiet = edge | {"ticket_id": "quiet"}
        self._event(quiet, midnight - timedelta(days=9), "created", text="Hello?", **read)
        self._escalate(quiet, midnight + timedelta(hours=5), ends=False)

    def _copies(self) -> None:
        """Copies of events: sent twice, scored again, and the older score after the newer one."""
        chance = self._chance
        for row in chance.sample(self.events, 150):
            self._offset += 1
            how = chance.random()
            if how < 0.4:
                moved = row["occurred_at"] + timedelta(milliseconds=chance.randrange(1, 5_000))
                if moved.date() != row["occurred_at"].date():
                    moved = row["occurred_at"]
                self._store(row | {"occurred_at": moved, "text": "again", "points": 0, "category": "technical"})
            else:
                self._store(
                    row | self._read() | {"points": row["points"] and self._chance.randrange(1001), "model_epoch": 1}
                )
                if how > 0.8:
                    self._offset += 1
                    self._store(row | {"points": row["points"] and 0})


def _label(points: int) -> str:
    return LABELS[min(points // 200, 4)]


def _scored(row: Row) -> Message:
    sentiment = None
    if row["points"] is not None:
        polarity = row["points"] / 500 - 1
        sentiment = Sentiment(row["points"] / 100, LABELS[min(row["points"] // 200, 4)], polarity, polarity, 0.5)
    copied = [
        *("tenant", "event_id", "type", "channel", "priority", "customer_id", "product", "occurred_at", "voice"),
        *("author", "status", "agent_id", "subject", "text", "satisfaction", "category", "model_epoch"),
    ]
    reading = Reading(
        emotions=row["emotions"],
        emotion=row["emotion"],
        urgency=row["urgency"],
        category=row["category"],
        subcategory=row["subcategory"],
        key_phrases=row["key_phrases"],
    )
    fields = {name: row[name] for name in copied}
    return scored(row["offset"], row["ticket_id"], sentiment=sentiment, reading=reading, **fields)


def _escalation(row: Row) -> Message:
    copied = [
        *("tenant", "escalation_id", "channel", "category", "priority_before", "priority", "occurred_at", "rule"),
        *("state", "first_response_seconds", "resolution_seconds", "revision", "label", "keywords"),
    ]
    return escalation(
        row["offset"],
        row["ticket_id"],
        score=None if row["points"] is None else row["points"] / 100,
        evidence=Evidence(terms=row["terms"]),
        **{name: row[name] for name in copied},
    )

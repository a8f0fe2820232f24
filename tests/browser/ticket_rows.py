"""Tickets as the sinks would have written them: one that went the whole way, one whose every field is hostile, one that
is long, and one whose id is odd.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

Row = dict[str, Any]

TICKET: Final = "T-8812"
ODD: Final = "a/b?c#d&e=f +%2F"
LONG: Final = "T-LONG"
# What help articles answer; of a tenant of its own.
ASKING, OF_ASKING = "T-PIN", "asking"
LONG_EVENTS: Final = 130
HOSTILE_TICKET: Final = "<img src=x onerror=\"document.title='owned'\">"
_PAYLOADS: Final = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"><svg onload=document.title='owned'>",
    "' onmouseover='document.title=`owned`' x='",
    "javascript:document.title='owned'",
    "{{constructor.constructor('document.title=`owned`')()}}",
)


def payload(field: str) -> str:
    """A hostile text that says which field it stands in."""
    return f"{_PAYLOADS[sum(field.encode()) % len(_PAYLOADS)]} {field}"


def ticket_rows(now: datetime) -> Mapping[str, list[Row]]:
    """By table, of the tenant "tickets" but for one."""
    return {
        "scored_events": [
            *_whole_way(now),
            *_hostile(now),
            *_long(now),
            _event(ODD, 900, now, text="Where is it?"),
            {**_event(ASKING, 950, now, text="How do I change my PIN at an ATM?"), "tenant": OF_ASKING},
        ],
        "escalations": [_first(now), _second(now), _hostile_escalation(now)],
        "notifications": [
            _told(TICKET, "leads", now, state="sent", attempt=2, recipient="l…@acme.example", provider_ms=1_240),
            _told(TICKET, "pager", now, state="suppressed", reason="over before it was told"),
            _told(HOSTILE_TICKET, payload("target"), now, state="failed", **_hostile_words()),
        ],
    }


def _hostile_words() -> Row:
    return {name: payload(name) for name in ("provider", "recipient", "reference")} | {"reason": payload("why not")}


def _told(ticket: str, target: str, at: datetime, **fields: Any) -> Row:
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{ticket}/{target}")
    given = {
        "tenant": "tickets",
        "notification_id": identity,
        "revision": 3,
        "kind": "escalation",
        "about": ["e"],
        "ticket_id": ticket,
        "target": target,
        "provider": "email",
        "recipient": "",
        "attempt": 0,
        "reason": "",
        "reference": "",
        "provider_ms": None,
        "state": "pending",
        "at": at,
        "due_at": at,
        "version": 1,
    }
    return {**given, **fields}


def _event(ticket: str, number: int, at: datetime, **fields: Any) -> Row:
    score = fields.pop("score", None)
    given = {
        "type": "message",
        "channel": "email",
        "voice": "customer",
        "category": "billing",
        "status": "",
        "subject": "",
        "text": "",
        "customer_id": "c-2041",
        "unscored": "" if score is not None else "no_text",
        "confidence": 0.0,
        "emotion": "",
        "signals": [],
        "reasons": [],
        "satisfaction": 0,
        **fields,
    }
    label = _label(score)
    return {
        "tenant": "tickets",
        "ticket_id": ticket,
        "event_id": f"event-{number}",
        "occurred_at": at,
        "received_at": at,
        "appended_at": at,
        "scored": score is not None,
        "score": score or 0.0,
        "label": label,
        "version": 10_000 + number,
        **given,
        "reasons": json.dumps(given["reasons"]),
    }


def _label(score: float | None) -> str:
    if score is None:
        return "unset"
    return ("very_negative", "negative", "neutral", "positive", "very_positive")[min(4, int(score / 2))]


def _reason(rule: str, term: str, points: float) -> Row:
    return {"rule": rule, "term": term, "points": points, "start": 0, "end": 1}


def _whole_way(now: datetime) -> list[Row]:
    at = now - timedelta(hours=5)
    said: list[Row] = [
        {
            "type": "created",
            "status": "open",
            "subject": "Charged twice again",
            "text": "Third time I write about the same double charge.\n\n"
            "Nobody answers, this is a disgrace. I want my money back.",
            "score": 0.62,
            "confidence": 0.91,
            "reasons": [
                _reason("lexicon", "disgrace", -2.1),
                _reason("lexicon", "nobody answers", -1.3),
                _reason("others", "", -0.5),
                _reason("lexicon", "want my money back", -0.85),
            ],
            "emotion": "angry",
            "signals": ["repeat_contact", "refund"],
        },
        {
            "type": "agent_reply",
            "voice": "agent",
            "text": "I am sorry. I have asked our payments team to look.",
            "score": 4.4,
            "confidence": 0.5,
        },
        {
            "text": "It is an hour now. Is anybody there? Otherwise my lawyer will call you.",
            "score": 1.94,
            "confidence": 0.77,
            "reasons": [_reason("lexicon", "lawyer", -1.8)],
            "emotion": "frustrated",
            "signals": ["threat"],
        },
        {
            "type": "agent_reply",
            "voice": "agent",
            "text": "Both charges are refunded; you will have the money on Friday.",
            "score": 5.8,
            "confidence": 0.5,
        },
        {
            "text": "Thank you, that was quick after all.",
            "score": 8.1,
            "confidence": 0.8,
            "reasons": [_reason("lexicon", "thank you", 2.2), _reason("lexicon", "quick", 0.9)],
            "emotion": "grateful",
        },
        {"type": "status_changed", "voice": "agent", "status": "resolved", "customer_id": ""},
        {"type": "rated", "satisfaction": 4},
    ]
    return [_event(TICKET, number, at + timedelta(minutes=23 * number), **each) for number, each in enumerate(said)]


def _long(now: datetime) -> list[Row]:
    return [
        _event(LONG, 1_000 + number, now - timedelta(minutes=LONG_EVENTS - number), text=f"Message {number}", score=5.0)
        for number in range(LONG_EVENTS)
    ]


def _hostile(now: datetime) -> list[Row]:
    return [
        _event(
            HOSTILE_TICKET,
            500 + number,
            now - timedelta(minutes=9 - number),
            score=score,
            subject=payload("subject"),
            text=payload("text") + "w" * 300,
            channel=payload("channel") if number else payload("other channel"),
            category=payload("category") if number else payload("other category"),
            status=payload("status"),
            type=kind,
            customer_id=payload("customer"),
            unscored="" if score is not None else payload("unscored"),
            reasons=[_reason(payload("rule"), payload("term"), -1.0), _reason(payload("rule without a term"), "", 1.0)],
            emotion=payload("emotion"),
            signals=[payload("signal")],
        )
        for number, (kind, score) in enumerate([("message", 0.1), (payload("type"), None)])
    ]


def _escalation(ticket: str, name: str, at: datetime, record: Row, **fields: Any) -> Row:
    return {
        "tenant": "tickets",
        "ticket_id": ticket,
        "event_id": "event-0",
        "escalation_id": uuid.uuid5(uuid.NAMESPACE_DNS, f"{ticket}/{name}"),
        "occurred_at": at,
        "appended_at": at,
        "channel": "email",
        "category": "billing",
        "policy": "support",
        "policy_version": 3,
        "number": "",
        "raised_by": [name],
        "rule": name,
        "queue": "",
        "priority": "high",
        "state": "open",
        "revision": 1,
        "respond_by": None,
        "acknowledged_at": None,
        "first_response_at": None,
        "resolved_at": None,
        "resolution_notes": "",
        "reason": "",
        "record": json.dumps(record),
        "version": 1,
        **fields,
    }


def _first(now: datetime) -> Row:
    at = now - timedelta(hours=5)
    record = {
        "evidence": {"terms": ["disgrace", "money back"], "values": {"score": 0.62, "messages": 1}, "signals": []},
        "keywords": ["double charge", "refund"],
        "summary": [
            "Customer: Third time I write about the same double charge.",
            "Agent: I have asked our payments team.",
        ],
        "reply": "A colleague will look at this within the hour.",
        "note": "Was charged twice in February as well.",
    }
    return _escalation(
        TICKET,
        "very_negative",
        at,
        record,
        number="TKT-2026-0041",
        raised_by=["very_negative", "threat"],
        queue="payments",
        state="resolved",
        revision=6,
        reason="score 0.62 is below 2.00 and the ticket is open",
        respond_by=at + timedelta(hours=1),
        acknowledged_at=at + timedelta(minutes=4),
        first_response_at=at + timedelta(minutes=23),
        resolved_at=at + timedelta(minutes=115),
        resolution_notes="Both charges refunded.",
    )


def _second(now: datetime) -> Row:
    return _escalation(ODD, "wants_human", now, {}, priority="urgent", reason="asked for a person")


def _hostile_escalation(now: datetime) -> Row:
    record = {
        "evidence": {
            payload("evidence name"): [payload("evidence")],
            "values": {payload("fact name"): payload("fact")},
        },
        "keywords": [payload("keyword")],
        "summary": [payload("summary")],
        "reply": payload("reply"),
        "note": payload("note"),
    }
    named = {
        name: payload(name) for name in ("number", "queue", "priority", "state", "reason", "policy", "resolution_notes")
    }
    rules = {"raised_by": [payload("raised"), payload("raised too")]}
    return _escalation(HOSTILE_TICKET, payload("escalation rule"), now, record, **(named | rules))

"""Messages as the stages write them, one function for each topic a sink reads."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.alerts import Alert, Phrase, alert_id, encode_alert
from schemas.assignments import Assignment, assignment_id, encode_assignment
from schemas.audit import AuditRecord, encode_audit
from schemas.corrections import Correction, correction_id, encode_correction
from schemas.deadletters import error_headers
from schemas.enrichments import Enrichment, encode_enrichment, enrichment_id
from schemas.escalations import Escalation, escalation_id
from schemas.notifications import Notification, encode_notification, message_id, notification_id
from schemas.predictions import Because, Estimate, Prediction, encode_prediction, prediction_id
from schemas.rejections import Reason, Rejected
from schemas.scored import ScoredEvent, Sentiment, encode_event
from schemas.shadow import ShadowScore, encode_shadow
from schemas.windows import Totals, WindowKey, aggregate, encode
from sinks.base import Message

SCORED, ESCALATIONS, WINDOWS, DEAD_LETTERS = "scored", "escalations", "windows", "dead-letters"
ALERTS, NOTIFICATIONS = "alerts", "notifications"
CORRECTIONS, AUDIT, ENRICHMENTS = "corrections", "audit", "enrichments"
SHADOW_SCORES, PREDICTIONS, ASSIGNMENTS = "shadow-scores", "predictions", "assignments"
TABLES = {
    SCORED: "scored_events",
    ESCALATIONS: "escalations",
    WINDOWS: "windows",
    ALERTS: "alerts",
    NOTIFICATIONS: "notifications",
    CORRECTIONS: "corrections",
    AUDIT: "audit",
    ENRICHMENTS: "enrichments",
    SHADOW_SCORES: "shadow_scores",
    PREDICTIONS: "predictions",
    ASSIGNMENTS: "assignments",
    DEAD_LETTERS: "dead_letters",
}
NOON = datetime(2026, 3, 4, 12, 0, 0, 250_000, tzinfo=UTC)
APPENDED = 1_772_625_601_000
NEGATIVE = Sentiment(score=2.05, label="negative", compound=-0.59, polarity=-0.25, subjectivity=0.5)


def scored(offset: int = 0, ticket: str = "T-1", *, partition: int = 0, **changes: Any) -> Message:
    """A scored customer message; `changes` are fields of the event. Each offset is an event of its own."""
    event = ScoredEvent(
        **{
            "event_id": f"event-{offset}",
            "ticket_id": ticket,
            "occurred_at": NOON,
            "received_at": NOON,
            "text": "The invoice is wrong.",
            "voice": "customer",
            "category": "billing",
            "sentiment": NEGATIVE,
            "scorer": "vader",
            **changes,
        }
    )
    return raw(SCORED, offset, encode_event(event), partition=partition)


def escalation(offset: int = 0, ticket: str = "T-1", **changes: Any) -> Message:
    """An escalation of a ticket's first episode."""
    record = Escalation(
        **{
            "escalation_id": escalation_id("default", ticket, "0f", 1, "low-score"),
            "tenant": "default",
            "ticket_id": ticket,
            "session": "0f",
            "event_id": "event-0",
            "correlation_id": "event-0",
            "policy": "preset-a",
            "policy_version": 1,
            "rule": "low-score",
            "episode": 1,
            "priority_before": "medium",
            "priority": "high",
            "reason": "score 2.05 is below 3",
            "occurred_at": NOON,
            "respond_by": NOON,
            "updated_at": NOON,
            "channel": "email",
            "category": "billing",
            "status": "open",
            "score": 2.05,
            "label": "negative",
            "text": "The invoice is wrong.",
            **changes,
        }
    )
    return raw(ESCALATIONS, offset, msgspec.json.encode(record))


def window(
    offset: int = 0, start: int = 1_772_625_600, *, revision: int = 1, size: int = 60, events: int = 3
) -> Message:
    """The overall window of one minute, unless said otherwise, with one scored text."""
    totals = Totals(
        events=events,
        scored=1,
        negative=1,
        score_sum=205,
        score_min=205,
        score_max=205,
        escalations=1,
        tickets=2,
        reopened=1,
        responded_in_time=2,
        resolved_in_time=1,
        emotions={"angry": 1},
        urgencies={"high": 1},
        response_times={280: 2, 300: 1},
        resolution_times={440: 1},
    )
    key = WindowKey("default", size, start, "overall", "")
    return raw(WINDOWS, offset, encode(aggregate(key, totals, revision, final=False)))


def alert(offset: int = 0, **changes: Any) -> Message:
    """An alert that fires; `changes` are fields of its record."""
    record = Alert(
        **{
            "alert_id": alert_id("default", "channel", "chat", "volume", "spike", 1_772_625_600),
            "tenant": "default",
            "kind": "spike",
            "measure": "volume",
            "dimension": "channel",
            "value": "chat",
            "window_size": 300,
            "severity": "warning",
            "started_at": NOON,
            "fired_at": NOON,
            "updated_at": NOON,
            "observed": 120.0,
            "expected": 30.5,
            "exposure": 1.0,
            "probability": 1e-9,
            "tickets": ("T-1", "T-2"),
            "phrases": (Phrase("card declined", 0.5, 0.01),),
            "summary": "channel chat: events 120 in 5 minutes, where 30 is usual",
            **changes,
        }
    )
    return raw(ALERTS, offset, encode_alert(record))


def notification(offset: int = 0, **changes: Any) -> Message:
    """A notification that was sent at its first attempt; `changes` are fields of its record."""
    identity = notification_id("default", "escalation", "e#0", "leads")
    record = Notification(
        **{
            "notification_id": identity,
            "revision": 3,
            "tenant": "default",
            "kind": "escalation",
            "about": ("e",),
            "ticket_id": "T-1",
            "target": "leads",
            "provider": "email",
            "state": "sent",
            "attempt": 1,
            "at": NOON,
            "due_at": NOON,
            "provider_ms": 120,
            "message_id": message_id(identity),
            "reference": "250 queued",
            **changes,
        }
    )
    return raw(NOTIFICATIONS, offset, encode_notification(record))


def correction(offset: int = 0, **changes: Any) -> Message:
    """An agent says that a message is neutral; `changes` are fields of the record."""
    by = "ann"
    record = Correction(
        **{
            "correction_id": correction_id("default", "T-1", "event-0", "label", "neutral", by, ""),
            "tenant": "default",
            "ticket_id": "T-1",
            "event_id": "event-0",
            "field": "label",
            "old": "negative",
            "new": "neutral",
            "note": "only a question",
            "corrected_by": by,
            "token_id": "0123456789ab",
            "corrected_at": NOON,
            "scorer": "vader",
            **changes,
        }
    )
    return raw(CORRECTIONS, offset, encode_correction(record))


def enriched(offset: int = 0, **changes: Any) -> Message:
    """A model reads a message another way; `changes` are fields of the record."""
    fields: dict[str, Any] = {
        "tenant": "default",
        "ticket_id": "T-1",
        "event_id": "event-0",
        "read_by": "small-1",
        "label": "very_negative",
        "category": "delivery",
        "confidence": 0.75,
        "reason": "The parcel of [NAME_1] is lost.",
        "label_before": "neutral",
        "category_before": "general",
        "confidence_before": 0.5,
        "scorer": "vader",
        "removed": {"NAME": 1},
        "tokens_in": 400,
        "tokens_out": 40,
        "cost_micros": 560,
        "at": NOON,
        **changes,
    }
    identity = enrichment_id(
        fields["tenant"], fields["ticket_id"], fields["event_id"], "small-1", "", fields.get("fallback", "")
    )
    return raw(ENRICHMENTS, offset, encode_enrichment(Enrichment(**{"enrichment_id": identity, **fields})))


def audited(offset: int = 0, **changes: Any) -> Message:
    """A record of the audit; `changes` are fields of it."""
    record = AuditRecord(
        **{
            "audit_id": "6a1c44ca-58a0-4a20-8d2f-0d0d5f1c7a01",
            "at": NOON,
            "actor": "ann",
            "token_id": "0123456789ab",
            "tenant": "default",
            "action": "correction.post",
            "target": "T-1",
            "source": "http",
            "address": "127.0.0.1",
            "result": "done",
            "detail": "202",
            **changes,
        }
    )
    return raw(AUDIT, offset, encode_audit(record))


def shadow(offset: int = 0, **changes: Any) -> Message:
    """What a challenger says of a message; `changes` are fields of the record."""
    record = ShadowScore(
        **{
            "tenant": "default",
            "ticket_id": "T-1",
            "event_id": "event-0",
            "kind": "sentiment",
            "channel": "email",
            "occurred_at": NOON,
            "champion": "lexicon",
            "challenger": "20261122-081500-1a2b3c4d",
            "champion_class": "negative",
            "challenger_class": "neutral",
            "agree": False,
            "score": 2.05,
            "probability": 0.625,
            "probability_of_champions": 0.25,
            **changes,
        }
    )
    return raw(SHADOW_SCORES, offset, encode_shadow(record))


def prediction(offset: int = 0, ticket: str = "T-1", **changes: Any) -> Message:
    """What is expected of an open ticket; `changes` are fields of the record."""
    record = Prediction(
        **{
            "prediction_id": prediction_id("default", ticket, 0, ""),
            "tenant": "default",
            "ticket_id": ticket,
            "as_of": NOON,
            "predicted_at": NOON,
            "channel": "email",
            "category": "billing",
            "priority": "high",
            "escalation": Estimate(0.25, 0.2, 0.3, "20260304-120000-01234567", "model", (Because("upset", "1", 0.7),)),
            "resolution": Estimate(7_200.0, 3_600.0, 90_000.0, "", "category"),
            "resolution_breach": Estimate(1.0, passed=True),
            **changes,
        }
    )
    return raw(PREDICTIONS, offset, encode_prediction(record))


def assignment(offset: int = 0, ticket: str = "T-1", **changes: Any) -> Message:
    """A ticket that was given to somebody; `changes` are fields of the record."""
    record = Assignment(
        **{
            "assignment_id": assignment_id("default", ticket, "00000000000000aa", offset + 1),
            "revision": offset + 1,
            "tenant": "default",
            "ticket_id": ticket,
            "session": "00000000000000aa",
            "state": "assigned",
            "reason": "moved",
            "queue": "billing",
            "agent": "ann",
            "previous": "bob",
            "channel": "email",
            "category": "billing",
            "priority": "high",
            "is_escalated": True,
            "since": NOON,
            "at": NOON,
            "tried": ("bob",),
            **changes,
        }
    )
    return raw(ASSIGNMENTS, offset, encode_assignment(record))


def dead_letter(offset: int = 0, value: bytes | None = b"\xff\x00not JSON", stage: str = "score") -> Message:
    """A record that could not be read, with a header of its own and those that say why."""
    rejected = Rejected(Reason.NOT_JSON, "value", "not JSON")
    headers = (("trace", b"\x00\xfe"), *error_headers(stage, "tickets.events.v1", 3, 40 + offset, rejected, 1))
    return raw(DEAD_LETTERS, offset, value)._replace(headers=headers, key=b"\xfe")


def raw(topic: str, offset: int, value: bytes | None, *, partition: int = 0) -> Message:
    """Any bytes as a message."""
    return Message(topic, partition, offset, APPENDED + offset, b"key", value)


def one_of_each() -> list[Message]:
    """A message for each table."""
    makers = (escalation, alert, notification, correction, audited, enriched, shadow, prediction, assignment, window)
    return [scored(), *(make(0) for make in makers), dead_letter()]

"""Notifications to try templates on: one of each kind that has everything, and one that has only what all have."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec.structs import asdict, replace

from schemas.alerts import Alert, Phrase, alert_id
from schemas.escalations import Escalation, Evidence, Said, escalation_id
from schemas.notices import Acknowledged, Alerted, Answered, Awaited, Escalated, Notice, Overdue, Reported, ReportFigure
from schemas.notifications import Kind, Notification, message_id, notification_id

_AT: Final = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
_TENANT: Final = "default"
_SAID: Final = (
    Said(_AT - timedelta(minutes=9), "customer", "I paid two weeks ago and still no delivery!", 2.41),
    Said(_AT - timedelta(minutes=6), "bot", "Have you tried our tracking page?"),
    Said(_AT, "customer", "This is ridiculous.\nGive me my money back NOW!", 0.87),
)


def sample(kind: Kind, language: str = "en") -> Notification:
    """A notification of the kind as it is sent, with every fact that its notice can have."""
    return notification_of(_notice(kind, language), kind)


def bare(kind: Kind) -> Notification:
    """One with nothing in it that may be missing."""
    return notification_of(_least(_notice(kind, "en")), kind)


def digest() -> Notification:
    """Several notices in one."""
    notices = tuple(_notice(kind, "en") for kind in ("escalation", "raised", "resolved", "reminder", "alert"))
    first = notification_of(notices[0], "escalation")
    return replace(first, notices=(*notices, *map(_least, notices)))


def escalation() -> Escalation:
    """An angry customer whose parcel does not come."""
    return Escalation(
        escalation_id=escalation_id(_TENANT, "t-1042", "9f3c", 1, "very_negative"),
        revision=2,
        number="TKT-2026-0042",
        tenant=_TENANT,
        ticket_id="t-1042",
        session="9f3c",
        episode=1,
        event_id="e-3",
        correlation_id="e-3",
        policy="support",
        policy_version=1,
        rule="very_negative",
        reason="Very negative: 0.87 of 10 (ridiculous, money back NOW).",
        evidence=Evidence(terms=("ridiculous", "money back NOW"), values={"score": 0.87}, signals=("wants_refund",)),
        occurred_at=_AT,
        channel="email",
        category="delivery_problem",
        priority_before="medium",
        priority="urgent",
        status="open",
        score=0.87,
        label="very_negative",
        emotion="angry",
        subject="URGENT: Delivery problem",
        text=_SAID[-1].text,
        summary=tuple(f"{each.speaker.capitalize()}: {' '.join(each.text.split())}" for each in _SAID),
        messages=_SAID,
        keywords=("money back",),
        customer_id="c-77",
        email="customer@example.com",
        phone="+49 30 901820",
        queue="delivery",
        notify=("ops",),
        respond_within=900,
        respond_by=_AT + timedelta(minutes=15),
        note="Escalated by rule very_negative.",
        updated_at=_AT,
    )


def notification_of(notice: Notice, kind: Kind) -> Notification:
    """The pending record of one notice to a target that is called "sample"."""
    tenant, about, ticket = _about(notice)
    identity = notification_id(tenant, kind, about, "sample")
    return Notification(
        notification_id=identity,
        revision=1,
        tenant=tenant,
        kind=kind,
        about=(about,),
        ticket_id=ticket,
        target="sample",
        provider="email",
        state="pending",
        attempt=1,
        at=_AT,
        due_at=_AT,
        message_id=message_id(identity),
        notices=(notice,),
    )


def _about(notice: Notice) -> tuple[str, str, str | None]:
    match notice:
        case Escalated(escalation=told):
            return told.tenant, told.escalation_id, told.ticket_id
        case Alerted(alert=alert):
            return alert.tenant, alert.alert_id, None
        case Awaited() | Acknowledged():
            return notice.tenant, notice.session, notice.ticket_id
        case Reported():
            return notice.tenant, notice.report_id, None


def _notice(kind: Kind, language: str) -> Notice:
    match kind:
        case "escalation" | "raised" | "resolved":
            return Escalated(escalation=_told(kind))
        case "alert" | "alert_resolved":
            return Alerted(alert=_ended(_alert()) if kind == "alert_resolved" else _alert())
        case "acknowledgement":
            return _acknowledged(language)
        case "answer":
            return _answered(language)
        case "reminder" | "response_due" | "resolution_due":
            return _awaited(kind)
        case "report":
            return _reported()


def _told(kind: Kind) -> Escalation:
    told, ended = escalation(), _AT + timedelta(hours=2)
    if kind == "raised":
        reason = f"{told.reason} Has waited for 1 h."
        return replace(told, revision=3, raised_by=("waits_long",), reason=reason)
    if kind == "resolved":
        return replace(
            told,
            revision=4,
            state="resolved",
            status="resolved",
            updated_at=ended,
            resolved_at=ended,
            resolution_seconds=7200.0,
            resolution_notes="Refunded in full.",
        )
    return told


def _ended(alert: Alert) -> Alert:
    ended = _AT + timedelta(hours=1)
    return replace(alert, revision=2, state="resolved", ended="calm", resolved_at=ended, updated_at=ended)


def _alert() -> Alert:
    return Alert(
        alert_id=alert_id(_TENANT, "category", "delivery_problem", "volume", "spike", int(_AT.timestamp())),
        tenant=_TENANT,
        kind="spike",
        measure="volume",
        dimension="category",
        value="delivery_problem",
        window_size=300,
        severity="critical",
        started_at=_AT - timedelta(minutes=10),
        fired_at=_AT,
        updated_at=_AT,
        observed=61.0,
        expected=12.4,
        exposure=2.0,
        probability=1e-12,
        tickets=("t-1042", "t-1043", "t-1047"),
        phrases=(Phrase("no delivery", 0.54, 0.04),),
        summary="category delivery_problem: events 61 in 10 minutes, where 12 is usual",
    )


def _awaited(what: Overdue) -> Awaited:
    return Awaited(
        what=what,
        tenant=_TENANT,
        ticket_id="t-1042",
        session="9f3c",
        number="TKT-2026-0042",
        escalation_id=escalation().escalation_id,
        since=_AT - timedelta(days=1),
        late_at=_AT + timedelta(minutes=30),
        at=_AT,
        channel="email",
        category="delivery_problem",
        priority="high",
        status="open",
        queue="delivery",
        customer_id="c-77",
        messages=_SAID,
    )


def _acknowledged(language: str) -> Acknowledged:
    texts = {
        "de": "Es tut uns leid, dass Sie so lange warten. Wir antworten innerhalb von 15 Minuten.",
        "en": "We are sorry that you have waited for so long. We answer within 15 minutes.",
    }
    return Acknowledged(
        tenant=_TENANT,
        ticket_id="t-1042",
        session="9f3c",
        event_id="e-3",
        at=_AT,
        channel="email",
        category="delivery_problem",
        priority="urgent",
        label="very_negative",
        language=language,
        number="TKT-2026-0042",
        customer_id="c-77",
        email="customer@example.com",
        phone="+49 30 901820",
        subject="Where is my parcel?",
        text=texts.get(language, texts["en"]),
        in_reply_to="<order-1042@mail.example.com>",
    )


def _answered(language: str) -> Answered:
    texts = {
        "de": "Eine neue Karte ist nach zwei Wochen da.\n\n- Folgen Sie ihr in der App.\n- Prüfen Sie die Adresse.",
        "en": "A new card is there within two weeks.\n\n- Follow it in the app.\n- Look whether the address is right.",
    }
    return Answered(
        **{**asdict(_acknowledged(language)), "label": "neutral", "text": texts.get(language, texts["en"])},
        article="cards/delivery",
        title="When your new card arrives",
        heading="It has not arrived",
        url="https://help.example.com/cards/delivery",
        share=0.61,
    )


def _reported() -> Reported:
    return Reported(
        tenant=_TENANT,
        report_id="0e0ff2a4-7b0c-5b46-9a44-0d5b2f7e4b1c",
        title="Support report, 9 – 15 November 2026",
        begin=datetime(2026, 11, 9, tzinfo=UTC),
        end=datetime(2026, 11, 16, tzinfo=UTC),
        at=datetime(2026, 11, 16, 6, tzinfo=UTC),
        figures=(
            ReportFigure("tickets", "1,332", "1,100", "up"),
            ReportFigure("negative messages", "31 %", "24 %", "up"),
            ReportFigure("time to resolution, median", "3 h 2 min", "3 h 3 min"),
        ),
        findings=("More of what customers write about billing is negative than in the span before.",),
        markdown="# Support report, 9 – 15 November 2026\n\n## What to do\n\n1. **Act:** look at billing first.\n",
        html="<!doctype html><title>Support report</title><h1>Support report, 9 – 15 November 2026</h1>",
        link="https://support.example.com/api/v1/report?tenant=default&from=2026-11-09&to=2026-11-16&format=html",
    )


def _least(notice: Notice) -> Notice:
    match notice:
        case Escalated(escalation=told):
            less = replace(
                told,
                number=None,
                evidence=Evidence(),
                score=None,
                label=None,
                emotion=None,
                subject="",
                text="",
                summary=(),
                messages=(),
                keywords=(),
                customer_id=None,
                email=None,
                phone=None,
                queue=None,
                note="",
                resolution_notes=None,
            )
            return Escalated(escalation=less)
        case Alerted(alert=alert):
            return Alerted(alert=replace(alert, dimension="overall", value="", tickets=(), phrases=()))
        case Reported():
            return replace(notice, figures=(), findings=(), markdown="", html="", link="")
        case Awaited():
            return replace(notice, number=None, escalation_id=None, queue=None, customer_id=None, messages=())
        case Answered():
            return replace(notice, **_UNKNOWN, heading="", url="")
        case Acknowledged():
            return replace(notice, **_UNKNOWN)


_UNKNOWN: Final[dict[str, Any]] = {
    "label": None,
    "language": None,
    "number": None,
    "customer_id": None,
    "email": None,
    "phone": None,
    "subject": "",
    "in_reply_to": None,
}

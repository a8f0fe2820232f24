"""What a template may name: one flat record for each notice. Pure.

All texts are inert (`sinks/notify/inert.py`): `text`, `note`, `resolution`, `report` and the text of a message may have
several lines, everything else has one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from schemas.alerts import Alert
from schemas.escalations import NUMBER, Escalation, Said
from schemas.notices import Acknowledged, Alerted, Answered, Awaited, Escalated, Notice, Reported
from schemas.notifications import Kind, Notification
from sinks.notify.inert import one_line, plain

_LINE: Final = 300
_TEXT: Final = 4_000
_REPORT: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the conversation. `score` is 0 to 10, or none for what was not scored."""

    at: datetime
    speaker: str
    text: str
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A phrase that is more frequent than usual. Shares are 0 to 1."""

    phrase: str
    share: float
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of a report in words. `before` is empty where there is none, `change` unless it is more than chance."""

    name: str
    value: str
    before: str = ""
    change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one notice says. A fact that it does not have is an empty text, an empty list or none. Times are UTC.

    `ticket` is the ticket's number, or its id while there is none. `why` is the reason in a sentence: the rule's, or
    the alert's. `text` is what the customer wrote; of an acknowledgement, what the policy tells the customer. `score`
    is 0 to 10. `at` is when it happened, `since` since when, `due` when it must be answered or solved. `observed` and
    `expected` of an alert are events, a share from 0 to 1 or points, as its `measure` says. Of a report `subject` is
    its title, `since` and `until` are its span, and `report` is the whole of it as Markdown. Of an automatic answer
    `text` is a section of a help article, `article` its title, `heading` the section's, and `link` where it is.
    """

    kind: Kind
    tenant: str
    at: datetime
    ticket: str = ""
    ticket_id: str = ""
    number: str = ""
    customer: str = ""
    subject: str = ""
    why: str = ""
    text: str = ""
    priority: str = ""
    category: str = ""
    channel: str = ""
    status: str = ""
    queue: str = ""
    assignee: str = ""
    rule: str = ""
    score: float | None = None
    label: str = ""
    emotion: str = ""
    terms: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    note: str = ""
    since: datetime | None = None
    due: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str = ""
    severity: str = ""
    measure: str = ""
    where: str = ""
    observed: float | None = None
    expected: float | None = None
    tickets: tuple[str, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    until: datetime | None = None
    figures: tuple[Figure, ...] = ()
    findings: tuple[str, ...] = ()
    report: str = ""
    link: str = ""
    article: str = ""
    heading: str = ""


def facts_of(notification: Notification) -> tuple[Facts, ...]:
    """One for each of its notices. In a digest each has the kind that its own notice shows."""
    notices = notification.notices
    if len(notices) == 1:
        return (_facts(notices[0], notification.kind),)
    return tuple(_facts(each, kind_of(each)) for each in notices)


def kind_of(notice: Notice) -> Kind:
    """What a notice tells, by what it says."""
    match notice:
        case Escalated(escalation=escalation):
            if escalation.state == "resolved":
                return "resolved"
            return "raised" if escalation.raised_by else "escalation"
        case Alerted(alert=alert):
            return "alert_resolved" if alert.state == "resolved" else "alert"
        case Awaited():
            return notice.what
        case Acknowledged():
            return "answer" if isinstance(notice, Answered) else "acknowledgement"
        case Reported():
            return "report"


def _facts(notice: Notice, kind: Kind) -> Facts:
    match notice:
        case Escalated(escalation=escalation):
            return _of_an_escalation(escalation, kind)
        case Alerted(alert=alert):
            return _of_an_alert(alert, kind)
        case Awaited():
            return _of_a_reminder(notice, kind)
        case Answered():
            return _of_an_answer(notice, kind)
        case Acknowledged():
            return _of_an_acknowledgement(notice, kind)
        case Reported():
            return _of_a_report(notice, kind)


def _of_an_escalation(escalation: Escalation, kind: Kind) -> Facts:
    return Facts(
        kind=kind,
        tenant=escalation.tenant,
        at=escalation.updated_at,
        ticket=_line(escalation.number or escalation.ticket_id),
        ticket_id=_line(escalation.ticket_id),
        number=_line(escalation.number),
        customer=_line(escalation.customer_id),
        subject=_line(escalation.subject),
        why=_line(escalation.reason),
        text=plain(escalation.text, _TEXT),
        priority=escalation.priority,
        category=_line(escalation.category),
        channel=escalation.channel,
        status=escalation.status,
        queue=_line(escalation.queue),
        assignee=_line(escalation.assignee),
        rule=_line(escalation.raised_by[-1] if kind == "raised" and escalation.raised_by else escalation.rule),
        score=escalation.score,
        label=escalation.label or "",
        emotion=_line(escalation.emotion),
        terms=_lines(escalation.evidence.terms),
        keywords=_lines(escalation.keywords),
        summary=_lines(escalation.summary),
        messages=_messages(escalation.messages),
        note=plain(escalation.note, _TEXT),
        since=escalation.occurred_at,
        due=escalation.respond_by,
        resolved_at=escalation.resolved_at,
        resolution=plain(escalation.resolution_notes or "", _TEXT),
    )


def _of_an_alert(alert: Alert, kind: Kind) -> Facts:
    return Facts(
        kind=kind,
        tenant=alert.tenant,
        at=alert.updated_at,
        why=_line(alert.summary),
        since=alert.started_at,
        resolved_at=alert.resolved_at,
        severity=alert.severity,
        measure=alert.measure,
        where=_line(f"{alert.dimension} {alert.value}") if alert.value else "",
        observed=alert.observed,
        expected=alert.expected,
        tickets=_lines(alert.tickets),
        phrases=tuple(Phrase(phrase=_line(each.phrase), share=each.share, usual=each.usual) for each in alert.phrases),
    )


def _of_a_reminder(notice: Awaited, kind: Kind) -> Facts:
    return Facts(
        kind=kind,
        tenant=notice.tenant,
        at=notice.at,
        ticket=_line(notice.number or notice.ticket_id),
        ticket_id=_line(notice.ticket_id),
        number=_line(notice.number),
        customer=_line(notice.customer_id),
        priority=notice.priority,
        category=_line(notice.category),
        channel=notice.channel,
        status=notice.status,
        queue=_line(notice.queue),
        messages=_messages(notice.messages),
        since=notice.since,
        due=notice.late_at,
    )


def _of_an_acknowledgement(notice: Acknowledged, kind: Kind) -> Facts:
    ticket = notice.number or notice.ticket_id
    return Facts(
        kind=kind,
        tenant=notice.tenant,
        at=notice.at,
        ticket=_line(ticket),
        ticket_id=_line(notice.ticket_id),
        number=_line(notice.number),
        customer=_line(notice.customer_id),
        subject=_line(notice.subject),
        text=plain(notice.text.replace(NUMBER, ticket), _TEXT),
        priority=notice.priority,
        category=_line(notice.category),
        channel=notice.channel,
        label=notice.label or "",
    )


def _of_an_answer(notice: Answered, kind: Kind) -> Facts:
    told = _of_an_acknowledgement(notice, kind)
    # What stands in braces in an article is the article's.
    text = plain(notice.text, _TEXT)
    return replace(told, text=text, article=_line(notice.title), heading=_line(notice.heading), link=_line(notice.url))


def _of_a_report(notice: Reported, kind: Kind) -> Facts:
    return Facts(
        kind=kind,
        tenant=notice.tenant,
        at=notice.at,
        subject=_line(notice.title),
        since=notice.begin,
        until=notice.end,
        figures=tuple(
            Figure(name=_line(each.name), value=_line(each.value), before=_line(each.before), change=each.change)
            for each in notice.figures
        ),
        findings=_lines(notice.findings),
        report=plain(notice.markdown, _REPORT),
        link=_line(notice.link),
    )


def _messages(said: tuple[Said, ...]) -> tuple[Message, ...]:
    return tuple(
        Message(at=each.at, speaker=_line(each.speaker), text=plain(each.text, _TEXT), score=each.score)
        for each in said
    )


def _lines(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_line, texts))


def _line(text: str | None) -> str:
    return one_line(text or "", _LINE)

"""What of a notice is news: an escalation that begins, is raised or ends, a ticket that waits. Pure."""

from typing import NamedTuple, get_args

from schemas.alerts import Alert, Severity
from schemas.escalations import Escalation
from schemas.notices import Acknowledged, Alerted, Answered, Awaited, Escalated, Notice, Reported
from schemas.notifications import Kind

SEVERITIES: tuple[Severity, ...] = get_args(Severity)


class Step(NamedTuple):
    """Something that somebody may be told. `about` is the id of what it is about, and `once` tells apart what may be
    told of that: nobody is told the same twice. `before` are the steps, as kind and `once`, that came before an end.
    Of what has the same `fact` only the newest notice counts.
    """

    kind: Kind
    tenant: str
    about: str
    once: str
    fact: str
    notice: Notice
    ticket_id: str | None = None
    priority: str | None = None
    severity: str | None = None
    category: str | None = None
    channel: str | None = None
    named: tuple[str, ...] = ()
    before: tuple[tuple[Kind, str], ...] = ()


def step_of(notice: Notice) -> Step:
    """The step that a notice stands at. A later notice about the same may stand at the same step."""
    if isinstance(notice, Escalated):
        return _of_escalation(notice, notice.escalation)
    if isinstance(notice, Alerted):
        return _of_alert(notice, notice.alert)
    if isinstance(notice, Reported):
        about = notice.report_id
        return Step("report", notice.tenant, about, about, about, notice)
    return _of_waiting(notice) if isinstance(notice, Awaited) else _of_acknowledgement(notice)


def _of_escalation(notice: Escalated, escalation: Escalation) -> Step:
    about = escalation.escalation_id
    # A ticket that is opened again is news again.
    begun = f"{about}#{escalation.reopened}"
    steps: list[tuple[Kind, str]] = [("escalation", begun)]
    steps += [("raised", f"{begun}.{number}") for number in range(1, len(escalation.raised_by) + 1)]
    if escalation.state == "resolved":
        steps.append(("resolved", begun))
    kind, once = steps[-1]
    return Step(
        kind,
        escalation.tenant,
        about,
        once,
        about,
        notice,
        escalation.ticket_id,
        priority=escalation.priority,
        category=escalation.category,
        channel=escalation.channel,
        named=escalation.notify,
        before=tuple(steps[:-1]) if kind == "resolved" else (),
    )


def _of_alert(notice: Alerted, alert: Alert) -> Step:
    about = alert.alert_id
    # One that has become critical is told again.
    fired: tuple[tuple[Kind, str], ...] = tuple(("alert", f"{about}#{severity}") for severity in SEVERITIES)
    is_over = alert.state == "resolved"
    kind: Kind = "alert_resolved" if is_over else "alert"
    once = about if is_over else f"{about}#{alert.severity}"
    return Step(
        kind,
        alert.tenant,
        about,
        once,
        about,
        notice,
        severity=alert.severity,
        category=alert.value if alert.dimension == "category" else None,
        channel=alert.value if alert.dimension == "channel" else None,
        before=fired if is_over else (),
    )


def _of_waiting(notice: Awaited) -> Step:
    # Ids of events are a ticket's own, and a session is made of one: other tickets may have the same.
    once = f"{notice.ticket_id}/{notice.session}#{notice.what}#{round(notice.late_at.timestamp() * 1000)}"
    return Step(
        notice.what,
        notice.tenant,
        notice.session,
        once,
        f"{notice.tenant}/{once}",
        notice,
        notice.ticket_id,
        priority=notice.priority,
        category=notice.category,
        channel=notice.channel,
        named=notice.notify,
    )


def _of_acknowledgement(notice: Acknowledged) -> Step:
    is_answer = isinstance(notice, Answered)
    # A ticket is answered by a machine once, whatever was said and however often it was forgotten meanwhile.
    once = f"answer/{notice.ticket_id}" if is_answer else f"{notice.ticket_id}/{notice.session}#{notice.event_id}"
    return Step(
        "answer" if is_answer else "acknowledgement",
        notice.tenant,
        notice.session,
        once,
        f"{notice.tenant}/{once}",
        notice,
        notice.ticket_id,
        priority=notice.priority,
        category=notice.category,
        channel=notice.channel,
    )

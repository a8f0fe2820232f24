"""Escalations, tickets that are overdue and alerts as alerts of an Alertmanager (its API v2)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from schemas.alerts import Alert
from schemas.escalations import Escalation
from schemas.events import Priority
from schemas.notices import Acknowledged, Alerted, Awaited, Escalated, Notice, Reported
from schemas.notifications import Notification
from sinks.notify.base import NotDelivered, Receipt
from sinks.notify.facts import kind_of
from sinks.notify.inert import shortened
from sinks.notify.posting import Poster
from sinks.notify.targets import AlertmanagerTarget
from sinks.notify.wording import Wording

PATH: Final = "/api/v2/alerts"
# Alertmanager forgets an alert without an end after five minutes. What is told once must last until it is resolved;
# a ticket that nobody touches is forgotten here after seven days too.
LASTS: Final = timedelta(days=7)
_DESCRIPTION_CHARS: Final = 4_000
_SEVERITIES: Final[Mapping[Priority, str]] = {"urgent": "critical", "high": "warning", "medium": "info", "low": "info"}
_SEVERITY_NAMES: Final = ("critical", "warning", "info")


class Posted(msgspec.Struct, frozen=True, rename="camel"):
    """An alert as it is posted. Its labels are what it is known by; they hold ids and nobody's words."""

    labels: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    annotations: Mapping[str, str] = {}


class AlertmanagerProvider:
    """Posts to one Alertmanager. The same alert posted twice is one there."""

    def __init__(
        self,
        target: AlertmanagerTarget,
        name: str,
        wording: Wording,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises ValueError for an address that is none."""
        self.name = name
        self._language = target.language
        self._wording = wording
        self._poster = Poster(target.url.rstrip("/") + PATH, target.timeout / 1000, now)

    async def deliver(self, notification: Notification) -> Receipt:
        """An alert for each notice, and an end for those that it takes the place of. Raises NotDelivered."""
        alerts = [
            each
            for notice in notification.notices
            for each in alerts_of(notice, self._annotations(notification, notice))
        ]
        if not alerts:
            raise NotDelivered("neither a report nor what customers are told is an alert", permanent=True)
        await self._poster.post(msgspec.json.encode(alerts), {})
        return Receipt()

    async def close(self) -> None:
        """Let go of connections."""
        await self._poster.close()

    def _annotations(self, notification: Notification, notice: Notice) -> Mapping[str, str]:
        kind = notification.kind if len(notification.notices) == 1 else kind_of(notice)
        words = self._wording.words(replace(notification, kind=kind, notices=(notice,)), self._language)
        return {"summary": words.subject, "description": shortened(words.text, _DESCRIPTION_CHARS)}


def alerts_of(notice: Notice, annotations: Mapping[str, str]) -> Iterator[Posted]:
    """What to post of a notice; nothing of an acknowledgement or a report."""
    match notice:
        case Escalated(escalation=escalation):
            yield from _of_an_escalation(escalation, annotations)
        case Alerted(alert=alert):
            yield from _of_an_alert(alert, annotations)
        case Awaited():
            yield _of_a_reminder(notice, annotations)
        case Acknowledged() | Reported():
            return


def _of_an_escalation(escalation: Escalation, annotations: Mapping[str, str]) -> Iterator[Posted]:
    labels = _labels(
        alertname="TicketEscalation",
        tenant=escalation.tenant,
        escalation_id=escalation.escalation_id,
        ticket_id=escalation.ticket_id,
        rule=escalation.rule,
    )
    begin = escalation.occurred_at
    end = escalation.resolved_at if escalation.state == "resolved" else None
    severity = _SEVERITIES[escalation.priority]
    yield Posted({**labels, "severity": severity}, begin, _end(begin, end), annotations)
    if escalation.raised_by:
        yield from _under_others(labels, severity, begin, escalation.updated_at)


def _of_an_alert(alert: Alert, annotations: Mapping[str, str]) -> Iterator[Posted]:
    labels = _labels(
        alertname="TicketTrend",
        tenant=alert.tenant,
        alert_id=alert.alert_id,
        kind=alert.kind,
        measure=alert.measure,
        dimension=alert.dimension,
        value=alert.value,
    )
    begin = alert.started_at
    end = alert.resolved_at if alert.state == "resolved" else None
    yield Posted({**labels, "severity": alert.severity}, begin, _end(begin, end), annotations)
    if alert.revision > 1:
        yield from _under_others(labels, alert.severity, begin, alert.updated_at)


def _under_others(labels: Mapping[str, str], severity: str, begin: datetime, end: datetime) -> Iterator[Posted]:
    """As what it was before it became more severe, it is another alert there, and over. One that never was is told to
    nobody.
    """
    for other in _SEVERITY_NAMES:
        if other != severity:
            yield Posted({**labels, "severity": other}, begin, _end(begin, end))


def _end(begin: datetime, end: datetime | None) -> datetime:
    # Clocks of producers differ; what ends before it begins is refused.
    return max(begin, end) if end else begin + LASTS


def _of_a_reminder(notice: Awaited, annotations: Mapping[str, str]) -> Posted:
    labels = _labels(
        alertname="TicketOverdue",
        tenant=notice.tenant,
        ticket_id=notice.ticket_id,
        session=notice.session,
        what=notice.what,
        severity=_SEVERITIES[notice.priority],
    )
    # Nobody tells that it is not overdue any more.
    return Posted(labels, notice.at, notice.at + LASTS, annotations)


def _labels(**labels: str) -> Mapping[str, str]:
    return {name: value for name, value in labels.items() if value}

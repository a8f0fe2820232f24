"""Records of the ledger, made of jobs."""

from datetime import UTC, datetime

import msgspec

from schemas.notices import Acknowledged, Notice
from schemas.notifications import Notification, State, encode_notification, message_id
from sinks.notify.targets import EmailTarget, SmsTarget
from streams import topics
from streams.engine.stage import Output
from streams.engine.state import Overlay
from streams.notify.book import NotifyBook, is_for_customers
from streams.notify.jobs import ONLY, SENDER, Job, keep, told_by


class Ledger:
    """Keeps jobs and writes their records, which go together: what is remembered of a job is what the ledger says."""

    def __init__(self, book: NotifyBook, state: Overlay, output: Output) -> None:
        self._book = book
        self._state = state
        self._output = output

    def write(
        self,
        identity: str,
        job: Job,
        now: int,
        *,
        reason: str = "",
        reference: str | None = None,
        provider_ms: int | None = None,
        send: bool = False,
    ) -> None:
        """Keep the job and record how it stands. With `send` the record asks for it to be sent: it has the contents."""
        job = msgspec.structs.replace(job, revision=job.revision + 1, reason=reason)
        keep(identity, job, self._state)
        notices = told_by(job, self._state)
        target = self._book.targets.get(job.target)
        record = Notification(
            notification_id=identity,
            revision=job.revision,
            tenant=job.tenant,
            kind=job.kind,
            about=job.about,
            ticket_id=job.ticket_id,
            target=job.target,
            provider=target.kind if target else "none",
            recipient=masked(address_of(notices[0], target)) if notices and is_for_customers(target) else "",
            state=_state(job),
            attempt=job.attempt,
            at=_time(now),
            due_at=_time(job.ready_at),
            reason=reason,
            provider_ms=provider_ms,
            message_id=message_id(identity),
            reference=reference,
            sender=(self._state.get(SENDER, ONLY) or "") if send else "",
            notices=notices if send else (),
        )
        self._output.send(topics.NOTIFICATIONS, job.tenant.encode(), encode_notification(record))
        if not job.is_open:
            self._output.count("notifications", record.provider, record.state)


def address_of(notice: Notice, target: object) -> str:
    """Where the customer of an acknowledgement is to be reached by a target; empty when that is not known."""
    if not isinstance(notice, Acknowledged):
        return ""
    if isinstance(target, SmsTarget):
        return notice.phone or ""
    return (notice.email or "") if isinstance(target, EmailTarget) else ""


def masked(address: str) -> str:
    """An address or a phone number of which only so much is left that somebody who knows it knows it again."""
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    return f"…{address[-3:]}" if address else ""


def _state(job: Job) -> State:
    return "pending" if job.state == "waiting" or job.state == "sending" else job.state  # noqa: PLR1714 - mypy narrows


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)

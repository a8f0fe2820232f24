"""Notices: what somebody may have to be told, and what came of telling it. Keyed by tenant, on `tickets.notices.v1`.

They are facts, not messages: who is told, when and in what words is decided by whoever reads them.
"""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from schemas.alerts import Alert
from schemas.escalations import Escalation, Said
from schemas.events import Channel, Priority, Status
from schemas.scored import Label

Overdue = Literal["reminder", "response_due", "resolution_due"]
OVERDUE: tuple[Overdue, ...] = get_args(Overdue)


class Escalated(msgspec.Struct, kw_only=True, frozen=True, tag="escalation"):
    """A revision of an escalation."""

    escalation: Escalation


class Alerted(msgspec.Struct, kw_only=True, frozen=True, tag="alert"):
    """A revision of an alert."""

    alert: Alert


class Awaited(msgspec.Struct, kw_only=True, frozen=True, tag="awaited"):
    """A ticket on which something is still to be done: it is open since `since` although a reminder was due
    (`reminder`), or its first reply or its resolution will be late (`response_due`, `resolution_due`). Times are UTC.

    `session` is that of the conversation, `late_at` when it will be late; of a reminder, when it was due. `messages`
    are the last ones.
    """

    what: Overdue
    tenant: str
    ticket_id: str
    session: str
    number: str | None = None
    escalation_id: str | None = None
    since: datetime
    late_at: datetime
    at: datetime
    channel: Channel
    category: str
    priority: Priority
    status: Status
    queue: str | None = None
    customer_id: str | None = None
    notify: tuple[str, ...] = ()
    messages: tuple[Said, ...] = ()


class Acknowledged(msgspec.Struct, kw_only=True, frozen=True, tag="acknowledgement"):
    """A customer is to be told that the ticket has come, and what happens next, in the words of the policy (`text`).

    `event_id` is that of the customer's words, `in_reply_to` the Message-ID of a mail that they came by.
    """

    tenant: str
    ticket_id: str
    session: str
    event_id: str
    at: datetime
    channel: Channel
    category: str
    priority: Priority
    label: Label | None = None
    language: str | None = None
    number: str | None = None
    customer_id: str | None = None
    email: str | None = None
    phone: str | None = None
    subject: str = ""
    text: str
    in_reply_to: str | None = None


class AnswerWanted(msgspec.Struct, kw_only=True, frozen=True, tag="answer_wanted"):
    """A customer's words (`text`) may be answered by a help article, if one answers a share of them of at least
    `threshold`, and if no more than `per_day` tickets of the tenant are answered on this day (UTC). With `dry_run` it
    is only recorded what would have been said. `asked` says who wrote and how to reach him; its text is empty.
    """

    asked: Acknowledged
    text: str
    threshold: float
    per_day: int
    dry_run: bool


class AnswerOver(msgspec.Struct, kw_only=True, frozen=True, tag="answer_over"):
    """A ticket is not to be answered automatically any more; `why` says so in words of ours."""

    tenant: str
    ticket_id: str
    why: str
    at: datetime


class Answered(Acknowledged, kw_only=True, frozen=True, tag="answer"):
    """A customer is to be told what a help article says (`text`), and that no person did. It reaches him as an
    acknowledgement does. `article` is the article's name; `share` is how much of his words it answers, 0 to 1.
    """

    article: str
    title: str
    heading: str = ""
    url: str = ""
    share: float


class ReportFigure(msgspec.Struct, frozen=True):
    """A figure of a report as people read it. `before` is of the span before, empty without one; `change` tells a
    change that is more than chance.
    """

    name: str
    value: str
    before: str = ""
    change: Literal["up", "down", ""] = ""


class Reported(msgspec.Struct, kw_only=True, frozen=True, tag="report"):
    """A report is made, of `begin` to before `end` (UTC). `report_id` follows from its tenant, span and schedule.

    `markdown` and `html` are the whole of it, empty where that would be too long to send; `link` is where it can be
    read on the page, if that is known.
    """

    tenant: str
    report_id: str
    title: str
    begin: datetime
    end: datetime
    at: datetime
    figures: tuple[ReportFigure, ...] = ()
    findings: tuple[str, ...] = ()
    markdown: str = ""
    html: str = ""
    link: str = ""


class Tried(msgspec.Struct, kw_only=True, frozen=True, tag="tried"):
    """What came of one attempt to send a notification. Told by whoever sends, for whoever plans the next attempt.

    `permanent` says that to try again is no use. `retry_after` is what the provider asks for, in seconds. `reference`
    is how the provider calls what it took, as a helpdesk's ticket. `provider_ms` is how long the provider took.
    """

    tenant: str
    notification_id: str
    attempt: int
    sent: bool
    permanent: bool = False
    reason: str = ""
    retry_after: float | None = None
    reference: str | None = None
    provider_ms: int | None = None
    at: datetime


class SenderReady(msgspec.Struct, frozen=True, tag="sender"):
    """A sender has taken over this partition, and sends from now on what is asked of it by its own name. What others
    were asked and have not answered is asked of it anew.
    """

    sender: str


Notice = Escalated | Alerted | Awaited | Acknowledged | Answered | Reported
Told = Notice | AnswerWanted | AnswerOver | Tried | SenderReady

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


def tenant_of(told: Notice | AnswerWanted | AnswerOver | Tried) -> str:
    """Whose it is."""
    if isinstance(told, Escalated):
        return told.escalation.tenant
    if isinstance(told, AnswerWanted):
        return told.asked.tenant
    return told.alert.tenant if isinstance(told, Alerted) else told.tenant


def notice_key(told: Notice | AnswerWanted | AnswerOver | Tried) -> bytes:
    """The Kafka key: what a tenant is told is planned in one place, so limits and digests hold for all of it."""
    return tenant_of(told).encode()


def encode_notice(told: Told) -> bytes:
    """JSON; `type` says which it is."""
    return _encoder.encode(told)


def decode_notice(value: bytes) -> Told:
    """Read what `encode_notice` wrote."""
    return _decoder.decode(value)

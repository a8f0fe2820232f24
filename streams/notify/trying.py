"""A notification that is made up, to try whether a target can be reached."""

from uuid import uuid4

from msgspec.structs import replace

from schemas.notices import Acknowledged, Alerted, Awaited, Escalated, Notice, Reported
from schemas.notifications import Kind, Notification, message_id
from sinks.notify.samples import sample
from sinks.notify.targets import SmsTarget, Target

TICKET = "TEST"


def trial_for(name: str, target: Target, kind: Kind, address: str | None) -> Notification:
    """One of a kind for a target, of a ticket called TEST; each has an id of its own, so none passes for a repetition.
    `address` is the customer's, a phone number for an SMS.
    """
    made = sample(kind, target.language)
    identity = str(uuid4())
    return replace(
        made,
        notification_id=identity,
        message_id=message_id(identity),
        target=name,
        ticket_id=TICKET,
        notices=tuple(_marked(notice, target, address) for notice in made.notices),
    )


def _marked(notice: Notice, target: Target, address: str | None) -> Notice:
    match notice:
        case Escalated():
            escalation = replace(notice.escalation, ticket_id=TICKET, number=TICKET, escalation_id=str(uuid4()))
            return Escalated(escalation=escalation)
        case Alerted():
            return Alerted(alert=replace(notice.alert, alert_id=str(uuid4()), summary=f"TEST: {notice.alert.summary}"))
        case Reported():
            return replace(notice, title=f"TEST: {notice.title}")
        case Awaited():
            return replace(notice, ticket_id=TICKET, number=TICKET)
        case Acknowledged():
            phone, email = (address, None) if isinstance(target, SmsTarget) else (None, address)
            return replace(notice, ticket_id=TICKET, number=TICKET, in_reply_to=None, email=email, phone=phone)

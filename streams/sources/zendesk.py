"""Zendesk's webhooks on ticket events (developer.zendesk.com/api-reference/webhooks/event-types/ticket-events, version
2022-11-06, read on 2026-11-22).

Of the events ticket.created, ticket.comment_added and ticket.status_changed are taken.
"""

from typing import Final

from schemas.rejections import Rejected
from streams.sources.fields import (
    MAX_SUBJECT,
    Fields,
    Json,
    Read,
    filled,
    id_of,
    missing,
    moment,
    part,
    passed_over,
    text,
)

_STATUSES: Final = {
    "new": "new",
    "open": "open",
    "pending": "awaiting_customer",
    "hold": "in_progress",
    "solved": "resolved",
    "closed": "closed",
    "deleted": "closed",
}
_PRIORITIES: Final = {"low": "low", "normal": "medium", "high": "high", "urgent": "urgent"}
_CHANNELS: Final = {
    "email": "email",
    "chat": "chat",
    "native_messaging": "chat",
    "messaging": "chat",
    "voice": "phone",
    "phone": "phone",
    "sms": "phone",
    "whatsapp": "whatsapp",
    "facebook": "social",
    "instagram_dm": "social",
    "twitter": "social",
    "mobile_sdk": "in_app",
    "mobile": "in_app",
}
_TYPE: Final = "zen:event-type:ticket."


def read(payload: Json, tenant: str) -> Read | Rejected:
    """The event of a webhook."""
    kind = text(payload, "type")
    if not kind.startswith(_TYPE):
        return missing("type", f"an event of tickets, {_TYPE}comment_added")
    ticket = part(payload, "detail")
    number = text(ticket, "id")
    if not number:
        return missing("detail.id", "the ticket's number")
    match kind.removeprefix(_TYPE):
        case "created":
            return Read([_created(payload, ticket, tenant)])
        case "comment_added":
            return _comment(payload, ticket, tenant)
        case "status_changed":
            return _status(payload, ticket, tenant)
        case other:
            return passed_over(f"of ticket.{other} nothing is taken")


def _common(payload: Json, ticket: Json, tenant: str) -> Fields:
    number = text(ticket, "id")
    return {
        "tenant": tenant,
        "ticket_id": f"zendesk-{number}",
        "channel": _CHANNELS.get(text(ticket, "via", "channel").lower(), "web"),
        "occurred_at": moment(payload.get("time")),
        "priority": _PRIORITIES.get(text(ticket, "priority").lower()),
        "customer_id": text(ticket, "requester_id"),
        "source_type": "zendesk",
        "source_reference_id": number,
    }


def _description_id(ticket: Json, tenant: str) -> str:
    # Zendesk tells the description of a new ticket twice, the second time as its first comment.
    return id_of("zendesk", tenant, "description", text(ticket, "id"))


def _created(payload: Json, ticket: Json, tenant: str) -> Fields:
    by_customer = text(ticket, "submitter_id") in ("", text(ticket, "requester_id"))
    return filled(
        {
            **_common(payload, ticket, tenant),
            "event_id": _description_id(ticket, tenant),
            "type": "created",
            "subject": text(ticket, "subject")[:MAX_SUBJECT],
            # Of a ticket that begins with a note the description is that note.
            "text": None if ticket.get("is_public") is False else text(ticket, "description"),
            "status": _STATUSES.get(text(ticket, "status").lower()),
            "author": None if by_customer else "agent",
            "agent_id": text(ticket, "assignee_id"),
        }
    )


def _comment(payload: Json, ticket: Json, tenant: str) -> Read | Rejected:
    comment = part(payload, "event", "comment")
    number = text(comment, "id")
    if not number:
        return missing("event.comment.id", "the comment's number")
    if comment.get("is_public") is not True:
        return passed_over("the comment is internal")
    author = part(comment, "author")
    writer = text(author, "id")
    is_first = text(comment, "body") == text(ticket, "description") and _is_new(payload, ticket)
    by_staff = author.get("is_staff") is True and writer != text(ticket, "requester_id")
    fields = {
        **_common(payload, ticket, tenant),
        "event_id": _description_id(ticket, tenant) if is_first else id_of("zendesk", tenant, "comment", number),
        "type": "created" if is_first else "agent_reply" if by_staff else "message",
        "subject": text(ticket, "subject")[:MAX_SUBJECT] if is_first else None,
        "text": text(comment, "body"),
        "author": "agent" if by_staff else None,
        "agent_id": writer if by_staff else None,
        "metadata": filled({"from_name": text(author, "name")}),
    }
    return Read([filled(fields)])


def _is_new(payload: Json, ticket: Json) -> bool:
    """Whether the event is of the minute in which the ticket was made."""
    made, now = moment(ticket.get("created_at")), moment(payload.get("time"))
    return made is not None and now is not None and made[:16] == now[:16]


def _status(payload: Json, ticket: Json, tenant: str) -> Read | Rejected:
    status = _STATUSES.get(text(payload, "event", "current").lower())
    if status is None:
        return passed_over("the status is none that a ticket has here")
    number = text(payload, "id")
    if not number:
        return missing("id", "the event's id")
    fields = {
        **_common(payload, ticket, tenant),
        "event_id": id_of("zendesk", tenant, "event", number),
        "type": "status_changed",
        "status": status,
        "agent_id": text(ticket, "assignee_id"),
    }
    return Read([filled(fields)])

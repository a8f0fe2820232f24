"""Freshdesk's webhooks of automation rules (support.freshdesk.com, Using Webhooks in automation rules, read on
2026-11-22). The rule says what is in them: docs/sources.md has the content that is read here.
"""

import re
from typing import Final

from schemas.rejections import Rejected
from streams.sources.fields import (
    MAX_SUBJECT,
    Fields,
    Json,
    Read,
    digest_of,
    filled,
    id_of,
    missing,
    moment,
    part,
    passed_over,
    text,
)
from streams.sources.html_text import plain

_STATUSES: Final = {
    "2": "open",
    "open": "open",
    "3": "awaiting_customer",
    "pending": "awaiting_customer",
    "waiting on customer": "awaiting_customer",
    "waiting on third party": "in_progress",
    "4": "resolved",
    "resolved": "resolved",
    "5": "closed",
    "closed": "closed",
}
_PRIORITIES: Final = {"1": "low", "2": "medium", "3": "high", "4": "urgent"}
_CHANNELS: Final = {
    "email": "email",
    "phone": "phone",
    "chat": "chat",
    "twitter": "social",
    "facebook": "social",
    "whatsapp": "whatsapp",
}
_EVENT: Final = re.compile(r"\{?\s*(ticket_action|note_type|reply_sent|status|priority)\s*:\s*\{?\s*(\w*)")


def read(payload: Json, tenant: str) -> Read | Rejected:
    """The event of a webhook."""
    ticket = part(payload, "freshdesk_webhook") or payload
    number = text(ticket, "ticket_id")
    if not number:
        return missing("freshdesk_webhook.ticket_id", "the ticket's number, {{ticket.id}}")
    # It comes as "{ticket_action:created}", or as "{status:{from:2,to:4}}".
    found = _EVENT.search(text(ticket, "triggered_event"))
    if found is None:
        return missing("freshdesk_webhook.triggered_event", "{{triggered_event}}")
    common = _common(ticket, tenant, digest_of(ticket))
    match found[1], found[2]:
        case "ticket_action", "created":
            fields = {**common, **_created(ticket)}
        case "status", _ if common["status"]:
            fields = {**common, "type": "status_changed"}
        case ("note_type", "public") | ("reply_sent", _):
            return _comment(ticket, common)
        case what, which:
            return passed_over(f"of {what} {which} nothing is taken")
    return Read([filled(fields)])


def _common(ticket: Json, tenant: str, digest: str) -> Fields:
    number = text(ticket, "ticket_id")
    priority = text(ticket, "ticket_priority").lower()
    email = text(ticket, "requester_email").lower()
    return {
        # A webhook has no id of its own; one that is sent again says the same.
        "event_id": id_of("freshdesk", tenant, number, digest),
        "tenant": tenant,
        "ticket_id": f"freshdesk-{number}",
        "channel": _CHANNELS.get(text(ticket, "ticket_source").lower(), "web"),
        "occurred_at": moment(ticket.get("ticket_updated_at")),
        "status": _STATUSES.get(text(ticket, "ticket_status").lower()),
        "priority": _PRIORITIES.get(priority, priority if priority in _PRIORITIES.values() else None),
        "customer_id": email,
        "email": email,
        "source_type": "freshdesk",
        "source_reference_id": number,
        "metadata": filled({"from_name": text(ticket, "requester_name")}),
    }


def _created(ticket: Json) -> Fields:
    return {
        "type": "created",
        "subject": text(ticket, "ticket_subject")[:MAX_SUBJECT],
        "text": plain(text(ticket, "ticket_description")),
        "author": "agent" if _by_agent(ticket) else None,
    }


def _comment(ticket: Json, common: Fields) -> Read | Rejected:
    said = plain(text(ticket, "ticket_latest_public_comment"))
    if not said:
        return missing("freshdesk_webhook.ticket_latest_public_comment", "{{ticket.latest_public_comment}}")
    performer = text(ticket, "event_performer_email").lower()
    if not performer:
        # Nobody's words are taken for a customer's.
        return missing("freshdesk_webhook.event_performer_email", "{{event_performer.email}}")
    by_agent = _by_agent(ticket)
    # "Ann Lee : Still broken"
    name, colon, rest = said.partition(" : ")
    known = (text(ticket, "event_performer_name"), text(ticket, "requester_name"))
    fields = {
        **common,
        "type": "agent_reply" if by_agent else "message",
        "text": rest if colon and name in known else said,
        "author": "agent" if by_agent else None,
        "agent_id": performer if by_agent else None,
    }
    return Read([filled(fields)])


def _by_agent(ticket: Json) -> bool:
    performer = text(ticket, "event_performer_email").lower()
    return performer not in ("", text(ticket, "requester_email").lower())

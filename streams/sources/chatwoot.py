"""Chatwoot's webhooks (chatwoot.com/docs/product/features/webhooks and its public source, read on 2026-11-22).

Of the events message_created and conversation_status_changed are taken: the messages of a new conversation are told
one by one.
"""

from typing import Final

from schemas.rejections import Rejected
from streams.sources.fields import (
    Fields,
    Json,
    Read,
    digest_of,
    filled,
    id_of,
    missing,
    moment,
    names_and_sizes,
    part,
    passed_over,
    text,
)

_STATUSES: Final = {"open": "open", "pending": "open", "snoozed": "awaiting_customer", "resolved": "resolved"}
_CHANNELS: Final = {
    "channel::webwidget": "chat",
    "channel::email": "email",
    "channel::whatsapp": "whatsapp",
    "channel::sms": "phone",
    "channel::twiliosms": "phone",
    "channel::facebookpage": "social",
    "channel::instagram": "social",
    "channel::twitterprofile": "social",
    "channel::telegram": "social",
    "channel::line": "social",
}
_PRIORITIES: Final = ("low", "medium", "high", "urgent")
# Some versions send the numbers.
_KINDS: Final = {"0": "incoming", "1": "outgoing", "2": "activity", "3": "template"}


def read(payload: Json, tenant: str) -> Read | Rejected:
    """The event of a webhook."""
    match text(payload, "event"):
        case "message_created":
            return _message(payload, tenant)
        case "conversation_status_changed":
            return _status(payload, tenant)
        case "":
            return missing("event", "what happened, as message_created")
        case other:
            return passed_over(f"of {other} nothing is taken")


def _common(conversation: Json, tenant: str) -> Fields | None:
    number = text(conversation, "id") or text(conversation, "display_id")
    contact = part(conversation, "meta", "sender")
    priority = text(conversation, "priority").lower()
    if not number:
        return None
    return {
        "tenant": tenant,
        "ticket_id": f"chatwoot-{number}",
        "channel": _CHANNELS.get(text(conversation, "channel").lower(), "web"),
        "priority": priority if priority in _PRIORITIES else None,
        "customer_id": text(contact, "id"),
        "email": text(contact, "email").lower(),
        "phone": text(contact, "phone_number"),
        "agent_id": text(conversation, "meta", "assignee", "id"),
        "source_type": "chatwoot",
        "source_reference_id": number,
    }


def _message(payload: Json, tenant: str) -> Read | Rejected:
    number = text(payload, "id")
    common = _common(part(payload, "conversation"), tenant)
    if not number or common is None:
        return missing("id" if common else "conversation.id", "the numbers of the message and its conversation")
    given = text(payload, "message_type")
    kind = _KINDS.get(given, given)
    if payload.get("private"):
        return passed_over("the message is internal")
    if kind not in ("incoming", "outgoing", "template"):
        return passed_over(f"of messages of type {kind or 'none'} nothing is taken")
    sender = part(payload, "sender")
    # What goes out is an agent's only if a user has sent it.
    by = None if kind == "incoming" else "agent" if kind == "outgoing" and _is_user(sender) else "bot"
    fields = {
        **common,
        "event_id": id_of("chatwoot", tenant, "message", number),
        "type": "agent_reply" if by == "agent" else "message",
        "occurred_at": moment(payload.get("created_at")),
        "text": text(payload, "content"),
        "author": by,
        "attachments": names_and_sizes(payload.get("attachments"), "fallback_title", "file_size", "file_type"),
        "metadata": filled({"from_name": text(sender, "name")}),
    }
    if by is None:
        fields |= {
            "customer_id": text(sender, "id") or common["customer_id"],
            "email": text(sender, "email").lower() or common["email"],
            "phone": text(sender, "phone_number") or common["phone"],
        }
    elif by == "agent":
        fields["agent_id"] = text(sender, "id")
    if not fields["text"] and not fields["attachments"]:
        return passed_over("the message says nothing")
    return Read([filled(fields)])


def _is_user(sender: Json) -> bool:
    return text(sender, "type").lower() in ("user", "") and bool(sender)


def _status(payload: Json, tenant: str) -> Read | Rejected:
    common = _common(payload, tenant)
    if common is None:
        return missing("id", "the conversation's number")
    status = _STATUSES.get(text(payload, "status").lower())
    if status is None:
        return missing("status", f"one of {', '.join(_STATUSES)}")
    fields = {
        **common,
        # It has no id of its own; one that is sent again says the same.
        "event_id": id_of("chatwoot", tenant, "status", common["source_reference_id"], digest_of(payload)),
        "type": "status_changed",
        "status": status,
        "occurred_at": moment(payload.get("updated_at")) or moment(payload.get("timestamp")),
    }
    return Read([filled(fields)])

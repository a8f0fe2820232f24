"""Zammad's webhooks of triggers, with the content that they have by default (admin-docs.zammad.org, Webhook Payload,
read on 2026-11-22): a ticket and its last article.

A trigger does not say what has happened, so a webhook is read as two facts: the article, and the status. An article
that is told again has its id again, and is counted once.
"""

from typing import Any, Final

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
    names_and_sizes,
    part,
    passed_over,
    text,
)
from streams.sources.html_text import plain

_STATUSES: Final = {
    "new": "new",
    "open": "open",
    "pending reminder": "awaiting_customer",
    "pending close": "resolved",
    "closed": "closed",
    "merged": "closed",
}
_PRIORITIES: Final = {"1 low": "low", "2 normal": "medium", "3 high": "high"}
_CHANNELS: Final = {
    "email": "email",
    "phone": "phone",
    "sms": "phone",
    "chat": "chat",
    "web": "web",
    "twitter status": "social",
    "twitter direct-message": "social",
    "facebook feed post": "social",
    "facebook feed comment": "social",
    "telegram personal-message": "social",
    "whatsapp message": "whatsapp",
}
_AUTHORS: Final = {"customer": None, "agent": "agent", "system": "system"}


def read(payload: Json, tenant: str) -> Read | Rejected:
    """The events of a webhook."""
    ticket = part(payload, "ticket")
    if not text(ticket, "id"):
        return missing("ticket.id", "the ticket's number, as Zammad sends it unless the content is changed")
    found = [_article(ticket, part(payload, "article"), tenant), _status(ticket, tenant)]
    events = [filled(each) for each in found if each is not None]
    return Read(events) if events else passed_over("there is no public article, and no status that a ticket has here")


def _common(ticket: Json, channel: str, tenant: str) -> Fields:
    customer, number = part(ticket, "customer"), text(ticket, "id")
    return {
        "tenant": tenant,
        "ticket_id": f"zammad-{number}",
        "channel": _CHANNELS.get(channel.lower(), "web"),
        "priority": _PRIORITIES.get(_name(ticket, "priority").lower()),
        "customer_id": text(ticket, "customer_id") or text(customer, "id"),
        "email": text(customer, "email").lower(),
        "source_type": "zammad",
        "source_reference_id": number,
    }


def _article(ticket: Json, article: Json, tenant: str) -> Fields | None:
    number = text(article, "id")
    sender = _name(article, "sender").lower()
    # Who can see an article is said; what does not say it is seen by nobody.
    if not number or article.get("internal") is not False or sender not in _AUTHORS:
        return None
    said = text(article, "body")
    attachments = names_and_sizes(article.get("attachments"), "filename", "size", "type")
    if not said and not attachments:
        return None
    author = _AUTHORS[sender]
    is_first = text(ticket, "article_count") == "1"
    return {
        **_common(ticket, _name(article, "type"), tenant),
        "event_id": id_of("zammad", tenant, "article", number),
        "type": "agent_reply" if author == "agent" else "created" if is_first else "message",
        "occurred_at": moment(article.get("created_at")),
        "subject": text(ticket, "title")[:MAX_SUBJECT] if is_first else None,
        "text": plain(said) if "html" in text(article, "content_type") else said,
        "attachments": attachments,
        "author": author,
        "agent_id": text(article, "created_by", "email").lower() if author == "agent" else None,
        "metadata": filled({"message_id": text(article, "message_id")}),
    }


def _status(ticket: Json, tenant: str) -> Fields | None:
    status = _STATUSES.get(_name(ticket, "state").lower())
    if status is None:
        return None
    changed = text(ticket, "updated_at")
    return {
        **_common(ticket, text(ticket, "create_article_type"), tenant),
        "event_id": id_of("zammad", tenant, "status", text(ticket, "id"), changed, status),
        "type": "status_changed",
        "status": status,
        "occurred_at": moment(changed),
        "agent_id": text(ticket, "owner", "email").lower(),
    }


def _name(data: Json, field: str) -> str:
    """Some versions send a name, some an object that has one."""
    value: Any = data.get(field)
    return text(value, "name") if isinstance(value, dict) else text(data, field)

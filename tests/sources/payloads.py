"""Webhooks as helpdesks send them: written from their public documents, which the modules of streams/sources name, read
on 2026-11-22. No customer of anybody's is in them.
"""

from typing import Any

Json = dict[str, Any]


def zendesk(kind: str = "comment_added", /, event: Json | None = None, **detail: Any) -> Json:
    """A ticket event of Zendesk, by default a comment of the requester."""
    comment = {
        "author": {"id": "8447388090494", "is_staff": False, "name": "Ann Lee"},
        "body": "It is still broken.",
        "id": "9000001",
        "is_public": True,
    }
    return {
        "account_id": 22129848,
        "id": "a8b9c1d2-3e4f-5a6b-7c8d-9e0f1a2b3c4d",
        "subject": "zen:ticket:5158",
        "time": "2026-11-22T09:45:20.987654321Z",
        "type": f"zen:event-type:ticket.{kind}",
        "zendesk_event_version": "2022-11-06",
        "detail": {
            "actor_id": "8447388090494",
            "assignee_id": "77",
            "created_at": "2026-11-20T10:12:07Z",
            "description": "I cannot log in to the app.",
            "id": "5158",
            "is_public": True,
            "priority": "HIGH",
            "requester_id": "8447388090494",
            "status": "OPEN",
            "subject": "Cannot log in",
            "submitter_id": "8447388090494",
            "tags": ["login"],
            "type": "PROBLEM",
            "updated_at": "2026-11-22T09:45:20Z",
            "via": {"channel": "email"},
        }
        | detail,
        "event": {"comment": comment} if event is None else event,
    }


def freshdesk(triggered: str = "{note_type:public}", **changed: Any) -> Json:
    """What the rule of docs/sources.md sends, by default for an answer of the customer."""
    fields = {
        "ticket_id": 4711,
        "ticket_subject": "Late parcel",
        "ticket_description": "<div>My parcel is late.</div><div>Please help.</div>",
        "ticket_status": "Open",
        "ticket_priority": "High",
        "ticket_source": "Email",
        "ticket_latest_public_comment": "Ann Lee : Still nothing.",
        "requester_name": "Ann Lee",
        "requester_email": "Ann@example.org",
        "event_performer_name": "Ann Lee",
        "event_performer_email": "ann@example.org",
        "triggered_event": triggered,
    }
    return {"freshdesk_webhook": fields | changed}


def jira(event: str = "comment_created", /, comment: Json | None = None, **changed: Any) -> Json:
    """A webhook of a service project, by default of a comment by a customer of the portal."""
    author = {
        "accountId": "qm:1",
        "accountType": "customer",
        "displayName": "Ann Lee",
        "emailAddress": "ann@example.org",
    }
    said = {
        "id": "190151",
        "author": author,
        "body": "It is still broken.",
        "created": "2026-11-22T09:45:20.000+0000",
        "jsdPublic": True,
    }
    payload = {
        "timestamp": 1795340720000,
        "webhookEvent": event,
        "issue": {
            "id": "10073",
            "key": "SP-10",
            "fields": {
                "summary": "Cannot log in",
                "description": "I cannot log in to the app.",
                "priority": {"name": "High"},
                "status": {"name": "Waiting for support", "statusCategory": {"key": "indeterminate"}},
                "reporter": {"accountId": "qm:1", "emailAddress": "ann@example.org"},
                "creator": {"accountId": "qm:1"},
                "assignee": {"accountId": "agent-7"},
            },
        },
    }
    if event == "comment_created":
        payload["comment"] = said | (comment or {})
    return payload | changed


def chatwoot(**changed: Any) -> Json:
    """A message of a contact, unless it is changed."""
    return {
        "event": "message_created",
        "id": 501,
        "content": "Hello, my order is late.",
        "created_at": "2026-11-22T09:45:20.000Z",
        "message_type": "incoming",
        "content_type": "text",
        "content_attributes": {},
        "private": False,
        "sender": {"id": 31, "name": "Ann Lee", "email": "Ann@example.org", "type": "contact"},
        "account": {"id": 1, "name": "Shop"},
        "inbox": {"id": 5, "name": "Site"},
        "conversation": {
            "id": 101,
            "channel": "Channel::WebWidget",
            "inbox_id": 5,
            "status": "open",
            "priority": "urgent",
            "meta": {"sender": {"id": 31, "phone_number": "+15550100"}, "assignee": {"id": 7, "name": "Bob"}},
        },
    } | changed


def chatwoot_status(status: str = "resolved") -> Json:
    """A conversation whose status has changed."""
    conversation: Json = chatwoot()["conversation"]
    changes = [{"status": {"current_value": status, "previous_value": "open"}}]
    return conversation | {
        "event": "conversation_status_changed",
        "status": status,
        "changed_attributes": changes,
        "updated_at": 1795340720.5,
    }


def zammad(article: Json | None = None, **ticket: Any) -> Json:
    """What a trigger sends, by default after a customer's second mail."""
    written = {
        "id": 104,
        "ticket_id": 81,
        "sender": "Customer",
        "type": "email",
        "internal": False,
        "from": "Emily Adams <emily@example.com>",
        "content_type": "text/html",
        "body": "It is <b>still</b> broken.<div><br></div>Emily",
        "created_at": "2026-11-22T09:45:20.318Z",
        "created_by": {"email": "emily@example.com"},
        "message_id": "<m1@example.com>",
        "attachments": [{"id": 174, "filename": "a.png", "size": "35574", "url": "https://zammad.example.com/174"}],
    }
    return {
        "ticket": {
            "id": 81,
            "number": "10081",
            "title": "Broken",
            "state": "open",
            "priority": {"id": 3, "name": "3 high"},
            "article_count": 2,
            "create_article_type": "email",
            "customer_id": 8,
            "customer": {"id": 8, "email": "Emily@example.com", "firstname": "Emily"},
            "owner": {"id": 5, "email": "bob@shop.example"},
            "created_at": "2026-11-20T10:12:07.282Z",
            "updated_at": "2026-11-22T09:45:20.333Z",
        }
        | ticket,
        "article": written | (article or {}),
    }

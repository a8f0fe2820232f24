"""Jira Service Management's webhooks on issues (developer.atlassian.com/cloud/jira/platform/webhooks, read on
2026-11-22).

Of the events jira:issue_created, jira:issue_updated (changes of the status) and comment_created are taken.
"""

from collections.abc import Iterator
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
    part,
    passed_over,
    text,
)

_STATUSES: Final = {
    "waiting for support": "open",
    "open": "open",
    "reopened": "open",
    "waiting for customer": "awaiting_customer",
    "pending": "awaiting_customer",
    "resolved": "resolved",
    "done": "resolved",
    "closed": "closed",
    "canceled": "closed",
    "cancelled": "closed",
}
# For statuses that a team has named itself.
_CATEGORIES: Final = {"new": "open", "indeterminate": "in_progress", "done": "resolved"}
_PRIORITIES: Final = {
    "highest": "urgent",
    "high": "high",
    "medium": "medium",
    "low": "low",
    "lowest": "low",
    "blocker": "urgent",
    "critical": "urgent",
    "major": "high",
    "minor": "low",
}
_MAX_NODES: Final = 10_000


def read(payload: Json, tenant: str) -> Read | Rejected:
    """The event of a webhook."""
    issue = part(payload, "issue")
    if not text(issue, "key") or not text(issue, "id"):
        return missing("issue.key", "the issue with its id and key")
    match text(payload, "webhookEvent"):
        case "jira:issue_created":
            return Read([_created(payload, issue, tenant)])
        case "comment_created":
            return _comment(payload, issue, tenant)
        case "jira:issue_updated":
            return _status(payload, issue, tenant)
        case "":
            return missing("webhookEvent", "what happened, as comment_created")
        case other:
            return passed_over(f"of {other} nothing is taken")


def _common(payload: Json, issue: Json, tenant: str) -> Fields:
    reporter = part(issue, "fields", "reporter")
    key = text(issue, "key")
    return {
        "tenant": tenant,
        "ticket_id": f"jira-{key}",
        "channel": "web",
        "occurred_at": moment(payload.get("timestamp")),
        "priority": _PRIORITIES.get(text(issue, "fields", "priority", "name").lower()),
        "customer_id": text(reporter, "accountId"),
        "email": text(reporter, "emailAddress").lower(),
        "agent_id": text(issue, "fields", "assignee", "accountId"),
        "source_type": "jira",
        "source_reference_id": key,
    }


def _created(payload: Json, issue: Json, tenant: str) -> Fields:
    reporter, creator = (text(issue, "fields", name, "accountId") for name in ("reporter", "creator"))
    return filled(
        {
            **_common(payload, issue, tenant),
            "event_id": id_of("jira", tenant, "issue", text(issue, "id")),
            "type": "created",
            "subject": text(issue, "fields", "summary")[:MAX_SUBJECT],
            "text": _words(part(issue, "fields").get("description")),
            "status": _status_of(part(issue, "fields", "status")),
            "author": None if creator in ("", reporter) else "agent",
        }
    )


def _comment(payload: Json, issue: Json, tenant: str) -> Read | Rejected:
    comment = part(payload, "comment")
    number = text(comment, "id")
    if not number:
        return missing("comment.id", "the comment's number")
    # Who may see a comment is said by the one in service projects, and by the other in all of them.
    if comment.get("jsdPublic") is False or part(comment, "visibility"):
        return passed_over("the comment is internal")
    author = part(comment, "author")
    writer, kind = text(author, "accountId"), text(author, "accountType")
    is_customer = kind == "customer" or (writer != "" and writer == text(issue, "fields", "reporter", "accountId"))
    by = None if is_customer else "bot" if kind == "app" else "agent"
    fields = {
        **_common(payload, issue, tenant),
        "event_id": id_of("jira", tenant, "comment", number),
        "type": "agent_reply" if by == "agent" else "message",
        "text": _words(comment.get("body")),
        "author": by,
        "metadata": filled({"from_name": text(author, "displayName")}),
    }
    if is_customer:
        fields |= {"customer_id": writer, "email": text(author, "emailAddress").lower() or fields["email"]}
    elif by == "agent":
        fields["agent_id"] = writer
    return Read([filled(fields)])


def _status(payload: Json, issue: Json, tenant: str) -> Read | Rejected:
    changes = part(payload, "changelog")
    items = changes.get("items")
    listed = items if isinstance(items, list) else []
    if not any(isinstance(each, dict) and each.get("field") == "status" for each in listed):
        return passed_over("the status has not changed")
    status = _status_of(part(issue, "fields", "status"))
    if status is None:
        return missing("issue.fields.status", "the status with its name and category")
    number = text(changes, "id")
    if not number:
        return missing("changelog.id", "the change's number")
    fields = {
        **_common(payload, issue, tenant),
        "event_id": id_of("jira", tenant, "change", number),
        "type": "status_changed",
        "status": status,
    }
    return Read([filled(fields)])


def _status_of(status: Json) -> str | None:
    return _STATUSES.get(text(status, "name").lower()) or _CATEGORIES.get(text(status, "statusCategory", "key"))


def _words(body: Any) -> str:
    """A text, or the words of a document in Atlassian's format."""
    if isinstance(body, str):
        return body.strip()
    return "".join(_pieces(body)).strip()


def _pieces(document: Any) -> Iterator[str]:
    """The texts of a document in their order, with line ends after what stands on lines of its own."""
    waiting: list[Any] = [document]
    for _ in range(_MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            inner = node.get("content")
            if node.get("type") in _LINES:
                waiting.append("\n")
            waiting += reversed(inner) if isinstance(inner, list) else []
            if node.get("type") == "text":
                yield text(node, "text") if not isinstance(node.get("text"), str) else node["text"]


_LINES: Final = frozenset({"paragraph", "heading", "listItem", "codeBlock", "hardBreak", "tableCell"})

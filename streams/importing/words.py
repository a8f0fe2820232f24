"""What exports call statuses, priorities, channels, ratings and authors. Pure; names count in any case."""

import re
from typing import Final

STATUSES: Final[dict[str, str]] = {
    "new": "new",
    "open": "open",
    "reopened": "open",
    "to do": "open",
    "todo": "open",
    "waiting for support": "open",
    "active": "open",
    "unresolved": "open",
    "in progress": "in_progress",
    "in_progress": "in_progress",
    "on-hold": "in_progress",
    "on hold": "in_progress",
    "hold": "in_progress",
    "escalated": "in_progress",
    "waiting on third party": "in_progress",
    "snoozed": "in_progress",
    "pending": "awaiting_customer",
    "awaiting_customer": "awaiting_customer",
    "pending customer response": "awaiting_customer",
    "waiting for customer": "awaiting_customer",
    "waiting on customer": "awaiting_customer",
    "solved": "resolved",
    "resolved": "resolved",
    "done": "resolved",
    "fixed": "resolved",
    "completed": "resolved",
    "closed": "closed",
    "deleted": "closed",
    "canceled": "closed",
    "cancelled": "closed",
    "archived": "closed",
    # Freshdesk's numbers.
    "2": "open",
    "3": "awaiting_customer",
    "4": "resolved",
    "5": "closed",
}
PRIORITIES: Final[dict[str, str]] = {
    "low": "low",
    "lowest": "low",
    "minor": "low",
    "trivial": "low",
    "not_priority": "medium",
    "medium": "medium",
    "normal": "medium",
    "moderate": "medium",
    "high": "high",
    "major": "high",
    "priority": "high",
    "urgent": "urgent",
    "highest": "urgent",
    "critical": "urgent",
    "blocker": "urgent",
    "1": "low",
    "2": "medium",
    "3": "high",
    "4": "urgent",
    "p1": "urgent",
    "p2": "high",
    "p3": "medium",
    "p4": "low",
}
CHANNELS: Final[dict[str, str]] = {
    "email": "email",
    "e-mail": "email",
    "mail": "email",
    "chat": "chat",
    "live chat": "chat",
    "messaging": "chat",
    "native_messaging": "chat",
    "conversation": "chat",
    "phone": "phone",
    "voice": "phone",
    "call": "phone",
    "sms": "phone",
    "social": "social",
    "social media": "social",
    "twitter": "social",
    "x": "social",
    "facebook": "social",
    "instagram": "social",
    "in_app": "in_app",
    "in-app": "in_app",
    "mobile": "in_app",
    "mobile_sdk": "in_app",
    "whatsapp": "whatsapp",
    "web": "web",
    "portal": "web",
    "website": "web",
    "web form": "web",
    "feedback widget": "web",
    "api": "web",
}
RATINGS: Final[dict[str, int]] = {
    "good": 5,
    "great": 5,
    "amazing": 5,
    "extremely happy": 5,
    "very happy": 5,
    "happy": 4,
    "very satisfied": 5,
    "satisfied": 4,
    "neutral": 3,
    "ok": 3,
    "unhappy": 2,
    "dissatisfied": 2,
    "very dissatisfied": 1,
    "extremely unhappy": 1,
    "very unhappy": 1,
    "terrible": 1,
    "bad": 1,
}
# What is offered and not answered is no rating.
NO_RATINGS: Final = frozenset({"offered", "unoffered", "not offered", "none", "n/a", "-", "nan"})
AGENTS: Final = frozenset(
    {"agent", "admin", "staff", "support", "operator", "employee", "assignee", "teammate", "outbound", "outgoing"}
)
MACHINES: Final = {"bot": "bot", "system": "system", "automation": "system", "workflow": "system"}


def rating_of(written: str) -> int | None:
    """1 to 5: a whole number, one of five ("4/5", "4.0"), or a word."""
    text = written.strip().lower()
    if text in RATINGS:
        return RATINGS[text]
    found = re.fullmatch(r"([1-5])(?:\.0+)?(?:\s*(?:/|of|out of)\s*5)?(?:\s*stars?)?", text)
    return int(found[1]) if found else None


def author_of(written: str) -> str | None:
    """agent, bot or system; None for a customer, or for a name."""
    text = written.strip().lower()
    return "agent" if text in AGENTS else MACHINES.get(text)

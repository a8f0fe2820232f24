"""Mails that no person wrote, by their headers (RFC 3834, and what was in use before it)."""

import re
from collections.abc import Callable
from email.message import Message
from typing import Final, Literal

# The first three are no customer's words. A mail by a list may be a person's, but is not to be answered by a machine;
# nor is one that asks for it.
Automatic = Literal["automatic reply", "bounce", "machine-made", "list", "reply unwanted"]
MACHINES: Final[frozenset[Automatic]] = frozenset({"automatic reply", "bounce", "machine-made"})

_DAEMONS: Final = frozenset({"mailer-daemon", "mail-daemon", "mailerdaemon"})
_REPLY_HEADERS: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply-From", "X-Mail-Autoreply")
_PRECEDENCE: Final[dict[str, Automatic]] = {
    "auto_reply": "automatic reply",
    "auto-reply": "automatic reply",
    "bulk": "machine-made",
    "junk": "machine-made",
    "list": "list",
}
_LIST_ID: Final = re.compile(r"<([^<>]{1,255})>")

Value = Callable[[str], str]


def automatic_of(mail: Message, sender: str, own_lists: frozenset[str] = frozenset()) -> Automatic | None:
    """What kind of automatic mail it is; None for one that a person wrote to us alone.

    `sender` is the address in From. A list whose id is in `own_lists` (lower case) is a support address itself: its
    marks say nothing.
    """

    def value(name: str) -> str:
        return str(mail.get(name) or "").strip().lower()

    return _by_machine(mail, sender, value) or _by_list(mail, value, own_lists)


def _by_machine(mail: Message, sender: str, value: Value) -> Automatic | None:
    submitted = re.split(r"[;\s(]", value("Auto-Submitted"), maxsplit=1)[0]
    if _is_bounce(mail, sender, value, submitted):
        return "bounce"
    # A report that is no bounce is a receipt: the mail was read, or deleted.
    is_receipt = mail.get_content_type() == "multipart/report"
    if submitted == "auto-replied" or is_receipt or any(mail.get(name) is not None for name in _REPLY_HEADERS):
        return "automatic reply"
    return None if submitted in ("", "no") else "machine-made"


def _by_list(mail: Message, value: Value, own_lists: frozenset[str]) -> Automatic | None:
    if _is_own_list(value("List-Id"), own_lists):
        return None
    # One click to leave is for those who send to many.
    if mail.get("List-Unsubscribe-Post") is not None:
        return "machine-made"
    if precedence := _PRECEDENCE.get(value("Precedence")):
        return precedence
    if any(mail.get(name) is not None for name in ("List-Id", "List-Post", "List-Unsubscribe")):
        return "list"
    suppressed = re.split(r"[,\s]+", value("X-Auto-Response-Suppress"))
    return "reply unwanted" if {"all", "autoreply", "oof"} & set(suppressed) else None


def _is_bounce(mail: Message, sender: str, value: Value, submitted: str) -> bool:
    if sender.partition("@")[0].lower() in _DAEMONS:
        return True
    if mail.get_content_type() == "multipart/report" and mail.get_param("report-type") == "delivery-status":
        return True
    # Automatic replies go out with an empty return path, too, and say what they are.
    return value("Return-Path") == "<>" and submitted in ("", "no")


def _is_own_list(list_id: str, own_lists: frozenset[str]) -> bool:
    found = _LIST_ID.search(list_id)
    return (found[1] if found else list_id) in own_lists

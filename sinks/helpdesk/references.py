"""By what tickets and notes are found again: marks that follow from what they are about, the same in every attempt."""

import uuid
from typing import Final

from schemas.escalations import Escalation
from schemas.notifications import NAMESPACE, Notification

# So many hexadecimal digits: with a prefix, what fits into the shortest tag of the helpdesks that we know (32).
_DIGITS: Final = 20
_LONGEST: Final = 256


def fallback_reference(notification: Notification) -> str:
    """`TKT-` and eight hexadecimal digits: how a ticket is called until the helpdesk has one. The same in every
    attempt, because it follows from the notification's id; the ticket that a later attempt creates names it.
    """
    return f"TKT-{uuid.uuid5(NAMESPACE, notification.notification_id).hex[:8].upper()}"


def can_be_reference(text: str) -> bool:
    """Whether a helpdesk can call a ticket so: it is printable, not too long, and can stand in a path."""
    return text.isprintable() and 0 < len(text) <= _LONGEST and text.strip(".") != ""


def ticket_mark(escalation: Escalation) -> str:
    """One word that a created ticket carries. One for each conversation: a customer who comes back after it is
    forgotten has a new ticket, because the old one may be closed for good.
    """
    return _mark("tp", f"{escalation.tenant}/{escalation.ticket_id}/{escalation.session}")


def contact_mark(escalation: Escalation) -> str:
    """One word for the customer, or for the conversation of somebody unknown."""
    if escalation.customer_id:
        return _mark("tc", f"{escalation.tenant}/customer/{escalation.customer_id}")
    return _mark("tc", f"{escalation.tenant}/conversation/{escalation.ticket_id}/{escalation.session}")


def note_mark(notification: Notification, escalation: Escalation) -> str:
    """One word that the note of a notification carries; a digest has a note for each escalation."""
    return _mark("tn", f"{notification.notification_id}/{escalation.escalation_id}")


def _mark(prefix: str, of: str) -> str:
    # Letters and digits alone: searches take it for one word.
    return prefix + uuid.uuid5(NAMESPACE, of).hex[:_DIGITS]

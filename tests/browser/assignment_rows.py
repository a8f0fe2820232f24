"""Who has which ticket, as the sink would have written it."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tests.browser.ticket_rows import HOSTILE_TICKET, TICKET, payload

Row = dict[str, Any]

_STEPS: Final[Sequence[Row]] = (
    {"state": "waiting", "reason": "no room"},
    {"state": "assigned", "reason": "routed", "agent": "ann"},
    {"state": "assigned", "reason": "moved", "agent": "bea", "previous": "ann"},
    {"state": "over", "reason": "over", "agent": "bea"},
)


def assignment_row(tenant: str, ticket: str, at: datetime, revision: int = 1, **fields: Any) -> Row:
    """A change of who has a ticket."""
    given = {
        "tenant": tenant,
        "ticket_id": ticket,
        "session": "s",
        "revision": revision,
        "assignment_id": uuid.uuid5(uuid.NAMESPACE_OID, f"{tenant}/{ticket}/{revision}"),
        "state": "assigned",
        "reason": "routed",
        "queue": "payments",
        "agent": "",
        "previous": "",
        "at": at,
        "log_offset": revision,
        "version": revision,
    }
    return {**given, **fields}


def assignment_rows(now: datetime) -> list[Row]:
    """Of the tenant "tickets": one that two agents had, and one whose every field is hostile."""
    steps = [
        assignment_row("tickets", TICKET, now + timedelta(minutes=number), number, **step)
        for number, step in enumerate(_STEPS, 1)
    ]
    words: Row = {name: payload(name) for name in ("agent", "queue", "previous")}
    return [*steps, assignment_row("tickets", HOSTILE_TICKET, now, **words)]

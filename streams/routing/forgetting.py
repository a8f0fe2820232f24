"""What `routing` knows of a ticket that is erased. Whoever had it has one less to do. Pure."""

from collections.abc import Sequence

from streams.engine.state import Overlay
from streams.privacy.forgetting import Subject
from streams.routing.tickets import TICKETS, drop


def forget_ticket(key: bytes, subject: Subject, state: Overlay) -> Sequence[str]:
    """Remove a ticket if it is one of an erasure."""
    tenant, _, ticket_id = key.decode().partition("/")
    if state.peek(TICKETS, key) is None or not subject.is_ticket(tenant, ticket_id):
        return ()
    drop(key, state)
    return ("tickets",)

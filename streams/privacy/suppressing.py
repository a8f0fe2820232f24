"""Whoever was erased does not come back: not by a replay, a dead letter that is sent again, or an old file."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from schemas.erasures import Erasure
from schemas.events import TicketEvent
from streams.engine.state import Overlay, Table
from streams.privacy.keys import Keys, key_id_of

# By hash: up to when (Unix milliseconds) what happened is left out.
SUPPRESSED: Final = Table(b"z", int)
# The ids of the keys of those hashes.
KEY_IDS: Final = Table(b"i", tuple[str, ...])
ONLY: Final = b""
#: An erased ticket stays erased: an answer in its thread quotes what was said before.
FOR_GOOD: Final = 2**53

# Up to when the events of a hash are left out; None for one that nobody has.
Until = Callable[[str], int | None]


def note(erasure: Erasure, state: Overlay) -> int:
    """Leave out from now on what an erasure names; returns how many hashes that are."""
    named = {**dict.fromkeys(erasure.people, erasure.until), **dict.fromkeys(erasure.tickets, FOR_GOOD)}
    for each, until in named.items():
        key = each.encode()
        state.put(SUPPRESSED, key, max(until, state.get(SUPPRESSED, key) or 0))
    known = state.get(KEY_IDS, ONLY) or ()
    state.put(KEY_IDS, ONLY, tuple(dict.fromkeys((*known, *map(key_id_of, named)))))
    return len(named)


def of_state(state: Overlay) -> Until:
    """What a partition of `score` leaves out."""
    return lambda hashed: state.get(SUPPRESSED, hashed.encode())


def of_mapping(known: Mapping[str, int]) -> Until:
    """What a table leaves out."""
    return known.get


def is_suppressed(
    event: TicketEvent, received_ms: int, *, again: bool, until: Until, keys: Keys, key_ids: Collection[str]
) -> bool:
    """Whether an event is of a ticket that was erased, or of a person, from before that. An event without a time of its
    own happened when it was received; one that is sent `again` may be of any time before, and is left out then.
    """
    at = round(event.occurred_at.timestamp() * 1000)
    if again and at == received_ms:
        at = 0
    for key_id in key_ids:
        if key_id not in keys:
            continue
        ticket = until(keys.hash("ticket", event.tenant, event.ticket_id, key_id))
        if ticket is not None:
            return True
        for who, value in (("customer", event.customer_id), ("email", event.email), ("phone", event.phone)):
            if value:
                last = until(keys.hash(who, event.tenant, value, key_id))  # type: ignore[arg-type]
                if last is not None and at <= last:
                    return True
    return False

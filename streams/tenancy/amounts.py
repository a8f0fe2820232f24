"""How much somebody sends: events, and their bytes as they go to the log."""

from collections.abc import Iterable
from typing import NamedTuple


class Amount(NamedTuple):
    """So many events that have so many bytes together."""

    events: int = 0
    bytes: int = 0


def summed(sent: Iterable[tuple[str, int]]) -> dict[str, Amount]:
    """What each tenant sends, of events with their tenants and bytes."""
    found: dict[str, Amount] = {}
    for tenant, size in sent:
        events, total = found.get(tenant, Amount())
        found[tenant] = Amount(events + 1, total + size)
    return found

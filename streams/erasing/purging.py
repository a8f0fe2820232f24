"""A restored database: whoever was erased since its copy was made stands in it again, and goes again."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sinks.clickhouse.console import execute
from sinks.privacy import places
from sinks.privacy.places import Subject
from streams.erasing.guarding import ERASED_TICKETS
from streams.erasing.stored import meant, rows
from streams.privacy.keys import Keys, key_id_of

#: Stands in the audit where an id was.
ALIAS: Final = "erased"
_TICKETS: Final = " UNION DISTINCT ".join(f"SELECT tenant, ticket_id FROM {table}" for table in places.NAMING)


class KeyMissing(Exception):
    """A hash was made with a key that is not known, so nobody can tell whom it means. The message names the key."""


def purge(url: str, keys: Keys, show: Callable[[str], None]) -> dict[str, int]:
    """Remove every row of the tickets that the table `erased` has, as an erasure does; returns how many of each table.
    Done again it finds nothing. Raises KeyMissing, QueryFailed and CannotOpen.
    """
    hashes = {str(row["hash"]) for row in rows(url, ERASED_TICKETS)}
    if unknown := {key_id_of(each) for each in hashes} - set(keys.ids):
        raise KeyMissing(
            f"TICKETPULSE_PRIVACY_KEYS has no key {', '.join(sorted(unknown))}: erasures were made with it"
        )
    removed: Counter[str] = Counter()
    for tenant, tickets in _meant(url, keys, hashes).items():
        for statement in places.removing(Subject(tenant, (), tuple(tickets)), ALIAS):
            if count := meant(url, statement):
                show(f"removing {count} rows of {statement.table}")
                execute(url, statement.change)
                removed[statement.table] += count
    return dict(removed)


def _meant(url: str, keys: Keys, hashes: set[str]) -> Mapping[str, Sequence[str]]:
    """Tickets that are stored and were erased, by tenant."""
    key_ids = {key_id_of(each) for each in hashes}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows(url, _TICKETS) if hashes else ():
        tenant, ticket = str(row["tenant"]), str(row["ticket_id"])
        if any(keys.hash("ticket", tenant, ticket, key_id) in hashes for key_id in key_ids):
            found[tenant].append(ticket)
    return found

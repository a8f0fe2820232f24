"""Who is meant: as the person is known in events, and as hashes. Pure."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sinks.privacy.places import Subject
from streams.privacy.keys import Keys, Who
from streams.privacy.replacing import hashed


class Asked(NamedTuple):
    """Somebody of a tenant, by ids of the customer, mail addresses, telephone numbers and tickets."""

    tenant: str
    customers: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()

    @property
    def named(self) -> Iterator[tuple[Who, str]]:
        """What the person is known by, each with what it is."""
        yield from (("customer", each) for each in self.customers)
        yield from (("email", each) for each in self.emails)
        yield from (("phone", each) for each in self.phones)


def customer_ids(asked: Asked, keys: Keys) -> tuple[str, ...]:
    """The customer's ids as rows may have them: as they are, and hashed with any key."""
    made = (hashed(keys, "customer", asked.tenant, each, key_id) for each in asked.customers for key_id in keys.ids)
    return tuple(dict.fromkeys((*asked.customers, *made)))


def subject_of(asked: Asked, keys: Keys, tickets: Collection[str]) -> Subject:
    """What is looked for in tables and files."""
    spelt = (each for _, each in asked.named)
    made = (hashed(keys, who, asked.tenant, each, key_id) for who, each in asked.named for key_id in keys.ids)
    return Subject(asked.tenant, tuple(dict.fromkeys((*spelt, *made))), tuple(sorted(tickets)))


def people_of(asked: Asked, keys: Keys) -> tuple[str, ...]:
    """Hashes of all that the person is known by, for stages: which know it as it is, or hashed by redaction."""
    known = [
        (who, each)
        for who, name in asked.named
        for each in (name, *(hashed(keys, who, asked.tenant, name, key_id) for key_id in keys.ids))
    ]
    return tuple(dict.fromkeys(keys.hash(who, asked.tenant, each) for who, each in known))


def tickets_of(asked: Asked, keys: Keys, tickets: Collection[str]) -> tuple[str, ...]:
    """Hashes of tickets."""
    return tuple(keys.hash("ticket", asked.tenant, each) for each in sorted(tickets))


def name_of(asked: Asked, keys: Keys) -> str:
    """The hash by which the person stands in receipts and in the audit: the same for the same question."""
    said = sorted([f"{who}:{each}" for who, each in asked.named] + [f"ticket:{each}" for each in asked.tickets])
    return keys.hash("value", asked.tenant, "\0".join(said))

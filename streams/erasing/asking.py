"""Who is meant: as the person is known in events, and as hashes. Pure."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from schemas.deadletters import DeadLetter
from sinks.privacy.places import Subject
from streams.broker.wanted import tenant_of
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
        """What was asked for, each with what it is."""
        yield from (("customer", each) for each in self.customers)
        yield from (("email", each) for each in self.emails)
        yield from (("phone", each) for each in self.phones)

    @property
    def customer_names(self) -> tuple[str, ...]:
        """The customer's ids as events may have them: a mail has no other than its sender's address, in lower case, and
        neither has an import without a column of customers.
        """
        addresses = (spelling for each in self.emails for spelling in (each, each.lower()))
        return tuple(dict.fromkeys((*self.customers, *addresses)))

    @property
    def known(self) -> Iterator[tuple[Who, str]]:
        """What the person is known by, each with what it is."""
        yield from (("customer", each) for each in self.customer_names)
        yield from (each for each in self.named if each[0] != "customer")


def customer_ids(asked: Asked, keys: Keys) -> tuple[str, ...]:
    """The customer's ids as rows may have them: as they are, and hashed with any key."""
    names = asked.customer_names
    made = (hashed(keys, "customer", asked.tenant, each, key_id) for each in names for key_id in keys.ids)
    return tuple(dict.fromkeys((*names, *made)))


def subject_of(asked: Asked, keys: Keys, tickets: Collection[str]) -> Subject:
    """What is looked for in tables and files."""
    spelt = (each for _, each in asked.known)
    made = (hashed(keys, who, asked.tenant, each, key_id) for who, each in asked.known for key_id in keys.ids)
    return Subject(asked.tenant, tuple(dict.fromkeys((*spelt, *made))), tuple(sorted(tickets)))


def people_of(asked: Asked, keys: Keys) -> tuple[str, ...]:
    """Hashes of all that the person is known by, for stages: which know it as it is, or hashed by redaction."""
    known = [
        (who, each)
        for who, name in asked.known
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


def names_somebody(letter: DeadLetter, subject: Subject) -> bool:
    """Whether a dead letter has an id or address of somebody, and is not another tenant's: as `sinks.privacy.places`
    finds its row.
    """
    return tenant_of(letter) in (None, subject.tenant) and subject.is_in(
        b"\n".join((letter.key or b"", letter.value or b""))
    )

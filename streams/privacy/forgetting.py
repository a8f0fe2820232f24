"""What stages do about an erasure: find whose rows are meant, remove them a part at a time, and say so."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from schemas.erasures import ERASURE_HEADER, Erasure, Removed, decode_erasure, encode_erasure
from streams import topics
from streams.engine.log import Record
from streams.engine.stage import Output
from streams.engine.state import Overlay, Table
from streams.privacy.keys import Keys, Who, key_id_of

# Rows that are looked at in one tick: some 40 ms, so that nobody waits long for the partition.
ROWS_A_TICK: Final = 10_000


class Under(msgspec.Struct, frozen=True, array_like=True):
    """An erasure that a partition works on, and how many rows of which kind it has removed."""

    erasure: Erasure
    removed: dict[str, int] = {}


class Left(msgspec.Struct, frozen=True, array_like=True):
    """The rows still to be looked at: of these tables the keys from a place on."""

    keys: tuple[tuple[int, bytes], ...]
    place: int = 0


# A partition works on one erasure after the other, in the order of their coming.
UNDER = Table(b"E", Under)
# Derived: whoever takes over begins again.
LEFT = Table(b"L", Left, derived=True)


class Subject:
    """Tells whether a value is of the person or a ticket of an erasure."""

    def __init__(self, erasure: Erasure, keys: Keys) -> None:
        self._erasure = erasure
        self._keys = keys
        self._people, self._tickets = frozenset(erasure.people), frozenset(erasure.tickets)
        self._ids = tuple({key_id_of(each): None for each in (*erasure.people, *erasure.tickets)})
        self.unknown = tuple(each for each in self._ids if each not in keys)

    def is_ticket(self, tenant: str, ticket_id: str | None) -> bool:
        """Whether it is one of the tickets."""
        return self._among(self._tickets, "ticket", tenant, ticket_id)

    def is_person(self, tenant: str, who: Who, value: str | None) -> bool:
        """Whether it is one of the person's ids or addresses."""
        return self._among(self._people, who, tenant, value)

    def _among(self, wanted: frozenset[str], who: Who, tenant: str, value: str | None) -> bool:
        if not value or not wanted or tenant != self._erasure.tenant:
            return False
        return any(self._keys.hash(who, tenant, value, each) in wanted for each in self._ids if each in self._keys)


# Removes the row of a table with this key if it is the subject's; returns what was removed, by kind.
Remove = Callable[[bytes, Subject, Overlay], Sequence[str]]


class Forgetter:
    """Removes whoever is erased from the rows of a stage's `tables`, each with what looks at one row of it."""

    def __init__(self, stage: str, keys: Keys, tables: Sequence[tuple[Table[Any], Remove]]) -> None:
        self._stage = stage
        self._keys = keys
        self._tables = tables

    def take(self, record: Record, state: Overlay, output: Output) -> None:
        """Take an erasure up. One that comes again is done again."""
        erasure = erasure_of(record)
        subject = Subject(erasure, self._keys)
        if subject.unknown:
            tell(self._stage, erasure, {}, state, output, subject.unknown)
        else:
            state.put(UNDER, _key(erasure), Under(erasure))

    def tick(self, state: Overlay, output: Output) -> None:
        """Look at the next rows; when all have been looked at, say what was removed."""
        under = next(iter(sorted(state.rows(UNDER), key=lambda each: each[0])), None)
        if under is None:
            return
        key, work = under
        left = state.get(LEFT, key) or Left(tuple(self._keys_of(state)))
        end = min(left.place + ROWS_A_TICK, len(left.keys))
        removed, subject = dict(work.removed), Subject(work.erasure, self._keys)
        for table, row in left.keys[left.place : end]:
            for kind in self._tables[table][1](row, subject, state):
                removed[kind] = removed.get(kind, 0) + 1
        if end < len(left.keys):
            state.put(LEFT, key, Left(left.keys, end))
            state.put(UNDER, key, Under(work.erasure, removed))
            return
        state.delete(UNDER, key)
        state.delete(LEFT, key)
        tell(self._stage, work.erasure, removed, state, output)

    def _keys_of(self, state: Overlay) -> Iterator[tuple[int, bytes]]:
        for number, (table, _) in enumerate(self._tables):
            yield from ((number, key[1:]) for key in state.keys(table))


def is_erasure(record: Record) -> bool:
    """Whether a record is an erasure, and none of the topic's own."""
    headers = record.headers
    return bool(headers) and headers[0][0] == ERASURE_HEADER


def erasure_of(record: Record) -> Erasure:
    """The erasure that a record is. Raises ValueError."""
    told = decode_erasure(record.value or b"")
    if not isinstance(told, Erasure):
        raise ValueError("no erasure")
    return told


def tell(
    stage: str, erasure: Erasure, rows: dict[str, int], state: Overlay, output: Output, unknown: Sequence[str] = ()
) -> None:
    """Say what a partition has removed."""
    removed = Removed(
        erasure_id=erasure.erasure_id,
        round=erasure.round,
        stage=stage,
        partition=state.partition,
        rows=rows,
        unknown_keys=tuple(unknown),
    )
    output.send(topics.ERASURES, erasure.erasure_id.encode(), encode_erasure(removed))


def _key(erasure: Erasure) -> bytes:
    return f"{erasure.erasure_id}/{erasure.round:06d}".encode()

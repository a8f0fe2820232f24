"""Keeps rows of tickets that were erased out of ClickHouse, whoever brings them: a sink whose offsets were set back, a
reader that was asked before the erasure, an import of an old file.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.events import TicketEvent
from sinks.base import Message
from streams.privacy.keys import Keys, key_id_of
from streams.privacy.suppressing import FOR_GOOD, is_suppressed, of_mapping

#: The hashes of tickets that were erased for good.
ERASED_TICKETS: Final = f"SELECT hash FROM erased WHERE until = {FOR_GOOD}"
_REFRESH_SECONDS: Final = 5.0
_REMEMBERED: Final = 100_000


class _Ticket(msgspec.Struct):
    tenant: str = "default"
    ticket_id: str | None = None


_decode = msgspec.json.Decoder(_Ticket).decode


class Guard:
    """Keeps `sinks.clickhouse.sink.Guard`: knows the erased tickets as the table `erased` has them."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._read_at: float | None = None
        self._tickets: frozenset[str] = frozenset()
        self._key_ids: tuple[str, ...] = ()
        self._known: dict[tuple[str, str], bool] = {}

    def allowed(self, messages: Sequence[Message], client: Client) -> Sequence[Message]:
        """The messages without those of erased tickets."""
        self._refresh(client)
        return self._kept(messages)

    def without(self, hashes: Iterable[str], messages: Sequence[Message]) -> Sequence[Message]:
        """The messages without those of tickets with these hashes, for who has asked for them otherwise."""
        self._know(frozenset(hashes))
        return self._kept(messages)

    def _kept(self, messages: Sequence[Message]) -> Sequence[Message]:
        if not self._tickets:
            return messages
        return [message for message in messages if not self._is_erased(message)]

    def _refresh(self, client: Client) -> None:
        now = self._clock()
        if self._read_at is not None and now - self._read_at < _REFRESH_SECONDS:
            return
        self._know(frozenset(str(row[0]) for row in client.query(ERASED_TICKETS).result_rows))
        self._read_at = now

    def _know(self, tickets: frozenset[str]) -> None:
        if tickets != self._tickets:
            self._tickets, self._known = tickets, {}
            self._key_ids = tuple(each for each in {key_id_of(one): None for one in tickets} if each in self._keys)

    def _is_erased(self, message: Message) -> bool:
        try:
            ticket = _decode(message.value or b"")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False
        if not ticket.ticket_id:
            return False
        key = (ticket.tenant, ticket.ticket_id)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            hashes = (self._keys.hash("ticket", *key, key_id=each) for each in self._key_ids)
            known = self._known[key] = any(each in self._tickets for each in hashes)
        return known


def without_erased(events: Iterable[TicketEvent], client: Client, keys: Keys) -> Iterable[TicketEvent]:
    """The events of an import without those of whoever was erased."""
    found = client.query("SELECT hash, max(until) FROM erased GROUP BY hash").result_rows
    known = {str(row[0]): int(row[1]) for row in found}
    if not known:
        return events
    key_ids = tuple({key_id_of(each): None for each in known})
    until = of_mapping(known)
    return (
        event for event in events if not is_suppressed(event, -1, again=False, until=until, keys=keys, key_ids=key_ids)
    )

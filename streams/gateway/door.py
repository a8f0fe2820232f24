"""Events are let in while their tenants' quotas have room for them, without the personal data that they want replaced
here; what is too much is refused with an answer.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Final, NamedTuple

from sinks.prometheus import TENANT_BYTES_RECEIVED, TENANT_LABELS, TENANT_OVER_QUOTA, TENANT_RECEIVED
from streams.gateway.doorkeeper import Doorkeeper, TooLarge
from streams.gateway.problems import Problem
from streams.gateway.reading import Accepted
from streams.tenancy.amounts import Amount, summed
from streams.tenancy.quotas import DAY_SECONDS, Exceeded, Quotas, policy

_AT_ONCE_BYTES: Final = 16_384


class Let(NamedTuple):
    """Headers for the answer, and within how many seconds what came in is paid for: 0 where there was room for it."""

    headers: Mapping[str, str]
    owed: float


class Door:
    """Without `quotas` everything is let in, and without a `keeper` as it is."""

    def __init__(self, quotas: Quotas | None = None, keeper: Doorkeeper | None = None) -> None:
        self._quotas = quotas
        self._keeper = keeper

    async def replaced(self, events: Sequence[Accepted]) -> Sequence[Accepted]:
        """The events as they may be stored, with the same ids and keys. Raises Problem: 413."""
        keeper = self._keeper
        if keeper is None or not keeper.is_needed:
            return events
        if sum(len(event.value) for event in events) < _AT_ONCE_BYTES:
            return _replaced(events, keeper)
        # Other requests go on meanwhile.
        return await asyncio.to_thread(_replaced, events, keeper)

    def part_of_id(self, tenant: str, field: str, value: str) -> str:
        """A field's value as a part of a ticket's id, which is stored as it is."""
        return value if self._keeper is None else self._keeper.part_of_id(tenant, field, value)

    @contextmanager
    def letting_in(self, events: Sequence[Accepted]) -> Iterator[Let]:
        """The block writes the events, which are counted; not if it raises.

        Raises Problem: 429 when there is no room for all of them. None of them is counted then.
        """
        wanted = summed((event.tenant, len(event.value)) for event in events)
        let = self._take(wanted)
        try:
            yield let
        except BaseException:
            if self._quotas is not None:
                self._quotas.give_back(wanted)
            raise
        _tell(wanted, "accepted")
        if self._quotas is not None:
            self._quotas.usage.accepted(wanted)

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        """Within the block what is let in and refused is put down for whoever looks."""
        if self._quotas is None:
            yield
            return
        async with self._quotas.usage.kept():
            yield

    def _take(self, wanted: Mapping[str, Amount]) -> Let:
        if self._quotas is None:
            return Let({}, 0.0)
        try:
            rooms = self._quotas.take(wanted)
        except Exceeded as error:
            _tell(wanted, "over_quota")
            self._quotas.usage.refused(wanted)
            TENANT_OVER_QUOTA.labels(TENANT_LABELS.label(error.tenant), error.quota).inc()
            raise _too_much(error, sum(amount.events for amount in wanted.values())) from None
        return Let(rooms.headers, rooms.owed)


def _replaced(events: Sequence[Accepted], keeper: Doorkeeper) -> Sequence[Accepted]:
    made = []
    for event in events:
        try:
            value = keeper.replaced(event.value).value
        except TooLarge as error:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"event {event.event_id!r}: {error}", bad=len(events)
            ) from None
        made.append(event._replace(value=value or b""))
    return made


def _tell(wanted: Mapping[str, Amount], outcome: str) -> None:
    for tenant, amount in wanted.items():
        label = TENANT_LABELS.label(tenant)
        TENANT_RECEIVED.labels(label, outcome).inc(amount.events)
        TENANT_BYTES_RECEIVED.labels(label, outcome).inc(amount.bytes)


def _too_much(error: Exceeded, events: int) -> Problem:
    name = f"tenant-{error.per}" if error.of == "events" else f"tenant-bytes-{error.per}"
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"{error}. None of these events was stored.",
        headers={
            "Retry-After": str(error.seconds),
            "RateLimit-Policy": policy(name, error.of, error.most, 1 if error.per == "second" else DAY_SECONDS),
            "RateLimit": f'"{name}";r={error.left};t={error.seconds}',
        },
        bad=events,
        tenant=error.tenant,
        quota=error.quota,
        limit=error.most,
        per=error.per,
        left=error.left,
        retry_after=error.seconds,
    )

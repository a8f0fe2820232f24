"""Events are let in while their tenants' quotas have room for them; what is too much is refused with an answer."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import NamedTuple

from sinks.prometheus import TENANT_BYTES_RECEIVED, TENANT_LABELS, TENANT_OVER_QUOTA, TENANT_RECEIVED
from streams.gateway.problems import Problem
from streams.gateway.reading import Accepted
from streams.tenancy.amounts import Amount, summed
from streams.tenancy.quotas import DAY_SECONDS, Exceeded, Quotas, policy


class Let(NamedTuple):
    """Headers for the answer, and within how many seconds what came in is paid for: 0 where there was room for it."""

    headers: Mapping[str, str]
    owed: float


class Door:
    """Without `quotas` everything is let in."""

    def __init__(self, quotas: Quotas | None = None) -> None:
        self._quotas = quotas

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

"""Events are let in while their tenants' quotas have room for them; what is too much is refused with an answer."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from sinks.prometheus import TENANT_LABELS, TENANT_RECEIVED
from streams.gateway.problems import Problem
from streams.gateway.reading import Accepted
from streams.tenancy.quotas import Exceeded, Quotas


class Door:
    """Without `quotas` everything is let in."""

    def __init__(self, quotas: Quotas | None = None) -> None:
        self._quotas = quotas

    @contextmanager
    def letting_in(self, events: Sequence[Accepted]) -> Iterator[Mapping[str, str]]:
        """The block writes the events, which are counted; not if it raises. Yields headers for the answer.

        Raises Problem: 429 when there is no room for all of them. None of them is counted then.
        """
        wanted = Counter(event.tenant for event in events)
        headers = self._take(wanted)
        try:
            yield headers
        except BaseException:
            if self._quotas is not None:
                self._quotas.give_back(wanted)
            raise
        _tell(wanted, "accepted")

    def _take(self, wanted: Mapping[str, int]) -> Mapping[str, str]:
        if self._quotas is None:
            return {}
        try:
            room = self._quotas.take(wanted)
        except Exceeded as error:
            _tell(wanted, "over_quota")
            raise _too_much(error, sum(wanted.values())) from None
        return {} if room is None else room.headers


def _tell(wanted: Mapping[str, int], outcome: str) -> None:
    for tenant, events in wanted.items():
        TENANT_RECEIVED.labels(TENANT_LABELS.label(tenant), outcome).inc(events)


def _too_much(error: Exceeded, events: int) -> Problem:
    window = 1 if error.per == "second" else 86_400
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"{error}. None of these events was stored.",
        headers={
            "Retry-After": str(error.seconds),
            "RateLimit-Policy": f'"tenant-{error.per}";q={error.most:.0f};w={window}',
            "RateLimit": f'"tenant-{error.per}";r={error.left};t={error.seconds}',
        },
        bad=events,
        tenant=error.tenant,
        limit=error.most,
        per=error.per,
        left=error.left,
        retry_after=error.seconds,
    )

"""One event into the log, and what the pipeline answers to it: what the interfaces of the replaced systems share."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, NamedTuple

from fastapi import Depends, Header, Query

from sinks.openapi import problems
from sinks.prometheus import GATEWAY_EVENTS
from streams.gateway.answers import Answers, Awaited
from streams.gateway.door import Door
from streams.gateway.problems import Problem
from streams.gateway.reading import Limits, read_fields
from streams.gateway.writer import EventWriter
from streams.gateway.writing import outcome_of, write

# A namespace of our own: the same key for the same interface and tenant is the same event, in every gateway.
NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "requests.ticketpulse")

ERRORS: Final = problems(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


class Sender(NamedTuple):
    """Whose request it is, and the key under which it may be sent again."""

    tenant: str
    key: str | None

    def event_id(self, interface: str) -> uuid.UUID:
        """The same for the same interface, tenant and key; without a key one that nobody has."""
        if self.key is None:
            return uuid.uuid4()
        return uuid.uuid5(NAMESPACE, f"{interface}/{self.tenant}/{self.key}")


def _sender(
    tenant: Annotated[str, Query(pattern=r"^[A-Za-z0-9_.\-]{1,64}$", description="Whose tickets.")] = "default",
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=256,
            description="The same key is the same request: sent again, it changes nothing and is answered again.",
        ),
    ] = None,
) -> Sender:
    return Sender(tenant, idempotency_key)


From = Annotated[Sender, Depends(_sender)]


class Recorder:
    """Writes an event and waits up to `seconds` for what becomes of it."""

    def __init__(
        self,
        writer: EventWriter,
        door: Door,
        answers: Answers,
        clock: Callable[[], datetime],
        limits: Limits,
        seconds: float,
    ) -> None:
        self._writer = writer
        self._door = door
        self._answers = answers
        self._clock = clock
        self._seconds = seconds
        self.limits = limits

    def ticket_id(self, tenant: str, channel: str, field: str, value: str) -> str:
        """The ticket of a conversation that is known by a field's value: the same for the same value."""
        return f"{channel}-{self._door.part_of_id(tenant, field, value)}"

    async def record(self, fields: Mapping[str, Any], enough: Callable[[Awaited], bool]) -> Awaited:
        """What was heard until it was enough, or until the time was over. The event is in the log then.

        Raises Problem: 400 and 413 for an event that cannot be, 429 when its tenant sends too much, 503 when the log
        did not take it.
        """
        accepted = read_fields({**fields, "wants_state": True}, self._clock(), self.limits)
        async with self._answers.awaiting(accepted.key, accepted.event_id, self._seconds) as awaited:
            try:
                await write(self._writer, [accepted], self._door)
            except Problem as problem:
                GATEWAY_EVENTS.labels(outcome_of(problem)).inc()
                raise
            GATEWAY_EVENTS.labels("accepted").inc()
            await awaited.until(enough, self._seconds)
        return awaited


def decided(awaited: Awaited) -> bool:
    """The conversation's state is known, with the number of its escalation if it has one."""
    return awaited.state is not None and (awaited.state.escalation_id is None or awaited.number is not None)

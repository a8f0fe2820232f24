"""Events into the log, all of them or a problem that says what to do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final

from streams.gateway.door import Door
from streams.gateway.problems import Problem
from streams.gateway.reading import Accepted
from streams.gateway.writer import EventWriter, NotAcknowledged

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2
# What is scored in some fifty milliseconds. A list that has more bytes than its tenant has room for goes to the log in
# such parts, while it is being paid for, so that others find a place between them; but nobody waits for an answer long.
PART_BYTES: Final = 65_536
LONGEST_SECONDS: Final = 5.0

Sleep = Callable[[float], Awaitable[None]]


async def write(
    writer: EventWriter, events: Sequence[Accepted], door: Door, sleep: Sleep = asyncio.sleep
) -> Mapping[str, str]:
    """All events, in order for each ticket, without the personal data that is replaced at the door. Returns headers for
    the answer. Raises Problem: 413, 429 for more than their tenants may send, and 503.
    """
    with door.letting_in(events) as let:
        events = await door.replaced(events)
        parts = in_parts(events) if let.owed else [events]
        await _write(writer, parts, min(let.owed, LONGEST_SECONDS) / len(parts), sleep)
    return let.headers


def in_parts(events: Sequence[Accepted]) -> Sequence[Sequence[Accepted]]:
    """The events in their order, in parts of PART_BYTES at most; an event that is longer is one by itself."""
    parts: list[list[Accepted]] = []
    size = PART_BYTES
    for event in events:
        if size + len(event.value) > PART_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(event)
        size += len(event.value)
    return parts


def outcome_of(problem: Problem) -> str:
    """What became of events that were answered by a problem, as metrics have it."""
    outcomes = {
        HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
        HTTPStatus.TOO_MANY_REQUESTS: "over_quota",
    }
    return outcomes.get(problem.status, "rejected")


async def _write(writer: EventWriter, parts: Sequence[Sequence[Accepted]], pause: float, sleep: Sleep) -> None:
    """`pause` is in seconds, between two parts. Once an event is not acknowledged no other part is begun."""
    sends: list[asyncio.Future[None]] = []
    try:
        for part in parts:
            if sends:
                await sleep(pause)
            if any(send.done() and send.exception() for send in sends):
                break
            # The tasks are begun in the order of the list.
            sends += [asyncio.ensure_future(writer.send(event.key, event.value)) for event in part]
        await asyncio.gather(*sends)
    except NotAcknowledged as error:
        log.warning("not acknowledged: %s", error)
        raise _unavailable(str(error), sum(map(len, parts))) from error
    finally:
        for send in sends:
            send.cancel()
        await asyncio.gather(*sends, return_exceptions=True)


def _unavailable(why: str, events: int) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"The event log did not acknowledge every event: {why}. Some or all of them may have been stored nevertheless. "
        "Send the same request again with the same ids (event ids, or Idempotency-Key): an id that was stored already "
        "is counted once.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        bad=events,
    )

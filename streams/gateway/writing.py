"""Events into the log, all of them or a problem that says what to do."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from streams.gateway.door import Door
from streams.gateway.problems import Problem
from streams.gateway.reading import Accepted
from streams.gateway.writer import EventWriter, NotAcknowledged

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2


async def write(writer: EventWriter, events: Sequence[Accepted], door: Door) -> Mapping[str, str]:
    """All events, in order for each ticket. Returns headers for the answer. Raises Problem: 429 for more than their
    tenants may send, and 503.
    """
    with door.letting_in(events) as headers:
        await _write(writer, events)
    return headers


def outcome_of(problem: Problem) -> str:
    """What became of events that were answered by a problem, as metrics have it."""
    outcomes = {
        HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
        HTTPStatus.TOO_MANY_REQUESTS: "over_quota",
    }
    return outcomes.get(problem.status, "rejected")


async def _write(writer: EventWriter, events: Sequence[Accepted]) -> None:
    # The tasks are begun in the order of the list.
    sends = [asyncio.ensure_future(writer.send(event.key, event.value)) for event in events]
    try:
        await asyncio.gather(*sends)
    except NotAcknowledged as error:
        log.warning("not acknowledged: %s", error)
        raise _unavailable(str(error), len(events)) from error
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

"""Sends what the ledger asks for, and tells what came of it. Thin: what is to be sent, and when again, is planned in
`streams/notify/`.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from msgspec.structs import replace
from tenacity import AsyncRetrying, before_sleep_log, retry_if_exception_type, wait_exponential

from schemas.notices import Tried
from schemas.notifications import Notification
from sinks.base import Unavailable
from sinks.notify.base import NotDelivered, Provider, Receipt
from sinks.prometheus import DELIVERY_SECONDS

log = logging.getLogger(__name__)

# Of one target under way at once: a provider that hangs holds up only so many, and only of its own.
_AT_ONCE = 4
_POLL_SECONDS = 0.5
# How long deliveries that have begun may take to end, when the sender is to stop.
_END_SECONDS = 25.0
_LONGEST_PAUSE = 10.0


class Outbox(Protocol):
    """Where a sender is asked, and where it answers.

    Whoever takes partitions over, at the start or later, is asked again what has not been answered. Partitions are let
    go only when `settle` has returned, so that nothing is sent by two.
    """

    async def start(self, settle: Callable[[], "asyncio.Future[None]"]) -> None: ...

    async def poll(self, timeout: float) -> Sequence[Notification]:
        """What is asked of this sender; empty after `timeout` seconds without any."""
        ...

    async def is_ours(self, notification: Notification) -> bool:
        """Whether this sender may begin to send what it was asked for: not when that is asked of another by now, or
        will be asked again.
        """
        ...

    async def answer(self, tried: Tried) -> None:
        """Tell what came of an attempt; returns when that is kept. Raises Unavailable; then it may be told again."""
        ...

    async def stop(self) -> None: ...


class Way(NamedTuple):
    """How a target is reached. `seconds` bound one delivery."""

    provider: Provider
    seconds: float


class Sender:
    """Sends to targets side by side, so that one that is away or slow holds up no other. At least once: who dies
    between a provider's answer and telling of it leaves a delivery that the next one repeats, under the same id.
    """

    def __init__(self, outbox: Outbox, ways: Mapping[str, Way]) -> None:
        self._outbox = outbox
        self._ways = ways
        self._at_once: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))
        self._under_way: set[asyncio.Task[None]] = set()

    def adopt(self, ways: Mapping[str, Way]) -> None:
        """Send by other ways from the next delivery on."""
        self._ways = ways

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set; then let what has begun end. Raises what the outbox raises."""
        await self._outbox.start(self._settle)
        try:
            while not stop.is_set():
                for notification in await self._outbox.poll(_POLL_SECONDS):
                    task = asyncio.create_task(self._send(notification))
                    self._under_way.add(task)
                    task.add_done_callback(self._ended)
        finally:
            await self._settle()
            await self._outbox.stop()

    def _settle(self) -> "asyncio.Future[None]":
        return asyncio.ensure_future(self._let_end())

    async def _let_end(self) -> None:
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=_END_SECONDS)
        for task in set(self._under_way):
            log.warning("a delivery did not end within %.0f s: the next sender may repeat it", _END_SECONDS)
            task.cancel()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # It is asked again when the next sender takes over.
            log.error("what came of a delivery could not be told", exc_info=error)

    async def _send(self, notification: Notification) -> None:
        async with self._at_once[notification.target]:
            if not await self._outbox.is_ours(notification):
                return
            began = time.monotonic()
            tried = await self._try(notification)
            took = time.monotonic() - began
        DELIVERY_SECONDS.labels(notification.provider, "sent" if tried.sent else "failed").observe(took)
        # Outside of the target's turn: a log that is away is not its fault.
        await self._tell(replace(tried, provider_ms=round(took * 1000)))

    async def _tell(self, tried: Tried) -> None:
        """Until it is kept: what is not known to have been sent would be sent again."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_exponential(multiplier=0.25, max=_LONGEST_PAUSE),
            before_sleep=before_sleep_log(log, logging.WARNING),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                await self._outbox.answer(tried)

    async def _try(self, notification: Notification) -> Tried:
        try:
            receipt = await self._deliver(notification)
        except NotDelivered as error:
            return _tried(
                notification,
                sent=False,
                reason=error.reason,
                reference=error.reference,
                permanent=error.permanent,
                retry_after=error.retry_after,
            )
        return _tried(notification, sent=True, reason=receipt.reason, reference=receipt.reference)

    async def _deliver(self, notification: Notification) -> Receipt:
        """Raises NotDelivered for all that goes wrong."""
        way = self._ways.get(notification.target)
        if way is None:
            # The files of the one who plans may be newer than ours for a moment.
            raise NotDelivered(f"the sender knows no target {notification.target!r}")
        try:
            async with asyncio.timeout(way.seconds):
                return await way.provider.deliver(notification)
        except NotDelivered:
            raise
        except TimeoutError:
            raise NotDelivered(f"no answer within {way.seconds:.0f} s") from None
        except Exception as error:
            # Its words may be anybody's.
            log.exception("%s: a delivery failed in a way that nobody foresaw", notification.target)
            raise NotDelivered(f"failed: {type(error).__name__}") from None


def _tried(
    notification: Notification,
    *,
    sent: bool,
    reason: str,
    reference: str | None,
    permanent: bool = False,
    retry_after: float | None = None,
) -> Tried:
    return Tried(
        tenant=notification.tenant,
        notification_id=notification.notification_id,
        attempt=notification.attempt,
        sent=sent,
        permanent=permanent,
        reason=reason,
        retry_after=retry_after,
        reference=reference,
        at=datetime.now(UTC),
    )

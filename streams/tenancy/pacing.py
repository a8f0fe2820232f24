"""A source that is faster than its tenant's quota waits: what is not taken yet stays where it is."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

from schemas.events import tenant_of
from sinks.record_writer import Headers, NotAcknowledged
from streams.gateway.writer import EventWriter
from streams.tenancy.amounts import Amount
from streams.tenancy.quotas import Exceeded, Quotas

log = logging.getLogger(__name__)

# So that a new quota is seen.
LONGEST_WAIT = 10.0


def until(stop: asyncio.Event) -> Callable[[float], Awaitable[None]]:
    """How to wait for room (seconds) until `stop`. Raises NotAcknowledged then: what waits is not sent."""

    async def wait(seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
                raise NotAcknowledged("the end has come before its tenant's quota had room for it")

    return wait


class PacedWriter:
    """Keeps `EventWriter`: sends by another one, each event when its tenant's quota has room for it."""

    def __init__(
        self, writer: EventWriter, quotas: Quotas, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._writer = writer
        self._quotas = quotas
        self._sleep = sleep
        self._counting = AsyncExitStack()

    async def start(self) -> None:
        """Start the other one."""
        await self._writer.start()
        await self._counting.enter_async_context(self._quotas.usage.kept())

    async def stop(self) -> None:
        """Stop the other one."""
        await self._counting.aclose()
        await self._writer.stop()

    async def ready(self) -> bool:
        """Whether the other one is."""
        return await self._writer.ready()

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        """Append one record when there is room. Raises NotAcknowledged when it is not kept; it counts for nothing
        then.
        """
        wanted = {tenant_of(key): Amount(1, len(value))}
        await self._room(wanted)
        try:
            await self._writer.send(key, value, headers)
        except BaseException:
            self._quotas.give_back(wanted)
            raise
        self._quotas.usage.accepted(wanted)

    async def _room(self, wanted: dict[str, Amount]) -> None:
        told = False
        while True:
            try:
                self._quotas.take(wanted)
            except Exceeded as error:
                if not told:
                    log.warning("waiting: %s", error)
                told = True
                await self._sleep(min(LONGEST_WAIT, error.seconds))
            else:
                return

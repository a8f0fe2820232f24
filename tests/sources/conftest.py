"""A mail server, and a log in memory to carry mails to."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from schemas.events import TicketEvent, read_event
from schemas.rejections import Rejected
from streams.gateway.writer import Headers, NotAcknowledged
from tests.servers.dovecot import Dovecot

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class MemoryWriter:
    """Keeps `EventWriter` in a list. `away` refuses."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, bytes]] = []
        self.away = False
        self.refused = asyncio.Event()
        self._changed = asyncio.Condition()

    async def start(self) -> None:
        """Nothing to start."""

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        """Take a record."""
        if self.away:
            self.refused.set()
            raise NotAcknowledged("no broker answers")
        async with self._changed:
            self.records.append((key, value))
            self._changed.notify_all()

    async def ready(self) -> bool:
        """Whether it takes records."""
        return not self.away

    async def stop(self) -> None:
        """Nothing to stop."""

    async def count(self, wanted: int) -> None:
        """Wait until it has so many records."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.records) >= wanted)

    def read(self) -> list[TicketEvent | Rejected]:
        """The records as the stage `score` reads them."""
        return [read_event(value, NOW) for _, value in self.records]

    def events(self) -> list[TicketEvent]:
        """Those that are events."""
        return [each for each in self.read() if isinstance(each, TicketEvent)]


@pytest.fixture
def writer() -> MemoryWriter:
    return MemoryWriter()


@pytest.fixture(scope="session")
def mail_server() -> Iterator[Dovecot]:
    """One server for all tests of this process; each takes a folder of its own."""
    server = Dovecot()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def own_mail_server() -> Iterator[Dovecot]:
    """A server for one test alone, that may be stopped. Not yet started."""
    server = Dovecot()
    yield server
    server.remove()

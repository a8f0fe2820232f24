"""ClickHouse as the page uses it: opened when first needed, a client asked by one thread at a time, not by the event
loop.
"""

from collections import deque
from collections.abc import Callable
from typing import TypeVar

import anyio
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from sinks.clickhouse.client import CannotOpen

Answer = TypeVar("Answer")


class Away(Exception):
    """The database cannot be asked now. The message says why, in its own words."""


class Database:
    """Runs as many questions at a time as there are `clients`, on worker threads: a client is for one thread at a time
    and answers synchronously. Who asks while all are busy waits.

    `connect` is called when a question finds no client that is open and free, and again after it failed. What it
    returns is closed with the page.
    """

    def __init__(self, connect: Callable[[], Client], clients: int = 1) -> None:
        self._connect = connect
        self._clients = clients
        # Its ends are moved by worker threads, each in one step.
        self._free: deque[Client] = deque()
        self._turns = anyio.CapacityLimiter(clients)

    async def ask(self, question: Callable[[Client], Answer]) -> Answer:
        """The answer of `question`. Raises Away when the database cannot be opened or answers with an error."""
        try:
            return await anyio.to_thread.run_sync(self._ask, question, limiter=self._turns)
        except (ClickHouseError, CannotOpen, OSError) as error:
            raise Away(str(error).strip().split("\n", 1)[0] or type(error).__name__) from error

    async def close(self) -> None:
        """Close every client that was ever opened, when what is asked has been answered."""
        for _ in range(self._clients):
            await self._turns.acquire_on_behalf_of(object())
        while self._free:
            await anyio.to_thread.run_sync(self._free.pop().close)

    def _ask(self, question: Callable[[Client], Answer]) -> Answer:
        try:
            client = self._free.pop()
        except IndexError:
            client = self._connect()
        try:
            return question(client)
        finally:
            self._free.append(client)

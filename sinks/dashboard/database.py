"""ClickHouse as the page uses it: opened when first needed, asked by one thread at a time, kept off the event loop."""

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
    """Runs one question at a time on a worker thread: a client is for one thread at a time and answers synchronously.

    `connect` is called on the first question, and again after a failure. What it returns is closed with the page.
    """

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None
        self._one = anyio.CapacityLimiter(1)

    async def ask(self, question: Callable[[Client], Answer]) -> Answer:
        """The answer of `question`. Raises Away when the database cannot be opened or answers with an error."""
        try:
            return await anyio.to_thread.run_sync(self._ask, question, limiter=self._one)
        except (ClickHouseError, CannotOpen, OSError) as error:
            raise Away(str(error).strip().split("\n", 1)[0] or type(error).__name__) from error

    async def close(self) -> None:
        """Close the client if it was ever opened."""
        if self._client is not None:
            await anyio.to_thread.run_sync(self._client.close, limiter=self._one)
            self._client = None

    def _ask(self, question: Callable[[Client], Answer]) -> Answer:
        if self._client is None:
            self._client = self._connect()
        return question(self._client)

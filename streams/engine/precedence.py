"""Take-overs go before the work on other partitions of the same process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from streams.engine.waiting import wait_at_most

# A take-over of a small state is over well within this time; a larger one goes on beside the others.
PRECEDENCE_SECONDS = 3.0


class Precedence:
    """A take-over is some fifty short steps, and nobody works on its partition meanwhile. With a backlog on the other
    partitions each step would wait for all of their turns, so these pause for a moment instead.
    """

    def __init__(self) -> None:
        self._under_way = 0
        self._until = 0.0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def first(self) -> Iterator[None]:
        """The block is a take-over."""
        self._under_way += 1
        self._none.clear()
        self._until = asyncio.get_running_loop().time() + PRECEDENCE_SECONDS
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._none.set()

    async def give_way(self) -> None:
        """Wait until no take-over is under way, three seconds from the begin of the last one at most."""
        if self._under_way:
            await wait_at_most(self._none, self._until - asyncio.get_running_loop().time())

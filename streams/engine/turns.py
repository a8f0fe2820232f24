"""How the partitions of one process take turns."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from streams.engine.waiting import wait_at_most

# A take-over of a small state is over well within this time; a larger one goes on beside the others.
PRECEDENCE_SECONDS = 3.0
LONGEST_PAUSE = 1.0


class Turns:
    """What all partition tasks of a process share: who goes first, and how often each begins a transaction.

    A take-over is some fifty short steps, and nobody works on its partition meanwhile. With a backlog on the other
    partitions each step would wait for all of their turns, so these pause for a moment instead.
    """

    def __init__(self) -> None:
        self._partitions = 0
        self._under_way = 0
        self._until = 0.0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """The block serves a partition."""
        self._partitions += 1
        try:
            yield
        finally:
            self._partitions -= 1

    def pause(self, patience: float) -> float:
        """Seconds from the begin of one transaction of a partition to that of its next, one second at most.

        `patience` is the same for the whole process: a transaction costs the broker the same whichever partition it is
        of, so the more partitions there are, the longer each waits.
        """
        return min(LONGEST_PAUSE, patience * self._partitions)

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

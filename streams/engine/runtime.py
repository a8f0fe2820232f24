"""The partitions that this process owns, and the tasks that work on them."""

import asyncio
from collections.abc import Callable, Iterable

from streams.engine.log import Delivery
from streams.engine.partition import PartitionTask


class Runtime:
    """Starts, parks and ends partition tasks as the group assigns partitions. `failed` resolves when one cannot go
    on.
    """

    def __init__(self, start: Callable[[int], PartitionTask]) -> None:
        self._start = start
        self._tasks: dict[int, PartitionTask] = {}
        self._closed = False
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wanting(self) -> list[int]:
        """The partitions that want chunks now."""
        return [partition for partition, task in self._tasks.items() if task.wants()]

    def delivery(self, partition: int) -> Delivery | None:
        """Where chunks of a partition go; None when it is not ours."""
        return self._tasks.get(partition)

    def owned(self) -> int:
        """How many partitions have a task."""
        return len(self._tasks)

    async def revoked(self) -> None:
        """A rebalance begins: let running transactions end."""
        await asyncio.gather(*(task.park() for task in self._tasks.values()))

    async def assigned(self, partitions: Iterable[int]) -> None:
        """A rebalance ended with these partitions ours, and no others."""
        keep = set() if self._closed else set(partitions)
        gone = [self._tasks.pop(p) for p, task in list(self._tasks.items()) if p not in keep or task.is_over]
        for partition in sorted(keep):
            if partition not in self._tasks:
                self._tasks[partition] = task = self._start(partition)
                task.task.add_done_callback(self._ended)
            self._tasks[partition].assign()
        # Last: what is ours now need not wait for connections to close, nor for what could not be ended before.
        await asyncio.gather(*(task.close() for task in gone if not task.is_over))

    async def rest(self) -> None:
        """Take on nothing any more, and let running transactions end. State and producers are kept."""
        self._closed = True
        await self.revoked()

    async def close(self) -> None:
        """Let running transactions end, then give everything up."""
        await self.rest()
        await self.assigned(())

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self.failed.done():
            self.failed.set_exception(error)

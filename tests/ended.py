"""Whether a process that is not our child has ended, and tasks that were told to."""

import asyncio
import os
import select
from collections.abc import Set
from typing import Any

WAIT_MS = 120_000
_MOMENT_SECONDS = 60.0


def has_ended(handle: int) -> bool:
    """Wait for the end of the process of a handle that `os.pidfd_open` made; the handle is closed."""
    # Not select(), which takes no file above 1,023: other tests of this process may hold more.
    ending = select.poll()
    ending.register(handle, select.POLLIN)
    try:
        return bool(ending.poll(WAIT_MS))
    finally:
        os.close(handle)


async def left_running(before: Set["asyncio.Task[Any]"]) -> set[str]:
    """What runs in this event loop and did not `before`, by name. What has been cancelled has a moment to end."""
    left = asyncio.all_tasks() - before
    _, running = await asyncio.wait(left, timeout=_MOMENT_SECONDS) if left else (set(), set())
    return {task.get_coro().__qualname__ for task in running}  # type: ignore[union-attr]

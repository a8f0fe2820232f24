"""Waiting for what a working pipeline reaches."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


class Stuck(Exception):
    """A condition that a working pipeline reaches was not reached."""


async def until(
    reached: Callable[[], Awaitable[bool]],
    what: str,
    seconds: float,
    *,
    check: Callable[[], object] = lambda: None,
    poll: float = 0.1,
    unless: tuple[type[Exception], ...] = (),
) -> None:
    """Wait for a condition. `check` raises when there is no sense in waiting on, as when somebody has died; errors of
    the kinds `unless` mean that it is not known yet. Raises Stuck.
    """
    log.info("until %s", what)
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(*unless):
            if await reached():
                return
        check()
        if time.monotonic() > deadline:
            raise Stuck(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(poll)

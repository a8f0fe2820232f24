"""Waiting for a broker at the start of a process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

log = logging.getLogger(__name__)

_FIRST_SECONDS, _LAST_SECONDS = 0.25, 5.0


async def reach(start: Callable[[], Awaitable[None]], brokers: str, patience: float) -> None:
    """Call `start` until it finds a broker. One that is restarting is waited for, and that is said once.

    Raises KafkaConnectionError when `start` still does after `patience` seconds, and at once what else it raises.
    """
    deadline = asyncio.get_running_loop().time() + patience
    pause, told = _FIRST_SECONDS, False
    while True:
        try:
            return await start()
        except KafkaConnectionError as error:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise KafkaConnectionError(f"none of {brokers} has answered for {patience:.0f} s") from error
        if not told:
            log.warning("none of %s answers; waiting for one, up to %.0f s", brokers, patience)
            told = True
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, _LAST_SECONDS)


async def await_broker(brokers: str, patience: float) -> None:
    """Return once a broker answers. Raises as `reach` does."""
    await reach(partial(_ask, brokers), brokers, patience)


async def _ask(brokers: str) -> None:
    client = AIOKafkaClient(bootstrap_servers=brokers)
    try:
        await client.bootstrap()
    finally:
        await client.close()

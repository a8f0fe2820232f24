"""Waiting for a broker at the start of a process."""

import asyncio
import logging

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

log = logging.getLogger(__name__)

_FIRST_SECONDS, _LAST_SECONDS = 0.25, 5.0


async def await_broker(brokers: str, patience: float) -> None:
    """Return once a broker answers. One that is restarting is waited for, and that is said once.

    Raises KafkaConnectionError when none has answered after `patience` seconds.
    """
    deadline = asyncio.get_running_loop().time() + patience
    pause, told = _FIRST_SECONDS, False
    while not await _answers(brokers):
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            raise KafkaConnectionError(f"none of {brokers} has answered for {patience:.0f} s")
        if not told:
            log.warning("none of %s answers; waiting for one, up to %.0f s", brokers, patience)
            told = True
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, _LAST_SECONDS)


async def _answers(brokers: str) -> bool:
    client = AIOKafkaClient(bootstrap_servers=brokers)
    try:
        await client.bootstrap()
    except KafkaConnectionError:
        return False
    finally:
        await client.close()
    return True

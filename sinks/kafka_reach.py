"""Waiting for a broker at the start of a process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

from sinks.kafka_admission import why_not_let_in
from sinks.kafka_cluster import Brokers, client_arguments

log = logging.getLogger(__name__)

_FIRST_SECONDS, _LAST_SECONDS = 0.25, 5.0


async def reach(start: Callable[[], Awaitable[None]], brokers: Brokers, patience: float) -> None:
    """Call `start` until it finds a broker. One that is restarting is waited for, and that is said once.

    Raises KafkaConnectionError when `start` still does after `patience` seconds; at once NotLetIn where a broker is
    there and has something against us, and what else `start` raises.
    """
    deadline = asyncio.get_running_loop().time() + patience
    pause, told = _FIRST_SECONDS, False
    while True:
        try:
            return await start()
        except KafkaConnectionError as error:
            if (refusal := await why_not_let_in(brokers)) is not None:
                raise refusal from error
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise KafkaConnectionError(_never(brokers, patience)) from error
        if not told:
            log.warning("none of %s answers; waiting for one, up to %.0f s", brokers, patience)
            told = True
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, _LAST_SECONDS)


def _never(brokers: Brokers, patience: float) -> str:
    """To who does not speak what a listener speaks, it only closes the connection."""
    spoken = "" if isinstance(brokers, str) else f" {brokers.protocol} (TICKETPULSE_KAFKA_SECURITY)"
    return f"none of {brokers} has answered{spoken} for {patience:.0f} s"


async def await_broker(brokers: Brokers, patience: float) -> None:
    """Return once a broker answers. Raises as `reach` does."""
    await reach(partial(_ask, brokers), brokers, patience)


async def _ask(brokers: Brokers) -> None:
    client = AIOKafkaClient(**client_arguments(brokers))
    try:
        await client.bootstrap()
    finally:
        await client.close()

"""Stop a consumer in bounded time."""

import asyncio
import logging

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

log = logging.getLogger(__name__)


async def stop_consumer(consumer: AIOKafkaConsumer, seconds: float) -> None:
    """Stop it, within so many seconds: others wait for whoever waits for this.

    A consumer that is told to stop while it drops fetches of partitions that it has lost can miss that, and would stop
    never; it does not miss it twice. One that still asks for positions says that it was cancelled (aiokafka 0.14).
    """
    try:
        async with asyncio.timeout(seconds):
            await consumer.stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
    except (KafkaError, TimeoutError) as error:
        log.warning("a consumer did not stop in order: %r", error)

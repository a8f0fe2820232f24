"""Stock Faust, an event at a time, as its own documentation writes an agent."""

import asyncio
from collections.abc import AsyncIterable
from typing import Any

import faust
import uvloop
from mode import Service

from tests.bench.events import decode, encode
from tests.bench.lap import Stopwatch, tell
from tests.bench.run import Run

SAMPLE_SECONDS = 0.01


def build(run: Run) -> faust.App:
    """An app with one agent that sends on what it reads."""
    app = faust.App(
        run.name,
        broker=f"kafka://{run.brokers}",
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        autodiscover=False,
        consumer_auto_offset_reset="earliest",
        producer_compression_type="lz4",
        producer_acks=-1,
    )
    source = app.topic(run.input, value_serializer="raw", key_serializer="raw")
    target = app.topic(run.output, value_serializer="raw", key_serializer="raw")
    done = 0

    @app.agent(source, name="bench")
    async def work(stream: AsyncIterable[Any]) -> None:
        nonlocal done
        async for value in stream:
            event = decode(value)
            await target.send(key=run.key_of(event), value=encode(event))
            done += 1

    class Watch(Service):
        """Counts what was processed: Faust commits later, every few seconds, which is in its favour."""

        @Service.task
        async def _sample(self) -> None:
            watch = Stopwatch(run.warm_up, run.total)
            while not self.should_stop:
                await asyncio.sleep(SAMPLE_SECONDS)
                if lap := watch.committed(done):
                    tell(lap)
                    return

    app.service(Watch)
    return app


def main() -> None:
    """Run the worker until the parent ends it."""
    app = build(Run.from_arguments())
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    faust.Worker(app, loop=loop, loglevel="WARNING", override_logging=False).execute_from_commandline()


if __name__ == "__main__":
    main()

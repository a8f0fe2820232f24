"""`ticketpulse sink`: what carries results out of Kafka."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.serve import take_address
from streams.commands.settings import load_settings
from streams.commands.terminal import say

if TYPE_CHECKING:
    from socket import socket

    from streams.config import Settings

sink = typer.Typer(no_args_is_help=True, help="Carry results from Kafka to where they are looked at.")


@sink.command("clickhouse")
def clickhouse(
    serve_page: Annotated[
        bool, typer.Option("--serve-page", help="Serve the page too: the embedded engine belongs to one process.")
    ] = False,
) -> None:
    """Write scored events, escalations, windows and dead letters to ClickHouse, until SIGTERM or Ctrl-C.

    While ClickHouse is away it holds what it has and tries again; nothing is lost. A row that it refuses becomes a dead
    letter, and its neighbours are stored. `ticketpulse migrate` comes first.

        ticketpulse sink clickhouse --serve-page
    """
    from sinks.prometheus import serve_metrics
    from streams.engine.garbage import collect_garbage_seldom
    from streams.engine.memory_bound import OUTGROWN
    from streams.logs import configure_logs

    configure_logs()
    settings = load_settings()
    listener = take_address(settings.host, settings.page_port, "page_port") if serve_page else None
    serve_metrics(settings.metrics_port, settings.host)
    collect_garbage_seldom()
    if asyncio.run(_run(settings, listener)):
        raise typer.Exit(OUTGROWN)


async def _run(settings: "Settings", listener: "socket | None") -> bool:
    """Run it; whether it has stopped because it took more memory than it may."""
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.sink import ClickHouseSink
    from sinks.kafka_source import KafkaSource
    from sinks.runner import run_sink
    from streams.broker.burial import KafkaBurial
    from streams.broker.reach import await_broker
    from streams.engine.memory_bound import MemoryBound
    from streams.topics import STORED

    url, group = settings.clickhouse_url, f"{settings.name}-clickhouse"
    destination = ClickHouseSink(partial(connect, url), STORED)
    burial = KafkaBurial(settings.kafka_brokers, settings.name, destination.name)
    source = KafkaSource(settings.kafka_brokers, group, destination.topics, session_timeout=settings.session_timeout)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(destination.close)
        stack.push_async_callback(burial.close)
        await destination.check()
        # Up to here signals end it at once: there is nothing yet to end in order.
        await await_broker(settings.kafka_brokers, settings.broker_patience)
        stop = stack.enter_context(_stopped_by_signals())
        stop_soon = partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)
        bound = MemoryBound(group, settings.memory_limit, stop_soon)
        bound.start()
        stack.callback(bound.stop)
        await _answer_people(url, listener, stack)
        await run_sink(
            source,
            destination,
            burial,
            max_rows=settings.sink_rows,
            max_seconds=settings.sink_seconds,
            stop=stop,
            group=group,
        )
    return bound.exceeded


async def _answer_people(url: str, listener: "socket | None", stack: AsyncExitStack) -> None:
    """The page, and `ticketpulse sql`, from the process that has the embedded engine open."""
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.console import listening
    from sinks.dashboard.app import create_page
    from streams.http_server import address_of, serving

    await stack.enter_async_context(listening(url))
    if listener is not None:
        await stack.enter_async_context(serving(create_page(partial(connect, url, readonly=True)), listener))
        say(f"the page is at {address_of(listener)}")


@contextmanager
def _stopped_by_signals() -> Iterator[asyncio.Event]:
    """Set by SIGTERM and Ctrl-C. After Ctrl-C the end of the context raises KeyboardInterrupt."""
    stop, interrupted = asyncio.Event(), asyncio.Event()

    def interrupt() -> None:
        interrupted.set()
        stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        loop.remove_signal_handler(signal.SIGINT)
    if interrupted.is_set():
        raise KeyboardInterrupt

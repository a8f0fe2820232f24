"""`ticketpulse sink`: what carries results out of Kafka."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.serve import take_address
from streams.commands.settings import admitted_settings
from streams.commands.stopping import stopped_by_signals
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
    settings = admitted_settings("clickhouse", *(["page"] if serve_page else []))
    listener = take_address(settings.host, settings.page_port, "page_port") if serve_page else None
    serve_metrics(settings.metrics_port, settings.host)
    collect_garbage_seldom()
    if asyncio.run(_run(settings, listener)):
        raise typer.Exit(OUTGROWN)


@sink.command("notify")
def notify() -> None:
    """Tell people and systems what the stage `notify` asks for, until SIGTERM or Ctrl-C.

    TICKETPULSE_NOTIFY is a folder with notify.toml: the targets, and by which routes what happens comes to them.
    Without it there is nobody to be told, and what would have been sent is in the ledger.

        TICKETPULSE_NOTIFY=notify ticketpulse sink notify
    """
    from sinks.prometheus import serve_metrics
    from streams.logs import configure_logs

    configure_logs()
    settings = admitted_settings("sender")
    serve_metrics(settings.metrics_port, settings.host)
    asyncio.run(_notify(settings))


async def _notify(settings: "Settings") -> None:
    from streams.notify.kafka_outbox import KafkaOutbox
    from streams.notify.sending import run_sender
    from streams.policies import notify_source

    with stopped_by_signals() as stop:
        await run_sender(
            lambda: KafkaOutbox(
                settings.kafka,
                f"{settings.name}-sender",
                session_timeout=settings.session_timeout,
                patience=settings.broker_patience,
            ),
            notify_source(settings),
            settings.notify,
            stop,
        )


async def _run(settings: "Settings", listener: "socket | None") -> bool:
    """Run it; whether it has stopped because it took more memory than it may."""
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.sink import ClickHouseSink
    from sinks.kafka_source import KafkaSource
    from sinks.runner import run_sink
    from streams.broker.burial import KafkaBurial
    from streams.engine.memory_bound import MemoryBound
    from streams.erasing.guarding import Guard
    from streams.privacy.loading import load_keys
    from streams.topics import STORED

    url, group = settings.clickhouse, f"{settings.name}-clickhouse"
    destination = ClickHouseSink(partial(connect, url), STORED, Guard(load_keys(settings.privacy_keys)))
    burial = KafkaBurial(settings.kafka, settings.name, destination.name)
    source = KafkaSource(
        settings.kafka,
        group,
        destination.topics,
        session_timeout=settings.session_timeout,
        patience=settings.broker_patience,
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(destination.close)
        stack.push_async_callback(burial.close)
        await destination.check()
        # Up to here signals end it at once: there is nothing yet to end in order.
        stop = stack.enter_context(stopped_by_signals())
        stop_soon = partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)
        bound = MemoryBound(group, settings.memory_limit, stop_soon)
        bound.start()
        stack.callback(bound.stop)
        await _answer_people(settings, listener, stack)
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


async def _answer_people(settings: "Settings", listener: "socket | None", stack: AsyncExitStack) -> None:
    """The page, and `ticketpulse sql`, from the process that has the embedded engine open."""
    from sinks.clickhouse.client import connect
    from sinks.clickhouse.console import listening
    from sinks.dashboard.app import create_page
    from streams import topics
    from streams.access import kafka_gate
    from streams.gateway.kafka_writer import KafkaWriter
    from streams.http_server import address_of, serving
    from streams.llm.summarising import summary_writer_of
    from streams.policies import experiments_of
    from streams.reanalysis.wiring import service_of
    from streams.reporting import reporter_of

    url = settings.clickhouse
    await stack.enter_async_context(listening(url))
    if listener is not None:
        page = create_page(
            partial(connect, url, readonly=True),
            corrections=KafkaWriter(settings.kafka, topic=topics.CORRECTIONS),
            suggestions=settings.suggestions,
            uses=KafkaWriter(settings.kafka, topic=topics.SUGGESTIONS),
            access=kafka_gate(settings),
            experiments=experiments_of(settings),
            reanalyses=service_of(settings, partial(connect, url)),
            summaries=summary_writer_of(settings),
            reporter=reporter_of(
                settings,
                partial(connect, url, readonly=True),
                KafkaWriter(settings.kafka, topic=topics.NOTICES),
            ),
        )
        await stack.enter_async_context(serving(page, listener))
        say(f"the page is at {address_of(listener)}")

"""`ticketpulse predict run`: what is expected of open conversations, told again and again."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.failure import Failure, of_engine
from streams.commands.predict import one_core, rules
from streams.commands.settings import admitted_settings, quiet_clients
from streams.commands.stopping import stopped_by_signals
from streams.commands.terminal import Progress, counted, say

if TYPE_CHECKING:
    from streams.config import Settings
    from streams.predictions.running import OfTenant


def run(
    once: Annotated[bool, typer.Option("--once", help="One round; then end.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds from one round to the next.")] = 60.0,
    days: Annotated[int, typer.Option(min=1, max=400, help="Conversations with an event in so many days.")] = 30,
    refresh: Annotated[
        int, typer.Option(min=60, help="Seconds after which a conversation in which nothing happens is foretold anew.")
    ] = 6 * 3600,
) -> None:
    """Foretell the open conversations that changed, and send what is expected to `tickets.predictions.v1`.

    Models are used that are in force; without any, or without the extra `ml`, the baseline is. It waits while the
    database or Kafka is away. Ctrl-C ends it behind what is under way.

        ticketpulse predict run --once

        ticketpulse predict run --every 60
    """
    from streams.logs import configure_logs

    settings = admitted_settings("predict")
    quiet_clients()
    if not once:
        configure_logs()
    with one_core():
        asyncio.run(_run(settings, once, every, days, refresh))


def _why(error: Exception) -> str:
    from sinks.clickhouse.console import QueryFailed

    return str(of_engine(error)) if isinstance(error, QueryFailed) else str(error)


async def _run(settings: "Settings", once: bool, every: float, days: int, refresh: int) -> None:
    from sinks.clickhouse.client import CannotOpen
    from sinks.clickhouse.console import QueryFailed
    from sinks.prometheus import serve_metrics
    from sinks.record_writer import NotAcknowledged
    from streams import topics
    from streams.gateway.kafka_writer import KafkaWriter
    from streams.predictions.running import Rounds, keep_predicting

    progress = Progress()
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(stopped_by_signals())
        served = serve_metrics(settings.metrics_port, settings.host) if not once else None
        if served is not None:
            stack.callback(served[0].shutdown)
        writer = KafkaWriter(settings.kafka, topic=topics.PREDICTIONS, ack_seconds=30.0)
        await writer.start()
        stack.push_async_callback(writer.stop)
        rounds = Rounds(
            url=settings.clickhouse,
            writer=writer,
            models=_models(settings),
            rules=rules(settings, 1),
            now=partial(datetime.now, UTC),
            days=days,
            refresh=refresh,
            show=progress.show,
        )
        if not once:
            await keep_predicting(rounds, every, stop, say, _why)
            return
        try:
            done = await rounds.once(stop)
        except (QueryFailed, CannotOpen) as error:
            raise of_engine(error) from error
        except NotAcknowledged as error:
            raise Failure(f"Kafka: {error}. Run it again: what was sent counts once") from error
        finally:
            progress.clear()
        say(f"{counted(done, 'conversation')} foretold")


def _models(settings: "Settings") -> "OfTenant":
    from streams.predictions.running import Baselines

    if settings.models is None or settings.model_key is None:
        say("no models: TICKETPULSE_MODELS and TICKETPULSE_MODEL_KEY are not set. The baseline is told")
        return Baselines()
    try:
        import scipy
    except ImportError:
        say("no models: pip install 'ticketpulse[ml]' installs what they need. The baseline is told")
        return Baselines()
    del scipy
    from streams.learning.shelf import Shelf
    from streams.predictions.shelved import Shelved

    return Shelved(Shelf(settings.models, settings.model_key.get_secret_value().encode()), say)

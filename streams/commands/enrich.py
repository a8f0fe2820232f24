"""`ticketpulse enrich`: messages that the local reading is not sure of are read again by a language model."""

import asyncio
from typing import TYPE_CHECKING

from streams.commands.llm import assistant_for
from streams.commands.settings import admitted_settings

if TYPE_CHECKING:
    from streams.config import Settings
    from streams.llm.assistant import Assistant


def enrich() -> None:
    """Have messages read a second time by a language model, until SIGTERM or Ctrl-C.

    TICKETPULSE_LLM names llm.toml, which says by which model, for which tenants and channels, below which confidence,
    and what it may cost in a day (docs/llm.md). Nothing waits for it: scores, windows and escalations are what they
    are without it.

        TICKETPULSE_LLM=llm.toml ticketpulse enrich
    """
    from sinks.prometheus import serve_metrics
    from streams.logs import configure_logs

    configure_logs()
    settings = admitted_settings("enrich")
    assistant = assistant_for(settings)
    serve_metrics(settings.metrics_port, settings.host)
    asyncio.run(_run(settings, assistant))


async def _run(settings: "Settings", assistant: "Assistant") -> None:
    from sinks.kafka_source import KafkaSource
    from streams import topics
    from streams.commands.stopping import stopped_by_signals
    from streams.enriching.running import run_enriching
    from streams.gateway.kafka_writer import KafkaWriter

    source = KafkaSource(
        settings.kafka,
        f"{settings.name}-enrich",
        [topics.SCORED],
        session_timeout=settings.session_timeout,
        patience=settings.broker_patience,
    )
    with stopped_by_signals() as stop:
        writer = KafkaWriter(settings.kafka, topic=topics.ENRICHMENTS)
        try:
            await run_enriching(settings, assistant, source, writer, stop)
        finally:
            await assistant.close()

"""`ticketpulse serve`: the HTTP servers."""

from typing import TYPE_CHECKING

import typer

from streams.commands.failure import Failure, variable_of
from streams.commands.settings import admitted_settings
from streams.commands.terminal import say

if TYPE_CHECKING:
    from socket import socket

serve = typer.Typer(no_args_is_help=True, help="Serve HTTP: the gateway for events, the page for people.")


@serve.command("gateway")
def gateway() -> None:
    """Take events over HTTP: POST /api/v1/events, with /healthz, /readyz and /metrics beside it.

    POST /api/incidents, /api/support/escalate and /api/chat/messages are there for who used the replaced systems,
    /api/v1/webhooks/... for helpdesks (docs/sources.md).

    It starts also while Kafka is away, answers 503 until it is there, and needs no restart then.

        ticketpulse serve gateway

        curl -H 'Content-Type: application/json' http://127.0.0.1:8080/api/v1/events
        -d '{"event_id": "1", "ticket_id": "T-1", "text": "Where is my refund?"}'
    """
    from sinks.prometheus import serve_metrics
    from streams.access import kafka_gate
    from streams.doors import doorkeeper_of
    from streams.engine.garbage import collect_garbage_seldom
    from streams.gateway.app import EVENTS_PATH, create_app
    from streams.gateway.kafka_answers import KafkaAnswers
    from streams.gateway.kafka_writer import KafkaWriter
    from streams.http_server import address_of, serve
    from streams.logs import configure_logs
    from streams.tenancy.wiring import quotas_of

    configure_logs()
    settings = admitted_settings("gateway")
    access, quotas, keeper = kafka_gate(settings), quotas_of(settings), doorkeeper_of(settings)
    listener = take_address(settings.host, settings.gateway_port, "gateway_port")
    say(f"events go to {address_of(listener)}{EVENTS_PATH}")
    # Besides, so that who may collect them need not reach what takes events.
    serve_metrics(settings.metrics_port, settings.host)
    collect_garbage_seldom()
    writer, answers = KafkaWriter(settings.kafka), KafkaAnswers(settings.kafka)
    app = create_app(
        writer,
        answers,
        token=settings.service_token,
        webhook_secrets=settings.webhook_secrets,
        answer_seconds=settings.answer_seconds,
        access=access,
        quotas=quotas,
        signed_tenants=settings.signed_tenants,
        keeper=keeper,
    )
    serve(app, listener)


@serve.command("page")
def page() -> None:
    """Show the last minutes live, from a ClickHouse server. The embedded engine's page: `sink clickhouse --serve-page`.

    CLICKHOUSE_URL=http://user:password@host:8123/ticketpulse ticketpulse serve page
    """
    from functools import partial

    from sinks.clickhouse.client import connect
    from sinks.dashboard.app import create_page
    from sinks.prometheus import serve_metrics
    from streams import topics
    from streams.access import kafka_gate
    from streams.gateway.kafka_writer import KafkaWriter
    from streams.http_server import address_of, serve
    from streams.llm.summarising import summary_writer_of
    from streams.logs import configure_logs
    from streams.policies import experiments_of
    from streams.reanalysis.wiring import service_of
    from streams.reporting import reporter_of

    configure_logs()
    settings = admitted_settings("page")
    access = kafka_gate(settings)
    listener = take_address(settings.host, settings.page_port, "page_port")
    say(f"the page is at {address_of(listener)}")
    serve_metrics(settings.metrics_port, settings.host)
    corrections = KafkaWriter(settings.kafka, topic=topics.CORRECTIONS)
    page = create_page(
        partial(connect, settings.clickhouse, readonly=True),
        corrections=corrections,
        suggestions=settings.suggestions,
        uses=KafkaWriter(settings.kafka, topic=topics.SUGGESTIONS),
        access=access,
        experiments=experiments_of(settings),
        reanalyses=service_of(settings, partial(connect, settings.clickhouse)),
        summaries=summary_writer_of(settings),
        reporter=reporter_of(
            settings,
            partial(connect, settings.clickhouse, readonly=True),
            KafkaWriter(settings.kafka, topic=topics.NOTICES),
        ),
    )
    serve(page, listener)


def take_address(host: str, port: int, setting: str) -> "socket":
    """A listening socket, or a failure that names the setting."""
    from streams.http_server import listen

    try:
        return listen(host, port)
    except OSError as error:
        raise Failure(
            f"{host}:{port} cannot be listened on: {error.strerror}. {variable_of(setting)} sets another port"
        ) from None

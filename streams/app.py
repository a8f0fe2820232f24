"""Wiring: a stage, its settings and Kafka become a worker process."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from sinks.kafka_reach import await_broker
from sinks.kafka_rights import require_rights
from sinks.prometheus import serve_metrics
from streams import topics
from streams.clock import wall_clock
from streams.config import Settings
from streams.engine.faust_shell import AS_IT_IS, Parts, build_app
from streams.engine.faust_shell import run_worker as run_faust
from streams.engine.kafka_log import KafkaStage
from streams.engine.stage import Stage
from streams.escalation.book import PolicyBook
from streams.learning.challengers import follow_challengers
from streams.logs import configure_logs
from streams.policies import library_source, model_source, notify_source, policy_source, redaction_source
from streams.rights import rights_of
from streams.stages import build_stage, follower
from streams.tenancy.wiring import follow_tenants

Follow = Callable[[], Coroutine[Any, Any, None]]
Build = Callable[[str, Settings, PolicyBook | None], Stage]


def run_worker(stage: str, settings: Settings, *, build: Build = build_stage, parts: Parts = AS_IT_IS) -> None:
    """Run one stage until SIGTERM or SIGINT. Workers that are to fail on purpose bring another stage or parts."""
    configure_logs()
    policies, targets, library = policy_source(settings), notify_source(settings), library_source(settings)
    models, redaction = model_source(settings), redaction_source(settings)
    built = build(stage, settings, policies.read())
    layout = KafkaStage(
        brokers=settings.kafka,
        application=f"{settings.name}-{stage}",
        source=built.input,
        changelog=topics.changelog_of(stage),
        patience=built.patience,
    )
    app = build_app(
        built,
        layout,
        session_seconds=settings.session_timeout,
        clock=wall_clock,
        dead_letters=topics.DEAD_LETTERS,
        stalled_after=settings.stalled_after,
        memory_limit=settings.memory_limit,
        broker_patience=settings.broker_patience,
        parts=parts,
        beside=_together(
            follower(built, policies, targets, library, models, redaction),
            follow_challengers(settings, built),
            follow_tenants(settings),
        ),
    )
    serve_metrics(settings.metrics_port, settings.host)
    if asyncio.run(_has_broker(stage, settings)):
        run_faust(app, override_logging=False)


async def _has_broker(stage: str, settings: Settings) -> bool:
    """Whether there is one that lets us work; not if somebody asked for an end (SIGTERM) before it answered."""
    waiting = asyncio.ensure_future(_admission(stage, settings))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, waiting.cancel)
    try:
        await waiting
    except asyncio.CancelledError:
        return False
    return True


async def _admission(stage: str, settings: Settings) -> None:
    await await_broker(settings.kafka, settings.broker_patience)
    await require_rights(settings.kafka, rights_of(stage, settings.name), stage)


def _together(*tasks: Follow | None) -> Follow | None:
    wanted = [task for task in tasks if task is not None]

    async def all_of_them() -> None:
        await asyncio.gather(*(task() for task in wanted))

    return all_of_them if wanted else None

"""Wiring: a stage, its settings and Kafka become a worker process."""

from functools import partial

from sinks.prometheus import serve_metrics
from streams import topics
from streams.clock import wall_clock
from streams.config import Settings
from streams.engine.faust_shell import build_app
from streams.engine.faust_shell import run_worker as run_faust
from streams.engine.kafka_log import KafkaStage
from streams.logs import configure_logs
from streams.policies import PolicySource
from streams.score import ScoreStage
from streams.stages import build_stage
from streams.track import TrackStage


def run_worker(stage: str, settings: Settings) -> None:
    """Run one stage until SIGTERM or SIGINT."""
    configure_logs()
    source = PolicySource(settings)
    built = build_stage(stage, settings, source.read())
    layout = KafkaStage(
        brokers=settings.kafka_brokers,
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
        beside=partial(source.follow, built.adopt) if isinstance(built, ScoreStage | TrackStage) else None,
    )
    serve_metrics(settings.metrics_port, settings.host)
    run_faust(app, override_logging=False)

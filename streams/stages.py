"""The stages by name, built from the settings."""

from collections.abc import Callable
from typing import Final

from streams.config import Settings
from streams.conversations import Memory
from streams.engine.stage import Stage
from streams.score import ScoreStage
from streams.scoring import scorer_or_unavailable
from streams.scoring.readers import reader_of
from streams.track import TrackStage
from streams.trends import TrendsStage
from streams.windows import WindowRules


def window_rules(settings: Settings) -> WindowRules:
    """The settings that concern windows."""
    return WindowRules(
        sizes=settings.window_sizes,
        allowed_lateness=settings.allowed_lateness,
        future_tolerance=settings.future_tolerance,
        late_horizon=settings.late_horizon,
        idle_after=settings.idle_after,
    )


def _track(settings: Settings) -> Stage:
    memory = Memory(settings.history, settings.duplicate_horizon, settings.conversation_days)
    return TrackStage(memory, window_rules(settings))


_BUILD: dict[str, Callable[[Settings], Stage]] = {
    "score": lambda settings: ScoreStage(scorer_or_unavailable(settings.preset), reader_of(settings.preset)),
    "track": _track,
    "trends": lambda settings: TrendsStage(window_rules(settings)),
}
STAGES: Final = tuple(_BUILD)


def build_stage(name: str, settings: Settings) -> Stage:
    """The stage of that name, one of STAGES."""
    return _BUILD[name](settings)

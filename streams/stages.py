"""The stages by name, built from the settings."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from schemas.readings import PresetName
from sinks.prometheus import STAGE_WANTED
from sinks.suggestions.library import Library, read_library
from streams.config import Settings
from streams.engine.stage import Stage
from streams.escalation.book import PolicyBook, preset_book
from streams.learning.judging import read_models
from streams.notify import NotifyStage
from streams.notify.book import NotifyBook, read_book
from streams.policies import BookSource
from streams.privacy.in_flow import Redaction
from streams.privacy.loading import load_keys, load_redaction
from streams.registry import RegistryStage
from streams.routing.stage import RoutingStage
from streams.score import Models, Preset, ScoreStage
from streams.scoring import scorer_or_unavailable
from streams.scoring.presets import label_bounds
from streams.scoring.readers import reader_of
from streams.track import TrackStage
from streams.trends import TrendsStage
from streams.windows import Targets, WindowRules

log = logging.getLogger(__name__)


def window_rules(settings: Settings) -> WindowRules:
    """The settings that concern windows. Without a size to watch it is the second, five minutes by default."""
    watched = settings.window_sizes[:2][-1] if settings.watched_size is None else settings.watched_size
    return WindowRules(
        sizes=settings.window_sizes,
        allowed_lateness=settings.allowed_lateness,
        future_tolerance=settings.future_tolerance,
        late_horizon=settings.late_horizon,
        idle_after=settings.idle_after,
        watched=watched,
        values=settings.window_values,
        ticket_memory=settings.ticket_memory,
        respond_within=Targets(*settings.respond_within),
        resolve_within=Targets(*settings.resolve_within),
    )


def _articles(settings: Settings) -> Library | None:
    """What automatic answers are made of."""
    if settings.suggestions is None:
        return None
    library = read_library(settings.suggestions)
    if library.missing:
        log.warning("nothing is answered automatically: %s", library.missing)
    return library


def load_preset(name: PresetName) -> Preset:
    """A preset; its texts go on without a score when its scorer cannot be loaded."""
    return Preset(scorer_or_unavailable(name), reader_of(name), label_bounds(name))


_BUILD: dict[str, Callable[[Settings, PolicyBook], Stage]] = {
    "score": lambda settings, book: ScoreStage(
        book,
        load_preset,
        read_models(settings.models, settings.model_key),
        load_redaction(settings.privacy, settings.privacy_keys),
        load_keys(settings.privacy_keys),
    ),
    "track": lambda settings, book: TrackStage(
        book, settings.duplicate_horizon, window_rules(settings), load_keys(settings.privacy_keys)
    ),
    "registry": lambda settings, book: RegistryStage(load_keys(settings.privacy_keys)),
    "trends": lambda settings, book: TrendsStage(window_rules(settings), keys=load_keys(settings.privacy_keys)),
    "notify": lambda settings, book: NotifyStage(
        read_book(settings.notify), _articles(settings), load_keys(settings.privacy_keys)
    ),
    "routing": lambda settings, book: RoutingStage(book.routes, load_keys(settings.privacy_keys)),
}
STAGES: Final = tuple(_BUILD)


def build_stage(name: str, settings: Settings, book: PolicyBook | None = None) -> Stage:
    """The stage of that name, one of STAGES. Without a book it decides as the settings' preset does."""
    return _BUILD[name](settings, book or preset_book(settings.preset))


def follower(
    stage: Stage,
    policies: BookSource[PolicyBook],
    targets: BookSource[NotifyBook],
    library: BookSource[Library] | None = None,
    models: BookSource[Models] | None = None,
    redaction: BookSource[Redaction] | None = None,
) -> Callable[[], Coroutine[Any, Any, None]] | None:
    """What hands a stage the files that it decides by, whenever they change; None for one that decides by none.

    The sources are older than the stage, so no change in between is missed.
    """
    if isinstance(stage, ScoreStage):
        return partial(_follow_score, stage, policies, models, redaction)
    if isinstance(stage, TrackStage):
        return partial(_follow_track, stage, policies)
    if isinstance(stage, RoutingStage):
        return partial(policies.follow, lambda book: stage.adopt(book.routes))
    return partial(_follow_both, stage, targets, library) if isinstance(stage, NotifyStage) else None


async def _follow_track(stage: TrackStage, policies: BookSource[PolicyBook]) -> None:
    def adopt(book: PolicyBook) -> None:
        stage.adopt(book)
        _tell_wanted(stage)

    _tell_wanted(stage)
    await policies.follow(adopt)


def _tell_wanted(track: TrackStage) -> None:
    # Whoever is missed by these must be missed by Prometheus too; who routes nothing need not run `routing`.
    for name in STAGES:
        STAGE_WANTED.labels(name).set(name != RoutingStage.name or track.routes_tickets)


async def _follow_both(
    stage: NotifyStage, targets: BookSource[NotifyBook], library: BookSource[Library] | None
) -> None:
    following = [targets.follow(stage.adopt)] + ([library.follow(stage.adopt_articles)] if library else [])
    await asyncio.gather(*following)


async def _follow_score(
    stage: ScoreStage,
    policies: BookSource[PolicyBook],
    models: BookSource[Models] | None,
    redaction: BookSource[Redaction] | None,
) -> None:
    following = [policies.follow(stage.adopt)] + ([models.follow(stage.adopt_models)] if models else [])
    following += [redaction.follow(stage.adopt_redaction)] if redaction else []
    await asyncio.gather(*following)

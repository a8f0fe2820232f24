"""The challengers of a folder of models, for the stage `score`: loaded, and again when `in-force.toml` changes."""

import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from schemas.shadow import SHADOW_KINDS, ShadowKind
from schemas.toml_files import FileError
from streams.config import Settings
from streams.engine.stage import Stage
from streams.learning.aside import Thread
from streams.learning.classifier import Classifier
from streams.learning.in_force import InForce
from streams.learning.novelty import Novelty
from streams.learning.shadow import Shadow, Version
from streams.learning.shelf import Kept, Shelf
from streams.policies import BookSource
from streams.score import Beside, ScoreStage

log = logging.getLogger(__name__)

Tellers = tuple[Beside, ...]


def follow_challengers(settings: Settings, stage: Stage) -> Callable[[], Coroutine[Any, Any, None]] | None:
    """Let `score` ask what the folder names, now; what is returned keeps it so. None for another stage, and where the
    settings name no folder.

    Nothing in the folder ends or holds up the worker: what cannot be read is told in the log and left out.
    """
    if not isinstance(stage, ScoreStage) or settings.models is None or settings.model_key is None:
        return None
    folder, key = settings.models, settings.model_key.get_secret_value().encode()
    source = BookSource("challengers", folder, lambda: tellers(folder, key, settings.challenger_seconds))
    try:
        stage.tell_beside(source.read())
    except FileError as error:
        log.error("no challenger runs, because what is in force cannot be read:\n%s", error)

    async def follow() -> None:
        await source.follow(stage.tell_beside)

    return follow


def tellers(folder: Path, key: bytes, seconds: float) -> Tellers:
    """What is asked beside the champions. Raises FileError for an `in-force.toml` that cannot be read."""
    shelf = Shelf(folder, key)
    in_force = shelf.in_force()
    loaded: dict[Version, Classifier | None] = {}
    for version in sorted({*_versions(in_force, challengers=True), *_versions(in_force, challengers=False)}):
        loaded[version] = _loaded(shelf, *version)
    found: list[Beside] = []
    # Each on a thread of its own: a challenger that hangs must not cost the other's figures.
    if _versions(in_force, challengers=True):
        found.append(Shadow(in_force, loaded, Thread(seconds, time.monotonic)))
    if _versions(in_force, challengers=False):
        found.append(Novelty(in_force, loaded, Thread(seconds, time.monotonic)))
    return tuple(found)


def load_classifier(kept: Kept) -> Classifier:
    """The classifier of a file. Raises ValueError for what this version cannot make one of."""
    from streams.learning.linear import classifier_of  # noqa: PLC0415 - of the extra `ml`

    return classifier_of(kept)


def _versions(in_force: InForce, *, challengers: bool) -> list[Version]:
    tables = (in_force.default, *in_force.tenants.values())
    named: Iterable[tuple[ShadowKind, str | None]] = (
        (kind, (roles.challenger if challengers else roles).of(kind)) for roles in tables for kind in SHADOW_KINDS
    )
    return [(kind, version) for kind, version in named if version is not None]


def _loaded(shelf: Shelf, kind: ShadowKind, version: str) -> Classifier | None:
    try:
        return load_classifier(shelf.load(kind, version))
    except Exception as error:
        # A file that was changed, an extra that is missing, arrays that do not fit: the pipeline goes on without it.
        log.error("%s %s is not asked: %s", kind, version, error)
        return None

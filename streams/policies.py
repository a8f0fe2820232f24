"""The policies in force, and who is told: read at the start, and again when their files change."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from schemas.experiments import Running
from sinks.suggestions.library import Library, read_library
from streams.config import Settings
from streams.escalation.book import PolicyBook, preset_book, read_book
from streams.escalation.experiments import read_experiments
from streams.escalation.loading import PolicyError
from streams.learning.judging import load_models
from streams.notify.book import NotifyBook
from streams.notify.book import read_book as read_notify_book
from streams.privacy.in_flow import Redaction
from streams.privacy.loading import load_redaction
from streams.score import Models

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0
# Policies, targets, templates and articles. Editors leave files of other names beside them.
_READ: Final = frozenset({".toml", ".txt", ".html", ".md"})
Book = TypeVar("Book")


class BookSource(Generic[Book]):
    """What `read` makes of the files of a folder. Without a folder it never changes. `what` is its name in the log."""

    def __init__(self, what: str, folder: Path | None, read: Callable[[], Book]) -> None:
        self._what = what
        self._folder = folder
        # Before they are read: a change in between is seen.
        self._seen = _state(folder)
        self.read = read

    async def follow(self, adopt: Callable[[Book], None]) -> None:
        """Hand over the book whenever its files have changed, for ever. One that cannot be read is told in the log, and
        the one before stays in force.
        """
        if self._folder is None:
            return
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            state = _state(self._folder)
            if state == self._seen:
                continue
            self._seen = state
            try:
                book = self.read()
            except PolicyError as error:
                log.error("the %s before stay in force, because the new ones are wrong:\n%s", self._what, error)
                continue
            adopt(book)
            log.info("%s in force: %s", self._what, book)


def policy_source(settings: Settings) -> BookSource[PolicyBook]:
    """The policies of the settings: a folder, or a preset. Reading raises PolicyError."""
    folder, preset = settings.policies, settings.preset
    return BookSource("policies", folder, lambda: preset_book(preset) if folder is None else read_book(folder, preset))


def experiments_of(settings: Settings) -> Callable[[], list[Running]]:
    """The experiments below the folder of policies, as its files say when it is asked. Asking raises PolicyError."""
    folder = settings.policies
    return lambda: [] if folder is None else read_experiments(folder)[0]


def notify_source(settings: Settings) -> BookSource[NotifyBook]:
    """The targets and routes of the settings. Reading raises PolicyError."""
    return BookSource("targets", settings.notify, lambda: read_notify_book(settings.notify))


def library_source(settings: Settings) -> BookSource[Library]:
    """The drafts and articles of the settings. Reading raises PolicyError."""
    return BookSource("suggestions", settings.suggestions, lambda: read_library(settings.suggestions))


def model_source(settings: Settings) -> BookSource[Models]:
    """The models that are in force by the settings: those that cannot be read are told and left out. Reading raises
    FileError for a list of them that is wrong.
    """
    folder, key = settings.models, settings.model_key
    return BookSource("models", folder, lambda: load_models(folder, key))


def redaction_source(settings: Settings) -> BookSource[Redaction]:
    """What is done with personal data by the settings. Reading raises FileError."""
    folder, keys = settings.privacy, settings.privacy_keys
    return BookSource("rules for personal data", folder, lambda: load_redaction(folder, keys))


def _state(folder: Path | None) -> frozenset[tuple[str, int, int]]:
    if folder is None or not folder.is_dir():
        return frozenset()
    found = []
    for file in folder.rglob("*"):
        if file.suffix not in _READ:
            continue
        try:
            about = file.stat()
        except FileNotFoundError:
            continue
        found.append((str(file), about.st_mtime_ns, about.st_size))
    return frozenset(found)

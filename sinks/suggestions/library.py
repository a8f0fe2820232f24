"""All that is suggested out of files: drafts and articles of a folder, read again when it changes.

FOLDER/replies/…*.txt      drafts
FOLDER/articles/…*.md      help articles
"""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from schemas.toml_files import FileError, Mistake
from sinks.suggestions.articles import SUFFIX as MARKDOWN
from sinks.suggestions.articles import Article, read_articles
from sinks.suggestions.bm25 import ExtraMissing
from sinks.suggestions.finding import ArticleFinder, Found
from sinks.suggestions.reply_files import SUFFIX as TEXT
from sinks.suggestions.reply_files import ReplyTemplate, read_replies
from sinks.suggestions.written_files import in_order

REPLIES: Final = "replies"
ARTICLES: Final = "articles"
LOOK_SECONDS: Final = 2.0

log = logging.getLogger(__name__)


class Library(NamedTuple):
    """Drafts, and what finds articles; None where there are none. `missing` says why they cannot be searched."""

    templates: Sequence[ReplyTemplate]
    finder: ArticleFinder | None = None
    missing: str = ""

    def __str__(self) -> str:
        articles = len(self.finder.articles) if self.finder else 0
        return f"{len(self.templates)} drafts, {articles} articles"

    def find(self, text: str, tenant: str, language: str | None, *, threshold: float, most: int) -> list[Found]:
        """As ArticleFinder does; nothing without articles."""
        if self.finder is None:
            return []
        return self.finder.find(text, tenant, language, threshold=threshold, most=most)


def read_files(folder: Path | None) -> tuple[list[ReplyTemplate], list[Article], list[Mistake]]:
    """What is in a folder, and what is wrong in it, by file and line."""
    replies, articles, wrong = folder and folder / REPLIES, list[Article](), list[Mistake]()
    if folder is not None:
        if not folder.is_dir():
            wrong.append(Mistake(str(folder), None, "", "there is no such folder"))
        elif (folder / ARTICLES).is_dir():
            articles, wrong = read_articles(folder / ARTICLES)
    templates, wrong_replies = read_replies(replies if replies and replies.is_dir() else None)
    return templates, articles, in_order([*wrong, *wrong_replies])


def read_library(folder: Path | None) -> Library:
    """The library of a folder; without one the drafts that come with ticketpulse. Raises FileError with all that is
    wrong.
    """
    templates, articles, wrong = read_files(folder)
    if wrong:
        raise FileError(wrong)
    try:
        return Library(templates, ArticleFinder(articles) if articles else None)
    except ExtraMissing as error:
        return Library(templates, missing=str(error))


class FollowedLibrary:
    """The library of a folder as it is now: who asks looks for changes at most every two seconds. What has become wrong
    is told in the log, and the library before stays. May be asked by several threads.
    """

    def __init__(self, folder: Path | None, clock: Callable[[], float]) -> None:
        """Reads it. Raises FileError."""
        self._folder = folder
        self._clock = clock
        self._looked_at = clock()
        self._seen = _state(folder)
        self._library = read_library(folder)
        self._reading = threading.Lock()

    def current(self) -> Library:
        """The library; whoever reads it again keeps nobody else waiting."""
        if self._clock() - self._looked_at >= LOOK_SECONDS and self._reading.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looked_at = self._clock()
                self._reading.release()
        return self._library

    def _look(self) -> None:
        state = _state(self._folder)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._library = read_library(self._folder)
        except (FileError, OSError) as error:
            log.error("the suggestions before stay, because the new ones are wrong:\n%s", error)
            return
        log.info("suggestions in force: %s", self._library)


def _state(folder: Path | None) -> frozenset[tuple[str, int, int]]:
    if folder is None or not folder.is_dir():
        return frozenset()
    found = []
    for file in folder.rglob("*"):
        if file.suffix in (MARKDOWN, TEXT):
            try:
                about = file.stat()
            except OSError:
                continue
            found.append((str(file), about.st_mtime_ns, about.st_size))
    return frozenset(found)

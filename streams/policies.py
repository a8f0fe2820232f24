"""The policies in force: read at the start, and again when their files change."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.config import Settings
from streams.escalation.book import PolicyBook, preset_book, read_book
from streams.escalation.loading import PolicyError

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0


class PolicySource:
    """Where the policies of the settings come from: a folder, or a preset, which never changes."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.policies
        self._preset = settings.preset
        self._seen = _state(self._folder)

    def read(self) -> PolicyBook:
        """The policies as they are now. Raises PolicyError."""
        return preset_book(self._preset) if self._folder is None else read_book(self._folder, self._preset)

    async def follow(self, adopt: Callable[[PolicyBook], None]) -> None:
        """Hand over the policies whenever their files have changed, for ever. Those that cannot be read are told in
        the log, and the ones before stay in force.
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
                log.error("the policies before stay in force, because the new ones are wrong:\n%s", error)
                continue
            adopt(book)
            log.info("policies in force: %s", ", ".join(f"{ready.name} {ready.version}" for ready in book.ready()))


def _state(folder: Path | None) -> frozenset[tuple[str, int, int]]:
    if folder is None or not folder.is_dir():
        return frozenset()
    found = []
    for file in folder.glob("*.toml"):
        try:
            about = file.stat()
        except FileNotFoundError:
            continue
        found.append((file.name, about.st_mtime_ns, about.st_size))
    return frozenset(found)

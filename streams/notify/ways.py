"""The targets of `notify.toml` become ways to reach people: their secrets are looked up and their templates read."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sinks.helpdesk.provider import HelpdeskProvider
from sinks.notify.providers import Providers, Surroundings
from sinks.notify.sender import Way
from sinks.notify.wording import read_wording
from streams.notify.book import NotifyBook

TEMPLATES: Final = "templates"
_SECOND_MS: Final = 1_000


class Ways:
    """How each target of a book is reached, with its own connections. Made and closed in one event loop."""

    def __init__(self, book: NotifyBook, folder: Path | None, environment: Mapping[str, str] | None = None) -> None:
        """`folder` is where the book lies; its templates are in `templates/`. Raises TargetError for secrets that are
        not there and targets that cannot be used, WordingError for templates that cannot be read.
        """
        given = Surroundings(
            environment=os.environ if environment is None else environment,
            wording=read_wording(_own_templates(folder)),
            smtp=book.smtp,
            helpdesk=HelpdeskProvider,
        )
        self._providers = Providers(book.targets, given)
        self.by_target = {
            name: Way(provider, book.targets[name].timeout / _SECOND_MS)
            for name, provider in self._providers.by_target.items()
        }

    async def close(self) -> None:
        """Let go of all connections."""
        await self._providers.close()


def _own_templates(folder: Path | None) -> Path | None:
    templates = folder / TEMPLATES if folder else None
    return templates if templates and templates.is_dir() else None

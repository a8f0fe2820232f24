"""The assistant as the settings want it."""

import errno
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sinks.clock import utc_now
from sinks.notify.secrets import look_up
from streams.config import Settings
from streams.llm.assistant import Assistant, Means, Stores
from streams.llm.cache import Cache
from streams.llm.chat import Chat
from streams.llm.ledger import Ledger
from streams.llm.rules import LlmRules, read_rules

MISSING: Final = "a language model is asked by way of the package openai: pip install 'ticketpulse[llm]'"


class ExtraMissing(Exception):
    """The extra `llm` is not installed; the message says how it is."""


def assistant_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> Assistant | None:
    """Who asks the model; none where no `llm` is set. Raises FileError, SecretMissing, ExtraMissing and OSError, before
    anything is asked of anybody.
    """
    if settings.llm is None:
        return None
    rules = read_rules(settings.llm)
    return Assistant(rules, chat_of(rules, environment), stores_of(settings, rules), Means(utc_now))


def chat_of(rules: LlmRules, environment: Mapping[str, str] = os.environ) -> Chat:
    """The way to the endpoint. Raises SecretMissing and ExtraMissing."""
    key = None if rules.model.key is None else look_up(rules.model.key, "the language model", environment)
    try:
        # Takes a second and a half to import.
        from streams.llm.openai_chat import OpenAIChat  # noqa: PLC0415
    except ImportError:
        raise ExtraMissing(MISSING) from None
    return OpenAIChat(rules.model, key, utc_now)


def stores_of(settings: Settings, rules: LlmRules) -> Stores:
    """The ledger, which processes of this machine share, and the cache. Raises OSError, which names the file."""
    file = folder_of(settings) / "answers.sqlite" if rules.cache.on_disk else None
    ledger = ledger_of(settings)
    with _opening(file):
        return Stores(ledger, Cache(file, rules.cache.answers, rules.cache.keep / 1000))


def ledger_of(settings: Settings) -> Ledger:
    """What was asked, by day and tenant. Raises OSError, which names the file."""
    file = folder_of(settings) / "spent.sqlite"
    with _opening(file):
        return Ledger(file)


def folder_of(settings: Settings) -> Path:
    """Where both are kept."""
    return settings.local_dir / "llm"


@contextmanager
def _opening(file: Path | None) -> Iterator[None]:
    """SQLite does not say which file it cannot open."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise OSError(errno.EIO, f"{error}; without the file a new one is begun", str(file)) from error

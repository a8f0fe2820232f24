"""An assistant that asks the server of the tests, with time that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from streams.llm.assistant import Assistant, Means, Stores
from streams.llm.cache import Cache
from streams.llm.ledger import Ledger
from streams.llm.openai_chat import OpenAIChat
from streams.llm.rules import LlmRules
from streams.llm.tasks import Classify, message_data
from tests.servers.chat_completions import KEY, MODEL, ChatServer, chat_server

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
TASK = Classify(("billing", "delivery", "general"))
DATA = message_data("Where is my parcel?")


class Time:
    """A clock that only sleepers and tests move."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Aware."""
        return START + timedelta(seconds=self.passed)

    def clock(self) -> float:
        """Seconds."""
        return self.passed

    async def sleep(self, seconds: float) -> None:
        """Time passes at once."""
        self.slept.append(seconds)
        self.passed += seconds
        await asyncio.sleep(0)


class Desk:
    """A server, its clock, and an assistant that asks it."""

    def __init__(self, server: ChatServer, rules: LlmRules, stores: Stores, *, key: str = KEY) -> None:
        self.server = server
        self.time = Time()
        chat = OpenAIChat(rules.model, SecretStr(key), self.time.now)
        means = Means(self.time.now, self.time.clock, self.time.sleep, lambda: 0.5)
        self.chat = chat
        self.ledger = stores.ledger
        self.assistant = Assistant(rules, chat, stores, means)


def rules_for(endpoint: str, *, millis: int | None = None, within: int | None = None, **parts: Any) -> LlmRules:
    """Rules of the tests' model; `millis` and `within` are times below what a file can say."""
    model = {"endpoint": endpoint, "name": MODEL, "price_in": 1.0, "price_out": 4.0, **parts.pop("model", {})}
    rules = LlmRules.model_validate(
        {"model": model, "default": {"classify": True, "summarise": True, **parts.pop("default", {})}, **parts}
    )
    times = {"timeout": millis, "within": within}
    given = {name: value for name, value in times.items() if value is not None}
    return rules.model_copy(update={"model": rules.model.model_copy(update=given)})


@asynccontextmanager
async def a_desk(
    folder: Path | None = None, *, key: str = KEY, millis: int | None = None, within: int | None = None, **parts: Any
) -> AsyncIterator[Desk]:
    """One, closed at the end."""
    async with chat_server() as server:
        rules = rules_for(server.endpoint, millis=millis, within=within, **parts)
        cache = Cache(folder / "answers" if folder else None, rules.cache.answers, rules.cache.keep / 1000)
        desk = Desk(server, rules, Stores(Ledger(folder / "spent" if folder else None), cache), key=key)
        try:
            yield desk
        finally:
            await desk.assistant.close()

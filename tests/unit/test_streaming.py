"""Streams send what changed, tell when the database is away, and end with the server."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import httpx

from sinks.clickhouse.client import connect
from sinks.dashboard.app import create_page
from sinks.dashboard.database import Away
from sinks.dashboard.streaming import Read, changes
from streams.http_server import address_of, listen, serving

Told = tuple[str, dict[str, Any]]


def answers(*given: dict[str, Any] | Exception) -> Read:
    """A part that gives these one after another, and the last one for ever."""
    left = list(given)

    async def read() -> bytes:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return json.dumps(answer).encode()

    return read


async def told(looks: int, **parts: Read) -> list[Told]:
    """What a stream says that ends after so many looks."""
    left: Iterable[bool] = iter([False] * looks + [True])
    events = [event async for event in changes(parts, lambda: next(iter(left)), look=0)]
    return [(event.event or "", json.loads(event.data)) for event in events if event.data is not None]


async def test_at_first_everything_then_what_changed() -> None:
    live = answers({"a": 1, "b": [1]}, {"a": 1, "b": [1, 2]}, {"a": 1, "b": [1, 2]}, {"a": 2, "b": [1, 2], "c": None})
    alerts = answers({"firing": 0})
    assert await told(5, live=live, alerts=alerts) == [
        ("live", {"a": 1, "b": [1]}),
        ("alerts", {"firing": 0}),
        ("live", {"b": [1, 2]}),
        ("live", {"a": 2, "c": None}),
    ]


async def test_a_database_that_is_away_is_told_once_and_then_everything_again() -> None:
    part = answers({"a": 1, "b": 1}, Away("refused"), Away("refused"), TimeoutError(), {"a": 1, "b": 2})
    assert await told(6, live=part) == [
        ("live", {"a": 1, "b": 1}),
        ("away", {"detail": "ClickHouse is away: refused"}),
        ("back", {}),
        ("live", {"a": 1, "b": 2}),
    ]


async def test_a_stream_ends_in_order_with_its_server() -> None:
    page = create_page(lambda: connect("http://127.0.0.1:1", readonly=True))
    listener = listen("127.0.0.1", 0)
    seen: list[str] = []
    begun = asyncio.Event()

    async def view(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", "/api/v1/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                seen.append(line)
                if line.startswith("data:"):
                    begun.set()

    async with httpx.AsyncClient(base_url=address_of(listener), timeout=60, trust_env=False) as client:
        async with serving(page, listener):
            viewing = asyncio.create_task(view(client))
            await asyncio.wait_for(begun.wait(), 60)
        # A stream that is cut off would raise here.
        await viewing
    listener.close()
    assert "event: away" in seen
    assert any("ClickHouse is away" in line for line in seen)


async def test_what_is_no_span_is_refused_before_a_stream_begins() -> None:
    page = create_page(lambda: connect("http://127.0.0.1:1", readonly=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://page") as client:
        answer = await client.get("/api/v1/stream", params={"minutes": 0})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == ["minutes"]

"""Answers that come by themselves: server-sent events with what has changed since the last one.

Every viewer's stream takes its answers from where they are kept for all viewers (`Recent`), so that a hundred streams
ask the database as often as one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import anyio
import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request

from sinks.dashboard.database import Away
from sinks.stopping import stopping_of

Read = Callable[[], Awaitable[bytes]]

# How often a stream looks for an answer that is new, and for a server that stops (seconds).
LOOK_SECONDS: Final = 0.5
# An event without content, so that a connection that is gone is noticed at both ends (seconds).
HEARTBEAT_SECONDS: Final = 10
# After this time a browser whose stream ended opens it again (milliseconds).
RETRY_MS: Final = 2_000
# A viewer who takes nothing for so long is given up (seconds). What came meanwhile is not kept for them.
SEND_SECONDS: Final = 30

_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def stream_of(request: Request, parts: Mapping[str, Read]) -> EventSourceResponse:
    """The parts as server-sent events, each under its name, until the viewer or the server ends it."""
    events = changes(parts, stopping_of(request.scope))
    return EventSourceResponse(events, ping=HEARTBEAT_SECONDS, ping_message_factory=_beat, send_timeout=SEND_SECONDS)


async def changes(
    parts: Mapping[str, Read], stopping: Callable[[], bool], look: float = LOOK_SECONDS
) -> AsyncIterator[ServerSentEvent]:
    """An event for each part that is new: first the whole JSON object, then its members that changed.

    While the database is away, one event `away` says why; then `back`, and everything once more.
    """
    yield ServerSentEvent(comment="the members of each answer that changed", retry=RETRY_MS)
    sent: dict[str, dict[str, msgspec.Raw]] = {}
    away = False
    while not stopping():
        try:
            for name, read in parts.items():
                members = _decoder.decode(await read())
                if away:
                    away = False
                    yield ServerSentEvent(event="back", data="{}")
                changed = _changed(sent.get(name, {}), members)
                if changed:
                    sent[name] = members
                    yield ServerSentEvent(event=name, data=_json(changed))
        except (Away, TimeoutError) as error:
            if not away:
                away = True
                sent.clear()
                why = str(error) or "it takes too long to answer"
                yield ServerSentEvent(event="away", data=_json({"detail": f"ClickHouse is away: {why}"}))
        await anyio.sleep(look)


def _beat() -> ServerSentEvent:
    return ServerSentEvent(event="beat", data="{}")


def _changed(before: Mapping[str, msgspec.Raw], now: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    return {name: value for name, value in now.items() if before.get(name) != value}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()

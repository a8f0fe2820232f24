"""The load generator of the latency bench: one POST for each event at fixed times, whatever the answers do."""

import asyncio
import contextlib
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import uvloop

from tests.bench.events import CHANNELS, TEXTS, encode

ANGRY = "This is the worst, most terrible, horrible, awful and disgusting service. I hate it."
# Every fourth ticket is angry from its first message on, and each ticket has three.
ANGRY_EVERY, EVENTS_PER_TICKET = 4, 3


class Load(NamedTuple):
    """Events a second for so many seconds, to one gateway. What was sent is written to `results`."""

    gateway: str
    rate: float
    seconds: float
    results: str


class Sent(NamedTuple):
    """One event: when it was due and when its answer came, in seconds of the machine's monotonic clock. Status 0 is an
    event whose connection broke: whether it was stored is not known, as for any client.
    """

    event_id: str
    due: float
    answered: float
    status: int


def event(number: int) -> dict[str, Any]:
    """The event of that number; a ticket's messages are about a second apart."""
    block, place = divmod(number, 200 * EVENTS_PER_TICKET)
    ticket = block * 200 + place % 200
    angry = ticket % ANGRY_EVERY == 0
    return {
        "event_id": f"bench-{number:06d}",
        "ticket_id": f"B-{ticket:06d}",
        "type": "created" if place < 200 else "message",
        "status": "open",
        "channel": CHANNELS[ticket % len(CHANNELS)],
        "text": ANGRY if angry else TEXTS[number % len(TEXTS)],
        "occurred_at": time.time(),
    }


async def run(load: Load) -> list[Sent]:
    """Send everything on schedule; returns when the last answer is in."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        began = time.monotonic() + 0.5
        sends = []
        for number in range(int(load.rate * load.seconds)):
            due = began + number / load.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            sends.append(asyncio.create_task(_send(session, load.gateway, number, due)))
        return await asyncio.gather(*sends)


async def _send(session: aiohttp.ClientSession, gateway: str, number: int, due: float) -> Sent:
    body = event(number)
    status = 0
    with contextlib.suppress(aiohttp.ClientError):
        async with session.post(
            f"{gateway}/api/v1/events", data=encode(body), headers={"Content-Type": "application/json"}
        ) as answer:
            await answer.read()
            status = answer.status
    return Sent(body["event_id"], due, time.monotonic(), status)


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.argv[1], type=Load)
    Path(asked.results).write_bytes(msgspec.json.encode(uvloop.run(run(asked))))
    print("[]", flush=True)

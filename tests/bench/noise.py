"""A tenant that sends far more than the others, in the ways in which one does: `python -m tests.bench.noise JSON`."""

import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import aiohttp
import msgspec
import uvloop
from aiokafka import AIOKafkaProducer

from streams import topics
from tests.bench.events import TEXTS, encode

LOUD: Final = "loud"
LIST: Final = 100
CONNECTIONS: Final = 4
# Whoever is refused and tries again at once.
RUDE_SECONDS: Final = 0.02

Kind = Literal["single", "lists", "one ticket", "long texts", "awkward texts", "kafka"]
# Many of what patterns try again and again, and words that are nearly some.
_AWKWARD: Final = ("a" * 40, "! ", "not " * 30, "://", "@." * 60, "((((" * 20, "ref-" * 40, "\u202e" * 40)
AWKWARD: Final = "".join(_AWKWARD) * 40
LONG: Final = " ".join(TEXTS) * 60


class Noise(NamedTuple):
    """`rate` is in events a second for what goes one by one or straight to Kafka; lists are sent without a pause."""

    gateway: str
    brokers: str
    kind: Kind
    rate: float
    seconds: float


class Made(NamedTuple):
    """Events that were accepted and refused."""

    accepted: int
    refused: int


def event(number: int, kind: Kind) -> dict[str, Any]:
    """The event of that number."""
    text = {"long texts": LONG, "awkward texts": AWKWARD}.get(kind) or TEXTS[number % len(TEXTS)]
    return {
        "event_id": f"{LOUD}-{time.monotonic_ns()}-{number}",
        "tenant": LOUD,
        "ticket_id": "hot" if kind == "one ticket" else f"L-{number // 4:07d}",
        "channel": "chat",
        "status": "open",
        "text": text,
        "occurred_at": time.time(),
    }


async def run(noise: Noise) -> Made:
    """Make it for so long."""
    if noise.kind == "kafka":
        return await _kafka(noise)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        if noise.kind in ("single",):
            return await _singles(session, noise)
        made = await asyncio.gather(*(_lists(session, noise, number) for number in range(CONNECTIONS)))
    return Made(sum(each.accepted for each in made), sum(each.refused for each in made))


async def _singles(session: aiohttp.ClientSession, noise: Noise) -> Made:
    began, sends = time.monotonic(), []
    for number in range(int(noise.rate * noise.seconds)):
        await asyncio.sleep(max(0.0, began + number / noise.rate - time.monotonic()))
        sends.append(asyncio.create_task(_post(session, noise.gateway, event(number, noise.kind))))
    statuses = await asyncio.gather(*sends)
    return Made(statuses.count(202), len(statuses) - statuses.count(202))


async def _lists(session: aiohttp.ClientSession, noise: Noise, connection: int) -> Made:
    accepted = refused = 0
    until, number = time.monotonic() + noise.seconds, connection * 1_000_000
    size = LIST if noise.kind in ("lists", "one ticket") else LIST // 5
    while time.monotonic() < until:
        body = [event(number + each, noise.kind) for each in range(size)]
        number += size
        if await _post(session, noise.gateway, body) == 202:
            accepted += size
        else:
            refused += size
            await asyncio.sleep(RUDE_SECONDS)
    return Made(accepted, refused)


async def _post(session: aiohttp.ClientSession, gateway: str, body: list[dict[str, Any]] | Mapping[str, Any]) -> int:
    headers = {"Content-Type": "application/json"}
    async with session.post(f"{gateway}/api/v1/events", data=encode(body), headers=headers) as answer:
        await answer.read()
        return answer.status


async def _kafka(noise: Noise) -> Made:
    async with AIOKafkaProducer(bootstrap_servers=noise.brokers, linger_ms=5) as producer:
        began, sent = time.monotonic(), 0
        while (passed := time.monotonic() - began) < noise.seconds:
            while sent < passed * noise.rate:
                one = event(sent, noise.kind)
                await producer.send(topics.EVENTS, encode(one), f"{LOUD}/{one['ticket_id']}".encode())
                sent += 1
            await asyncio.sleep(0.01)
        await producer.flush()
    return Made(sent, 0)


if __name__ == "__main__":
    made = uvloop.run(run(msgspec.json.decode(sys.argv[1], type=Noise)))
    print(msgspec.json.encode(made).decode(), flush=True)

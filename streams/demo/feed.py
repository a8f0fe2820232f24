"""A live feed for demonstrations: real complaints as tickets that are opened, talked about, solved and rated.

`conversations` and `history` are pure: the same complaints, seed and run give the same events. Only `Feed` knows time
and the log.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import count, islice
from random import Random
from typing import Any, NamedTuple

import msgspec

from schemas.events import TicketEvent, ticket_key
from schemas.scored import encode_event
from streams.demo.script import Complaint, script_of
from streams.gateway.writer import EventWriter, NotAcknowledged

OPEN_CONVERSATIONS = 40
NEW_TICKET_SHARE = 0.25
MAX_BATCH = 500
RETRY_SECONDS = 1.0


class Step(NamedTuple):
    """One event of the feed without its time. `delay` before it is in mean intervals: its mean is 1."""

    delay: float
    fields: Mapping[str, Any]


def load_complaints() -> list[Complaint]:
    """The complaints that come with the product."""
    lines = files("streams.demo.data").joinpath("complaints.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Complaint) for line in lines]


def conversations(complaints: Sequence[Complaint], seed: int, run: str = "0") -> Iterator[Step]:
    """Endless steps of interleaved conversations. Each complaint opens one ticket in every round through all of them.

    Ids are made of `run` and a counter: unique over runs of different names, the same within one.
    """
    random = Random(seed)  # noqa: S311 - a demonstration that can be repeated
    numbers = count(1)
    waiting = _tickets(complaints, random, run)
    talking: list[Iterator[dict[str, Any]]] = []
    while True:
        if len(talking) < OPEN_CONVERSATIONS and (not talking or random.random() < NEW_TICKET_SHARE):
            talking.append(next(waiting))
            chosen = talking[-1]
        else:
            chosen = random.choice(talking)
        fields = next(chosen, None)
        if fields is None:
            talking.remove(chosen)
            continue
        yield Step(random.expovariate(1.0), {"event_id": f"feed-{run}-{next(numbers)}", **fields})


def _tickets(complaints: Sequence[Complaint], random: Random, run: str) -> Iterator[Iterator[dict[str, Any]]]:
    numbers = count(1)
    while True:
        for complaint in random.sample(complaints, len(complaints)):
            yield iter(script_of(complaint, f"T-{run}-{next(numbers)}", random))


def history(steps: Iterable[Step], rate: float, begin: datetime) -> Iterator[TicketEvent]:
    """The events as if they had been sent from `begin` on, `rate` a second on average."""
    at = begin
    for step in steps:
        at += timedelta(milliseconds=round(step.delay / rate * 1000))
        yield msgspec.convert({**step.fields, "occurred_at": at}, TicketEvent)


class Feed:
    """Sends steps to a log at a rate. Kafka away: the same events are sent again until they are acknowledged."""

    def __init__(self, writer: EventWriter, clock: Callable[[], datetime]) -> None:
        self._writer = writer
        self._clock = clock
        self.sent = 0
        self.away = False

    async def run(self, steps: Iterable[Step], rate: float) -> None:
        """Send `rate` events a second on average, each with the time at which it is sent. Ends when the steps do."""
        loop = asyncio.get_running_loop()
        steps = iter(steps)
        due = loop.time()
        while batch := list(islice(steps, 1)):
            due += batch[0].delay / rate
            await asyncio.sleep(max(0.0, due - loop.time()))
            while due < loop.time() and len(batch) < MAX_BATCH and (more := next(steps, None)):
                due += more.delay / rate
                batch.append(more)
            if not await self._send([step.fields for step in batch]):
                # What an outage held up is not made up for in one burst.
                due = loop.time()

    async def _send(self, batch: Sequence[Mapping[str, Any]]) -> bool:
        """Send until acknowledged. False when it took more than one attempt."""
        now = self._clock()
        events = [msgspec.convert({**fields, "occurred_at": now}, TicketEvent) for fields in batch]
        attempts = 1
        while not await self._acknowledged(events):
            self.away = True
            attempts += 1
            await asyncio.sleep(RETRY_SECONDS)
        self.away = False
        self.sent += len(events)
        return attempts == 1

    async def _acknowledged(self, events: Sequence[TicketEvent]) -> bool:
        sends = [self._writer.send(ticket_key(one.tenant, one.ticket_id), encode_event(one)) for one in events]
        results = await asyncio.gather(*sends, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, NotAcknowledged):
                raise result
        return not any(results)

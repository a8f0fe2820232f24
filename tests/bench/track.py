"""`track` with the default policy, through Kafka: conversations of ten messages, many of them at a time."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from statistics import median
from typing import Final, NamedTuple
from uuid import uuid4

from msgspec.structs import replace
from rich.console import Console

from schemas.events import TicketEvent, ticket_key
from schemas.scored import ScoredEvent, encode_event
from streams import topics as product
from streams.score import Received, score_events
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of
from streams.topics import Topic
from tests.bench import topics
from tests.bench.events import CHANNELS, Generated
from tests.bench.figures import Figure, at_least, below, known
from tests.bench.lap import Lap
from tests.bench.run import Run, lap_of
from tests.bench.score import complaints
from tests.soak.reading import read_topic

MESSAGES: Final = 10
# Conversations that go on at the same time.
AT_A_TIME: Final = 500
EVENTS_A_SECOND: Final = 20_000
CHANGELOG_BYTES: Final = 1_200
# Distinct texts: what they say varies, and scoring them takes seconds, not minutes.
TEXTS: Final = 2_000


class Size(NamedTuple):
    """How many events are tracked; the first ones do not count in the rate."""

    events: int = 100_000
    warm_up: int = 20_000
    repetitions: int = 3


QUICK = Size(events=20_000, warm_up=5_000, repetitions=1)


async def measure(brokers: str, size: Size, console: Console) -> list[Figure]:
    """Laps of a worker, each beside a bare loop over the same events, and what a lap's changelog holds."""
    given = f"bench-scored-{uuid4().hex[:8]}"
    await topics.make(brokers, Topic(given, topics.LOG), *(Topic(name, topics.LOG) for name in _OUTPUTS))
    await topics.fill(brokers, given, conversations(size.events))
    bare: list[Lap] = []
    laps: list[Lap] = []
    logged: list[float] = []
    for _ in range(size.repetitions):
        bare.append(await _lap(brokers, "bare_loop", _run(brokers, given, size)))
        asked = _run(brokers, given, size)
        laps.append(await _lap(brokers, "track_worker", asked))
        rows = await read_topic(brokers, asked.changelog, topics.PARTITIONS)
        logged.append(sum(len(row.key or b"") + len(row.value or b"") for row in rows) / size.events)
        console.print(
            f"  track: {laps[-1].rate:,.0f} events/s, {laps[-1].cpu_micros:.0f} µs of processor time an event "
            f"(bare loop {bare[-1].cpu_micros:.0f}), {logged[-1]:.0f} bytes of changelog"
        )
    note = "of one core: by processor time"
    rates = [1e6 / lap.cpu_micros for lap in laps]
    times = [a.cpu_micros / b.cpu_micros for a, b in zip(laps, bare, strict=True)]
    return [
        at_least("track", "events with the default policy", rates, "events/s", EVENTS_A_SECOND, note),
        known("track", "event / bare loop's, by processor time", times, "x"),
        below("track", "changelog of conversations of 10 messages", median(logged), "bytes/event", CHANGELOG_BYTES),
    ]


_OUTPUTS = (
    *(product.ESCALATIONS, product.PARTIALS, product.REGISTRY, product.CONVERSATIONS),
    *(product.NOTICES, product.DEAD_LETTERS),
)


def conversations(count: int, first: int = 0) -> Iterator[Generated]:
    """Scored events of the last minutes: the customer writes, and now and then an agent answers. Numbers of events and
    tickets begin with `first`.
    """
    scored = scored_texts()
    choose = Random(7)
    now = time.time() - count / 1000
    tickets = [_Ticket(number) for number in range(AT_A_TIME)]
    for number in range(count):
        place = choose.randrange(AT_A_TIME)
        ticket = tickets[place]
        if ticket.messages == MESSAGES:
            ticket = _Ticket(ticket.number + AT_A_TIME)
        tickets[place] = ticket._replace(messages=ticket.messages + 1)
        event = replace(
            choose.choice(scored),
            event_id=f"event-{first + number:012d}",
            ticket_id=f"T-{first + ticket.number:07d}",
            customer_id=f"customer-{ticket.number % 50_000:05d}",
            channel=choose.choice(CHANNELS),
            occurred_at=datetime.fromtimestamp(now + number / 1000, UTC),
            **({"type": "agent_reply", "voice": "agent"} if ticket.messages % 3 == 2 else {}),
        )
        yield Generated(ticket_key(event.tenant, event.ticket_id), encode_event(event))


class _Ticket(NamedTuple):
    number: int
    messages: int = 0


def scored_texts() -> list[ScoredEvent]:
    """What `score` makes of real texts of 100 characters with the default preset."""
    at = datetime.now(UTC)
    events = (TicketEvent(event_id="e", ticket_id="t", occurred_at=at, text=text) for text in complaints()[:TEXTS])
    received = [Received(event, at) for event in events]
    return score_events(received, scorer_of("support"), reader_of("support"))


def _run(brokers: str, given: str, size: Size) -> Run:
    run = uuid4().hex[:8]
    return Run(
        brokers=brokers,
        name=f"bench-track-{run}",
        input=given,
        output=f"bench-track-out-{run}",
        changelog=f"bench-track-changelog-{run}",
        partitions=topics.PARTITIONS,
        warm_up=size.warm_up,
        total=size.events,
    )


async def _lap(brokers: str, module: str, asked: Run) -> Lap:
    await topics.make(brokers, Topic(asked.output, topics.LOG), Topic(asked.changelog, topics.CHANGELOG))
    return await lap_of(f"tests.bench.{module}", asked)

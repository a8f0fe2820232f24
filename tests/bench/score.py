"""`score` with everything on, through Kafka, beside what the stock libraries take for the text alone."""

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from rich.console import Console

from streams import topics as product
from streams.topics import Topic
from tests.bench import topics
from tests.bench.events import generate
from tests.bench.figures import Figure, at_least
from tests.bench.lap import Lap
from tests.bench.run import Run, lap_of
from tests.parity.stock import stock_polarity_scores, stock_sentiment
from tests.parity.texts import texts_of

COMPLAINTS = Path(__file__).parents[1] / "data" / "complaints.jsonl"
CHARACTERS = 100
# 12,000 events a second are 83 microseconds each, where VADER and TextBlob take 183 for a text of that length.
EVENTS_A_SECOND = 12_000
TIMES = 183 / (1e6 / EVENTS_A_SECOND)


class Size(NamedTuple):
    """How many events are scored; the first ones do not count."""

    events: int = 60_000
    warm_up: int = 10_000
    repetitions: int = 3


QUICK = Size(events=12_000, warm_up=4_000, repetitions=1)


async def measure(brokers: str, size: Size, console: Console) -> list[Figure]:
    """Laps of a worker; the stock libraries look at the same texts before and after each."""
    texts = complaints()
    await topics.make(brokers, *(Topic(name, topics.LOG) for name in (product.EVENTS, product.SCORED)))
    await topics.make(brokers, Topic(product.DEAD_LETTERS, topics.LOG))
    await topics.fill(brokers, product.EVENTS, generate(size.events, texts=texts))
    stock = [_stock_micros(texts)]
    laps: list[Lap] = []
    for _ in range(size.repetitions):
        laps.append(await _lap(brokers, size))
        stock.append(_stock_micros(texts))
        console.print(
            f"  score: {laps[-1].rate:,.0f} events/s, {laps[-1].cpu_micros:.0f} µs of processor time an event; "
            f"stock VADER and TextBlob {stock[-2]:.0f} µs a text before, {stock[-1]:.0f} after"
        )
    note = "of one core: by processor time"
    # A machine that others use too changes its speed: the faster of the two says less for us.
    times = [min(around) / lap.cpu_micros for around, lap in zip(pairwise(stock), laps, strict=True)]
    return [
        at_least(
            "score",
            "events with everything on",
            [1e6 / lap.cpu_micros for lap in laps],
            "events/s",
            EVENTS_A_SECOND,
            note,
        ),
        at_least("score", "stock libraries' time for the text / event", times, "x", round(TIMES, 2)),
    ]


def complaints() -> list[str]:
    """All of the complaints, cut into texts of 100 characters."""
    whole = " ".join(" ".join(texts_of(COMPLAINTS)).split())
    return [whole[start : start + CHARACTERS] for start in range(0, len(whole) - CHARACTERS, CHARACTERS)]


def _stock_micros(texts: Sequence[str]) -> float:
    stock_sentiment("The lexicon is read at the first call.")
    began = time.process_time()
    for text in texts:
        stock_polarity_scores(text)
        stock_sentiment(text)
    return (time.process_time() - began) / len(texts) * 1e6


async def _lap(brokers: str, size: Size) -> Lap:
    run = uuid4().hex[:8]
    asked = Run(
        brokers=brokers,
        name=f"bench-score-{run}",
        input=product.EVENTS,
        output=product.SCORED,
        changelog=f"bench-score-changelog-{run}",
        partitions=topics.PARTITIONS,
        warm_up=size.warm_up,
        total=size.events,
    )
    await topics.make(brokers, Topic(asked.changelog, topics.CHANGELOG))
    return await lap_of("tests.bench.score_worker", asked)

"""A fair sample of what customers write, told to `trends`: an alert shows what it is about by it."""

from collections import defaultdict
from heapq import nsmallest
from typing import Final

from schemas import windows as schema
from schemas.scored import ScoredEvent
from schemas.windows import HUNDREDTHS, Sample, Samples
from streams import topics
from streams.engine.stage import Output
from streams.engine.state import Overlay, Table
from streams.windows import WindowRules

# Of one tenant, from one tick to the next.
TOLD_AT_ONCE: Final = 20

# Derived: what is told at the next tick. A crash loses a second of examples, which no figure hangs on.
WAITING = Table(b"s", tuple[Sample, ...], derived=True)


class Sampler:
    """The texts of a batch. Those with the lowest ranks are kept; a rank is a hash of the event's id."""

    def __init__(self) -> None:
        self._texts: dict[str, list[tuple[int, int, ScoredEvent]]] = defaultdict(list)

    def add(self, rank: int, at_ms: int, event: ScoredEvent) -> None:
        """Consider an event that happened then (Unix milliseconds), if it is a customer's text with a score."""
        if event.sentiment is not None and event.voice == "customer":
            self._texts[event.tenant].append((rank, at_ms, event))

    def keep(self, state: Overlay) -> None:
        """Keep some for the next tick."""
        for tenant, texts in self._texts.items():
            name = tenant.encode()
            chosen = map(_sample, nsmallest(TOLD_AT_ONCE, texts, key=_rank))
            waiting = sorted((*(state.get(WAITING, name) or ()), *chosen), key=lambda sample: sample.rank)
            state.put(WAITING, name, tuple(waiting[:TOLD_AT_ONCE]))


def tell(rules: WindowRules, state: Overlay, output: Output) -> None:
    """Send what waits."""
    for name, waiting in state.rows(WAITING):
        tenant = name.decode()
        output.send(topics.PARTIALS, schema.home(tenant, rules.watched), schema.encode(Samples(tenant, waiting)))
        state.delete(WAITING, name)


def _rank(text: tuple[int, int, ScoredEvent]) -> int:
    return text[0]


def _sample(text: tuple[int, int, ScoredEvent]) -> Sample:
    rank, at_ms, event = text
    points = event.sentiment.score if event.sentiment is not None else 0
    return Sample(
        rank,
        at_ms // 1000,
        event.ticket_id,
        event.channel,
        event.category,
        round(points * HUNDREDTHS),
        event.reading.key_phrases,
    )

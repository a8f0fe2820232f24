"""What an event costs `track` beside so many tickets of state, in a process of its own: no Kafka, one partition."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from statistics import median
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from schemas.scored import ScoredEvent, encode_event
from streams.engine.garbage import collect_garbage_seldom
from streams.engine.offline import Given
from streams.engine.stage import Batch
from streams.engine.state import Overlay, State
from streams.escalation.book import preset_book
from streams.track import TrackStage
from streams.windows import WindowRules
from tests.bench.track import scored_texts
from tests.bench.usage import resident_bytes

LAPS: Final = 5
BATCHES: Final = 10
BATCH: Final = 200
EVENT_IDS: Final = 100
_NAME: Final = b"default/T-0000000"


class StateCost(NamedTuple):
    """`event_micros` are of processor time, the median of five laps of 2,000 events, each of another ticket, whose rows
    are decoded for it. `restore_seconds` and `tick_ms` are of a take-over's timers and of the first ticks after it.
    """

    tickets: int
    rows: int
    event_micros: float
    least_micros: float
    tick_ms: float
    restore_seconds: float
    bytes_per_ticket: float


def measure(tickets: int) -> StateCost:
    """Fill a partition's state, and let events continue tickets that are chosen evenly among all of them."""
    events = scored_texts()
    stage = _stage()
    memory = resident_bytes(os.getpid())
    rows = _rows(stage, events[0], tickets)
    state = State(0, 1, rows)
    count = len(rows)
    del rows
    per_ticket = (resident_bytes(os.getpid()) - memory) / tickets
    now = time.time_ns() // 1_000_000
    began = time.process_time()
    _merged(state, stage.restore)
    restored = time.process_time() - began
    began = time.process_time()
    for step in range(LAPS):
        _merged(state, partial(stage.tick, now + step, False))
    ticks = (time.process_time() - began) / LAPS * 1e3
    laps = _laps(stage, state, events, tickets)
    return StateCost(tickets, count, median(laps), min(laps), ticks, restored, per_ticket)


def _laps(stage: TrackStage, state: State, events: Sequence[ScoredEvent], tickets: int) -> list[float]:
    wanted = LAPS * BATCHES * BATCH
    chosen = Random(7).sample(range(tickets), wanted)
    now = time.time_ns() // 1_000_000
    given = []
    for number, ticket in enumerate(chosen):
        key = _key(ticket)
        event = replace(events[number % len(events)], ticket_id=key[8:].decode(), event_id=f"later-{number:07d}")
        given.append(Given(number, now, key, encode_event(event)))
    laps = []
    for lap in range(LAPS):
        began = time.process_time()
        for batch in range(BATCHES):
            first = (lap * BATCHES + batch) * BATCH
            overlay = Overlay(state)
            stage.process(Batch(stage.input, 0, given[first : first + BATCH]), overlay, now)
            # What the changelog is given is part of an event's cost.
            overlay.logged()
            state.merge(overlay)
        laps.append((time.process_time() - began) / (BATCHES * BATCH) * 1e6)
    return laps


def _rows(stage: TrackStage, event: ScoredEvent, tickets: int) -> dict[bytes, bytes]:
    """The rows of so many tickets of one message each: those of one ticket under other keys, no two the same object."""
    overlay = Overlay(State(0, 1))
    now = time.time_ns() // 1_000_000
    first = replace(event, ticket_id=_NAME[8:].decode(), event_id="first")
    stage.process(Batch(stage.input, 0, [Given(0, now, _NAME, encode_event(first))]), overlay, now)
    of_ticket = [(key, row) for key, row in overlay.logged().items() if _NAME in key and row is not None]
    return {
        key.replace(_NAME, _key(number)): bytes(bytearray(row)) for number in range(tickets) for key, row in of_ticket
    }


def _key(number: int) -> bytes:
    return b"default/T-%07d" % number


def _stage() -> TrackStage:
    return TrackStage(preset_book("support"), EVENT_IDS, WindowRules())


def _merged(state: State, change: Callable[[Overlay], object]) -> None:
    overlay = Overlay(state)
    change(overlay)
    state.merge(overlay)


if __name__ == "__main__":
    collect_garbage_seldom()
    print(msgspec.json.encode(measure(msgspec.json.decode(sys.argv[1], type=int))).decode(), flush=True)

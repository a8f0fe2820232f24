"""What the stage `score` takes of a processor for an event, without Kafka, with something against without it."""

import time
from collections.abc import Sequence

from streams import topics
from streams.engine.stage import Batch
from streams.engine.state import Overlay, State
from streams.score import ScoreStage
from tests.bench.figures import Figure, known
from tests.unit.records import NINE, Appended


def event_micros(stage: ScoreStage, records: Sequence[Appended]) -> float:
    """Processor time of an event of one batch, in microseconds."""
    state = Overlay(State(0, 1))
    began = time.process_time()
    stage.process(Batch(topics.EVENTS, 0, records), state, NINE)
    return (time.process_time() - began) / len(records) * 1e6


def speed_with(bench: str, name: str, without: Sequence[float], with_: Sequence[float]) -> Figure:
    """How many times as fast it is with it as without: below 1 it costs something. Both are of the same laps, in µs."""
    ratios = [bare / more for bare, more in zip(without, with_, strict=True)]
    micros = f"{min(without):.0f} → {min(with_):.0f} µs an event"
    rates = f"{1e6 / min(without):,.0f} → {1e6 / min(with_):,.0f} events/s of one core"
    note = f"{micros}, {rates}, the best of {len(ratios)} laps"
    return known(bench, f"speed with {name} / without", ratios, "times", note)

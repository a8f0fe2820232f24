"""The engine against a bare aiokafka loop and stock Faust, in alternating runs on one broker."""

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import uuid4

from rich.console import Console

from streams.topics import Topic
from tests.bench import topics
from tests.bench.events import generate
from tests.bench.figures import Figure, at_least, known
from tests.bench.lap import Lap
from tests.bench.run import Run, lap_of


class Size(NamedTuple):
    """How much is measured. Stock Faust gets fewer events: it is slow, and its rate does not depend on them."""

    events: int = 400_000
    faust_events: int = 15_000
    warm_up: int = 40_000
    faust_warm_up: int = 3_000
    repetitions: int = 3


QUICK = Size(events=120_000, faust_events=12_000, warm_up=20_000, faust_warm_up=2_000, repetitions=1)

BARE, FAUST, ENGINE, STATE = "bare aiokafka loop", "stock Faust", "engine", "engine with state"
REKEYED_BARE, REKEYED = "bare loop, keyed anew", "engine, keyed anew"
_MODULES = {
    ENGINE: "our_engine",
    BARE: "bare_loop",
    STATE: "our_engine",
    FAUST: "stock_faust",
    REKEYED_BARE: "bare_loop",
    REKEYED: "our_engine",
}
_WANTED = {
    "engine": (BARE, ENGINE, FAUST, REKEYED_BARE, REKEYED),
    "state": (BARE, STATE),
}
_INPUT = "bench-events"


async def measure(brokers: str, benches: Sequence[str], size: Size, console: Console) -> list[Figure]:
    """The figures of the benches `engine` and `state`, whichever are asked for."""
    await topics.make(brokers, Topic(_INPUT, topics.LOG))
    await topics.fill(brokers, _INPUT, generate(size.events))
    # What is compared runs one after the other: other work on the machine then weighs on both.
    contestants = [name for name in _MODULES if any(name in _WANTED[bench] for bench in benches)]
    laps: dict[str, list[Lap]] = {name: [] for name in contestants}
    for number in range(size.repetitions):
        for name in contestants:
            lap = await _lap(brokers, name, size)
            laps[name].append(lap)
            console.print(
                f"  {number + 1}/{size.repetitions} {name}: {lap.rate:,.0f} events/s, {lap.cpu_micros:.1f} µs of "
                f"processor time an event, load {os.getloadavg()[0]:.1f}"
            )
    return [figure for bench in benches for figure in _FIGURES[bench](laps)]


async def _lap(brokers: str, name: str, size: Size) -> Lap:
    run = uuid4().hex[:8]
    slow = name == FAUST
    asked = Run(
        brokers=brokers,
        name=f"bench-{run}",
        input=_INPUT,
        output=f"bench-out-{run}",
        changelog=f"bench-changelog-{run}",
        partitions=topics.PARTITIONS,
        warm_up=size.faust_warm_up if slow else size.warm_up,
        total=size.faust_events if slow else size.events,
        rekey=name in (REKEYED, REKEYED_BARE),
        state=name == STATE,
    )
    await topics.make(brokers, Topic(asked.output, topics.LOG), Topic(asked.changelog, topics.CHANGELOG))
    return await lap_of(f"tests.bench.{_MODULES[name]}", asked)


def _ratios(laps: Mapping[str, Sequence[Lap]], one: str, other: str) -> list[float]:
    """Rate against rate, each repetition against its own neighbour."""
    return [a.rate / b.rate for a, b in zip(laps[one], laps[other], strict=True)]


def _cpu_ratios(laps: Mapping[str, Sequence[Lap]], one: str, other: str) -> list[float]:
    """The same by the processor time of the process: what a busy machine leaves comparable."""
    return [b.cpu_micros / a.cpu_micros for a, b in zip(laps[one], laps[other], strict=True)]


def _engine_figures(laps: Mapping[str, Sequence[Lap]]) -> list[Figure]:
    return [
        _rate("engine", laps, BARE),
        _rate("engine", laps, FAUST),
        _rate("engine", laps, ENGINE),
        at_least("engine", f"{ENGINE} / {BARE}", _ratios(laps, ENGINE, BARE), "x", 0.75),
        known("engine", "the same by processor time", _cpu_ratios(laps, ENGINE, BARE), "x"),
        at_least("engine", f"{ENGINE} / {FAUST}", _ratios(laps, ENGINE, FAUST), "x", 8),
        known("engine", f"{REKEYED} / {REKEYED_BARE}", _ratios(laps, REKEYED, REKEYED_BARE), "x"),
    ]


def _state_figures(laps: Mapping[str, Sequence[Lap]]) -> list[Figure]:
    return [
        _rate("state", laps, STATE),
        at_least("state", f"{STATE} / {BARE}", _ratios(laps, STATE, BARE), "x", 0.65),
        known("state", "the same by processor time", _cpu_ratios(laps, STATE, BARE), "x"),
    ]


_FIGURES = {"engine": _engine_figures, "state": _state_figures}


def _rate(bench: str, laps: Mapping[str, Sequence[Lap]], name: str) -> Figure:
    micros = [round(lap.cpu_micros, 1) for lap in laps[name]]
    return known(bench, name, [lap.rate for lap in laps[name]], "events/s", f"{micros} µs of processor an event")

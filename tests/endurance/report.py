"""Whether the last of it was as the first of it: memory, latency, what waits, processor time. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median
from typing import Final, NamedTuple

from tests.bench.figures import quantile
from tests.endurance.run import Outcome, Sample

#: Seconds that do not count: caches and state are filled, and the interpreter has seen everything once.
SETTLED: Final = 900.0
#: By how much a process may have more memory at the end, as a share.
GROWTH: Final = 0.03
#: And what each row of state that has been added since may take: windows are kept for three days.
ROW_BYTES: Final = 1_500
_PARTS: Final = 4


class Part(NamedTuple):
    """Some minutes of the flow: of each process the median of its memory (bytes) and the share of a processor that it
    took, of each stage its state's rows at the end, the most that waited, and of the rows that were looked for how long
    they took at the median, at 99 % and at most (seconds), and how many were not seen.
    """

    begin: float
    end: float
    memory: dict[str, float]
    processor: dict[str, float]
    rows: dict[str, float]
    lag: int
    latency: tuple[float, float, float]
    unseen: int


def parts(outcome: Outcome) -> list[Part]:
    """The settled time in four equal parts."""
    begin = min(SETTLED, outcome.plan.seconds / 8)
    length = (outcome.plan.seconds - begin) / _PARTS
    bounds = [(begin + number * length, begin + (number + 1) * length) for number in range(_PARTS)]
    return [_part(outcome, *bound) for bound in bounds]


def growth(found: Sequence[Part]) -> dict[str, float]:
    """By which share the memory of each process is larger in the last part than in the first."""
    return {name: found[-1].memory[name] / first - 1 for name, first in found[0].memory.items()}


def grown(found: Sequence[Part]) -> list[str]:
    """The product's processes that grew by more than they may, in words; ClickHouse's server here is not the
    product's.
    """
    first, last = found[0], found[-1]
    rows = {name: last.rows.get(name, 0.0) - first.rows.get(name, 0.0) for name in first.memory}
    return [
        f"{name} has {share:.1%} more memory in the last part than in the first, and {rows[name]:,.0f} rows more"
        for name, share in growth(found).items()
        if name != "ClickHouse"
        and last.memory[name] > first.memory[name] * (1 + GROWTH) + max(0.0, rows[name]) * ROW_BYTES
    ]


def table(found: Sequence[Part]) -> Iterator[str]:
    """Lines of a table in Markdown, a column for each part."""
    yield _line("minutes", (f"{part.begin / 60:.0f} to {part.end / 60:.0f}" for part in found))
    yield _line("---", ("---" for _ in found))
    for title, tell in _TOLD:
        yield _line(title, map(tell, found))
    for name, share in growth(found).items():
        cells = (f"{part.memory[name] / 2**20:.1f} MiB, {part.processor[name]:.2f} processors" for part in found)
        yield _line(f"{name} ({share:+.1%})", cells)
    for name in found[0].rows:
        yield _line(f"{name}: rows of state", (f"{part.rows[name]:,.0f}" for part in found))


_TOLD: Final[Sequence[tuple[str, Callable[[Part], str]]]] = (
    ("an event's row is there after, p50", lambda part: f"{part.latency[0]:.2f} s"),
    ("p99", lambda part: f"{part.latency[1]:.2f} s"),
    ("at most", lambda part: f"{part.latency[2]:.2f} s"),
    ("not seen within a minute", lambda part: str(part.unseen)),
    ("records that waited for all readers together, at most", lambda part: f"{part.lag:,}"),
)


def _part(outcome: Outcome, begin: float, end: float) -> Part:
    samples = _within(outcome.samples, begin, end)
    seen = [each.seconds for each in outcome.seen if begin <= each.at < end]
    found = sorted(seconds for seconds in seen if seconds is not None)
    first, last = samples[0], samples[-1]
    return Part(
        begin,
        end,
        {name: median(sample.memory[name] for sample in samples) for name in first.memory},
        {name: (last.processor[name] - spent) / (last.at - first.at) for name, spent in first.processor.items()},
        last.rows,
        max(sum(sample.lag.values()) for sample in samples),
        (quantile(found, 0.5), quantile(found, 0.99), found[-1]),
        len(seen) - len(found),
    )


def _within(told: Sequence[Sample], begin: float, end: float) -> list[Sample]:
    return [each for each in told if begin <= each.at < end]


def _line(title: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join([title, *cells])} |"

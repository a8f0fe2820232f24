"""Which faults happen when: drawn from a seed alone. Pure."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Final, NamedTuple

from tests.soak.cluster import STAGES

# A worker's session is six seconds: a nap is shorter, a sleep is longer.
NAP_SECONDS: Final = (0.5, 4.0)
SLEEP_SECONDS: Final = (8.0, 20.0)
# Faults come in bursts as well as one by one: half of the gaps are this share of the mean.
_CLOSE = 0.2
# What takes longer than this before the end of a lap is drawn shorter.
_LEAST_SECONDS = 0.5


class Kind(NamedTuple):
    """How often a kind of fault is drawn, beside the others, and how many seconds it takes; none: it is done at once.

    `staged` kinds strike workers of a stage, the others what there is one of.
    """

    weight: int
    seconds: tuple[float, float] = (0.0, 0.0)
    staged: bool = False


KINDS: Final[Mapping[str, Kind]] = {
    "worker killed": Kind(16, staged=True),
    "worker ended": Kind(10, staged=True),
    "worker joins": Kind(8, (4.0, 15.0), staged=True),
    "worker naps": Kind(10, NAP_SECONDS, staged=True),
    "worker sleeps": Kind(8, SLEEP_SECONDS, staged=True),
    "stage killed": Kind(3, staged=True),
    "stage rolled": Kind(3, staged=True),
    "broker killed": Kind(3, (0.5, 4.0)),
    "broker ended": Kind(3, (0.5, 4.0)),
    "broker hangs": Kind(5, (0.5, 9.0)),
    "sink killed": Kind(5),
    "sink ended": Kind(3),
    "sink sleeps": Kind(3, SLEEP_SECONDS),
    "ClickHouse killed": Kind(4, (0.5, 15.0)),
    "ClickHouse hangs": Kind(4, (0.5, 15.0)),
    "network cut": Kind(4, (0.5, 12.0)),
    "network silent": Kind(3, (0.5, 12.0)),
    "answers lost": Kind(3, (0.5, 12.0)),
    "network slow": Kind(3, (2.0, 12.0)),
    "all is poison": Kind(3, (0.5, 5.0)),
    "half is poison": Kind(2, (1.0, 8.0)),
    "all is repeated": Kind(3, (1.0, 8.0)),
    "all is late": Kind(2, (1.0, 8.0)),
    "all is ahead": Kind(2, (1.0, 5.0)),
}


class Injection(NamedTuple):
    """A fault that begins `at` seconds after the first event and lasts `seconds`. `draw`, from 0 to 1, chooses the
    victim among those that there are then.
    """

    at: float
    kind: str
    stage: str
    seconds: float
    draw: float

    def __str__(self) -> str:
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:7.1f} s  {self.kind}{f' ({self.stage})' if self.stage else ''}{lasts}"


def schedule(seed: int, seconds: float, mean_gap: float) -> list[Injection]:
    """The faults of a lap, in order, `mean_gap` seconds apart on average; all are over when the lap is."""
    return list(_drawn(Random(f"chaos {seed}"), seconds, mean_gap))


def _drawn(random: Random, seconds: float, mean_gap: float) -> Iterator[Injection]:
    names, weights = list(KINDS), [kind.weight for kind in KINDS.values()]
    at = 0.0
    while True:
        # The mean of both is 1.
        at += random.expovariate(1.0) * mean_gap * random.choice((_CLOSE, 2 - _CLOSE))
        left = seconds - at
        if left <= _LEAST_SECONDS:
            return
        [name] = random.choices(names, weights)
        kind = KINDS[name]
        lasts = min(random.uniform(*kind.seconds), left)
        stage = random.choice(STAGES) if kind.staged else ""
        yield Injection(at, name, stage, lasts, random.random())

"""Experiments without any difference, and with one, looked at after every ticket: how often the test is wrong, how soon
it is right, and what looking does to a test that is not made for it.

Everything is in arrays, experiments down and tickets along; tests/experiments holds these formulas to the product's.
"""

import time
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from sinks.experiments.sequential import BURN_IN, RARE
from tests.evaluations.row import Row

Array = NDArray[np.float64]
ALPHA: Final = 0.05
_BLOCK: Final = 250


class Paths(NamedTuple):
    """For each experiment and look (number of tickets, rising): the difference and its variance; not a number where
    there is not enough to go by. `looks` are the numbers of tickets.
    """

    difference: Array
    variance: Array
    looks: NDArray[np.int64]


def paths_of(values: Array, is_arm: NDArray[np.bool_], every: int, *, is_share: bool) -> Paths:
    """What the product's `Sums` and `difference` make of the values, after every so many tickets."""
    looks = np.arange(every, values.shape[1] + 1, every)
    at = looks - 1
    number = np.cumsum(is_arm, axis=1)[:, at].astype(float)
    others = looks - number
    total = np.cumsum(np.where(is_arm, values, 0.0), axis=1)[:, at]
    rest = np.cumsum(np.where(is_arm, 0.0, values), axis=1)[:, at]
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = total / number - rest / others
        known = np.minimum(number, others) >= BURN_IN
        if is_share:
            share, other = (total + 1) / (number + 2), (rest + 1) / (others + 2)
            variance = share * (1 - share) / (number + 2) + other * (1 - other) / (others + 2)
            hits = np.round(total + rest)
            known &= np.minimum(number, others) * np.minimum(hits, looks - hits) >= RARE * looks
        else:
            squares = np.cumsum(np.where(is_arm, values**2, 0.0), axis=1)[:, at]
            others_squares = np.cumsum(np.where(is_arm, 0.0, values**2), axis=1)[:, at]
            variance = (squares - total**2 / number) / (number - 1) / number
            variance = variance + (others_squares - rest**2 / others) / (others - 1) / others
    return Paths(np.where(known, difference, np.nan), np.where(known, variance, np.nan), looks)


def halves(variance: Array, tau: float, alpha: float) -> Array:
    """Half the width of the product's interval."""
    spread = variance + tau**2
    wide: Array = np.sqrt(2 * variance * spread / tau**2 * (np.log(1 / alpha) + 0.5 * np.log(spread / variance)))
    return wide


class Tried(NamedTuple):
    """Shares of experiments: `found` a difference at some look, or at the last look by a fixed test; `naive` by looking
    at a fixed test every time; `covered` had the true difference in all intervals. `tickets` is the mean number after
    which one could stop.
    """

    found: float
    fixed: float
    naive: float
    covered: float
    tickets: float
    experiments: int


def tried(
    chance: np.random.Generator,
    kind: str,
    base: float,
    effect: float,
    tau: float,
    tickets: int,
    experiments: int,
    share: float = 0.5,
    every: int = 1,
) -> Tried:
    """Experiments of so many tickets. `kind`: "share" (yes and no), "time" (lognormal, of the mean `base`)."""
    found = fixed = naive = covered = 0
    stopped = 0.0
    z = float(norm.ppf(1 - ALPHA / 2))
    for begin in range(0, experiments, _BLOCK):
        size = min(_BLOCK, experiments - begin)
        is_arm = chance.random((size, tickets)) < share
        mean = base + effect * is_arm
        if kind == "share":
            values = (chance.random((size, tickets)) < mean).astype(float)
        else:
            # Standard deviation as large as the mean, and a long tail.
            values = chance.lognormal(-np.log(2) / 2, np.sqrt(np.log(2)), (size, tickets)) * mean
        paths = paths_of(values, is_arm, every, is_share=kind == "share")
        half = halves(paths.variance, tau, ALPHA)
        refuted = np.abs(paths.difference) > half
        peeked = np.abs(paths.difference) > z * np.sqrt(paths.variance)
        found += int(refuted.any(axis=1).sum())
        naive += int(peeked.any(axis=1).sum())
        fixed += int(peeked[:, -1].sum())
        covered += int((~(np.abs(paths.difference - effect) > half)).all(axis=1).sum())
        first = np.where(refuted.any(axis=1), paths.looks[refuted.argmax(axis=1)], tickets)
        stopped += float(first.sum())
    number = experiments
    return Tried(found / number, fixed / number, naive / number, covered / number, stopped / number, number)


def fixed_tickets(variance: float, effect: float, power: float = 0.8) -> int:
    """Tickets of both arms together that a test with one look needs."""
    z = float(norm.ppf(1 - ALPHA / 2) + norm.ppf(power))
    return int(np.ceil(4 * variance * (z / effect) ** 2))


# What is tried: kind, share or mean of the control, tau, and the arm's share of the tickets.
WITHOUT: Final = (
    ("share", 0.02, 0.01, 0.5),
    ("share", 0.1, 0.02, 0.5),
    ("share", 0.3, 0.1, 0.5),
    ("share", 0.05, 0.02, 0.1),
    ("share", 0.3, 0.1, 0.1),
    ("time", 1.0, 0.1, 0.5),
    ("time", 1.0, 0.3, 0.5),
    ("time", 1.0, 0.3, 0.1),
)
# Kind, the control's, the effect, tau.
WITH: Final = (
    ("share", 0.1, -0.02, 0.02),
    ("share", 0.1, -0.04, 0.02),
    ("share", 0.3, -0.05, 0.05),
    ("time", 1.0, -0.1, 0.1),
    ("time", 1.0, -0.2, 0.1),
)
TICKETS: Final = 4_000
SEED: Final = 2_026


def rows() -> list[Row]:
    """How often a difference is claimed where there is none, looking after every ticket, and how often it is missed."""
    chance = np.random.default_rng(SEED)
    told = []
    for kind, base, tau, share in WITHOUT[1:2] + WITHOUT[-1:]:
        begun = time.process_time()
        made = tried(chance, kind, base, 0.0, tau, TICKETS, 2_000, share)
        figures = {"wrong": f"{made.found:.1%}", "fixed test, every look": f"{made.naive:.1%}"}
        told.append(_row(kind, f"no difference, arm of {share:.0%}", made, figures, begun))
    for kind, base, effect, tau in WITH[:1]:
        begun = time.process_time()
        wanted = fixed_tickets((base * (1 - base) + (base + effect) * (1 - base - effect)) / 2, effect)
        made = tried(chance, kind, base, effect, tau, 2 * wanted, 500)
        figures = {"found": f"{made.found:.0%}", "mean tickets": f"{made.tickets:,.0f}", "fixed test": f"{wanted:,}"}
        told.append(_row(kind, f"{base:g} and {base + effect:g}", made, figures, begun))
    return told


def _row(kind: str, data: str, made: Tried, figures: dict[str, str], begun: float) -> Row:
    took = f"{time.process_time() - begun:.0f} s for {made.experiments:,} experiments"
    figures = {"covered": f"{made.covered:.1%}", **figures}
    return Row("experiment", f"made: {kind}, {data}", "every ticket is a look", figures, took)


def main() -> None:
    """Print both tables of docs/experiments.md; it takes some 20 s."""
    chance = np.random.default_rng(SEED)
    print("| values | control | tau | arm's share | every look | fixed test, every look | the same, once | covered |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for kind, base, tau, share in WITHOUT:
        made = tried(chance, kind, base, 0.0, tau, TICKETS, 2_000, share)
        print(
            f"| {kind} | {base:g} | {tau:g} | {share:.0%} | {made.found:.1%} | {made.naive:.1%} | {made.fixed:.1%} "
            f"| {made.covered:.1%} |"
        )
    print("\n| values | control | effect | tau | fixed test | found by then | by twice that | mean tickets |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for kind, base, effect, tau in WITH:
        both = (base, base + effect)
        spread = sum(each * (1 - each) if kind == "share" else each**2 for each in both) / 2
        wanted = fixed_tickets(spread, effect)
        once, twice = (tried(chance, kind, base, effect, tau, times * wanted, 500) for times in (1, 2))
        print(
            f"| {kind} | {base:g} | {effect:+g} | {tau:g} | {wanted:,} | {once.found:.0%} | {twice.found:.0%} "
            f"| {twice.tickets:,.0f} |"
        )


if __name__ == "__main__":
    main()

"""How far two readings of the same messages agree, and which of them people found right. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from schemas.shadow import folded
from streams.evaluation.metrics import confusion, counts_of, macro_f1

# Fewer messages, or fewer that people corrected and of which only one reading is right, say nothing yet.
LEAST_MESSAGES: Final = 100
LEAST_DIFFERING: Final = 10
EXAMPLES: Final = 10
_Z95: Final = 1.959963984540054


class Pair(NamedTuple):
    """A message with both readings, and what people say it is, if they do."""

    tenant: str
    ticket_id: str
    event_id: str
    champion: str
    challenger: str
    probability: float
    corrected: str


class Interval(msgspec.Struct, frozen=True):
    """A share or a difference of shares, and where it lies with 95 %."""

    value: float
    low: float
    high: float


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The messages that people spoke about. `only_champion` and `only_challenger` are those of which one was right.

    `difference` is the challenger's share of right readings less the champion's (paired; Newcombe 1998, method 10);
    `p_value` McNemar's exact test, two-sided: how often as much comes of two that are equally good.
    """

    messages: int
    both_right: int
    only_champion: int
    only_challenger: int
    both_wrong: int
    difference: Interval
    p_value: float
    macro_f1_champion: float
    macro_f1_challenger: float


class Example(msgspec.Struct, frozen=True):
    """A message on which they differ: those of which the challenger is surest come first."""

    tenant: str
    ticket_id: str
    event_id: str
    champion: str
    challenger: str
    probability: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two readings of the same messages. `confusion` counts by the champion's class (row) and the challenger's, both in
    the order of `classes`; `kappa` is Cohen's, None where one class is all there is. `judged` is None where nobody
    spoke.
    """

    messages: int
    agreement: Interval | None
    kappa: float | None
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    judged: Judged | None
    examples: tuple[Example, ...]


def compare(pairs: Sequence[Pair], known: tuple[str, ...]) -> Comparison:
    """All figures. `known` are the classes of the challenger: what the champion and people say is told in these, as far
    as it can be.
    """
    told = [
        pair._replace(champion=folded(pair.champion, known), corrected=folded(pair.corrected, known)) for pair in pairs
    ]
    classes = tuple(sorted({*(pair.champion for pair in told), *(pair.challenger for pair in told)}))
    matrix = confusion([pair.champion for pair in told], [pair.challenger for pair in told], classes)
    same = sum(matrix[place][place] for place in range(len(classes)))
    differing = sorted((pair for pair in told if pair.champion != pair.challenger), key=lambda pair: -pair.probability)
    return Comparison(
        messages=len(told),
        agreement=share(same, len(told)) if told else None,
        kappa=kappa(matrix),
        classes=classes,
        confusion=tuple(map(tuple, matrix)),
        judged=judge([pair for pair in told if pair.corrected]),
        examples=tuple(
            Example(pair.tenant, pair.ticket_id, pair.event_id, pair.champion, pair.challenger, pair.probability)
            for pair in differing[:EXAMPLES]
        ),
    )


def judge(pairs: Sequence[Pair]) -> Judged | None:
    """Which of the two was right, by what people say; None where they say nothing."""
    if not pairs:
        return None
    right = Counter((pair.champion == pair.corrected, pair.challenger == pair.corrected) for pair in pairs)
    only_champion, only_challenger = right[True, False], right[False, True]
    labels = [pair.corrected for pair in pairs]
    return Judged(
        messages=len(pairs),
        both_right=right[True, True],
        only_champion=only_champion,
        only_challenger=only_challenger,
        both_wrong=right[False, False],
        difference=paired_difference(right[True, True], only_champion, only_challenger, right[False, False]),
        p_value=mcnemar(only_champion, only_challenger),
        macro_f1_champion=_macro_f1(labels, [pair.champion for pair in pairs]),
        macro_f1_challenger=_macro_f1(labels, [pair.challenger for pair in pairs]),
    )


def kappa(matrix: Sequence[Sequence[int]]) -> float | None:
    """Cohen's kappa of a confusion matrix: agreement beyond what the shares of the classes alone bring."""
    total = sum(map(sum, matrix))
    if not total:
        return None
    by_chance = sum(sum(row) * sum(column) for row, column in zip(matrix, zip(*matrix, strict=True), strict=True))
    expected = by_chance / total**2
    observed = sum(row[place] for place, row in enumerate(matrix)) / total
    return None if expected == 1 else (observed - expected) / (1 - expected)


def mcnemar(one: int, other: int) -> float:
    """The exact two-sided p-value for two numbers of which each case falls into either with probability 1/2."""
    trials = one + other
    return min(1.0, 2 * math.fsum(_chance(successes, trials) for successes in range(min(one, other) + 1)))


def _chance(successes: int, trials: int) -> float:
    """Of so many successes in so many trials of 1/2."""
    ways = math.lgamma(trials + 1) - math.lgamma(successes + 1) - math.lgamma(trials - successes + 1)
    return math.exp(ways - trials * math.log(2))


def share(part: int, whole: int) -> Interval:
    """A share with Wilson's interval of 95 %."""
    low, high = _wilson(part, whole)
    return Interval(part / whole, low, high)


def paired_difference(both: int, only_first: int, only_second: int, neither: int) -> Interval:
    """The second's share less the first's, both of the same cases: Newcombe's interval of Wilson's for pairs."""
    total = both + only_first + only_second + neither
    first, second = both + only_first, both + only_second
    share_first, share_second = first / total, second / total
    (low_first, high_first), (low_second, high_second) = _wilson(first, total), _wilson(second, total)
    phi = _phi(both, only_first, only_second, neither)
    value = share_second - share_first
    below = (share_second - low_second, high_first - share_first)
    above = (high_second - share_second, share_first - low_first)
    return Interval(value, value - _together(*below, phi), value + _together(*above, phi))


def _together(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(one * one - 2 * phi * one * other + other * other, 0.0))


def _phi(both: int, only_first: int, only_second: int, neither: int) -> float:
    """How far both go together, with Newcombe's correction for continuity."""
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if not margins:
        return 0.0
    product: float = both * neither - only_first * only_second
    if product > 0:
        product = max(product - (both + only_first + only_second + neither) / 2, 0)
    return product / math.sqrt(margins)


def _wilson(part: int, whole: int) -> tuple[float, float]:
    squared = _Z95 * _Z95
    middle = part + squared / 2
    spread = _Z95 * math.sqrt(part * (whole - part) / whole + squared / 4)
    return max((middle - spread) / (whole + squared), 0.0), min((middle + spread) / (whole + squared), 1.0)


def _macro_f1(labels: Sequence[str], said: Sequence[str]) -> float:
    classes = sorted({*labels, *said})
    return macro_f1(counts_of(confusion(labels, said, classes), classes)) or 0.0

"""Whether an evaluation looks at what it could not have known. Pure.

Four checks. A moment's facts must be the same when all rows after it are removed. What a model learns at a cut must be
the same when all rows after the cut are removed. No row may be learned before its outcome could be told, and none may
be tested before the cut. And what is too good to be true is told, because a leak that is in the rows themselves (a
status that is written into the past) passes the first three.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from streams.predictions.facts import NAMES, Facts, Reader
from streams.predictions.history import History, Mask, Numbers, Whole
from streams.predictions.measures import auc

# So well nobody foretells what people will do.
TOO_GOOD: Final = 0.98
_MOMENTS: Final = 12
_TICKETS: Final = 300


class LeakFound(Exception):
    """Something was known too early. The message says what, and at which moment."""


class Fold(NamedTuple):
    """Places of rows to learn from and to test with, and the moment (ms) between them."""

    cut: int
    train: Whole
    test: Whole


Folds = Callable[[Whole, Whole, Sequence[int]], Sequence[Fold]]


def walk_forward(moments: Whole, tellable: Whole, cuts: Sequence[int]) -> list[Fold]:
    """At each cut: learn from what could be told by then, test with what comes until the next. The last cut only ends
    the last test.
    """
    return [
        Fold(cut, np.flatnonzero(tellable <= cut), np.flatnonzero((moments > cut) & (moments <= following)))
        for cut, following in pairwise(cuts)
    ]


def check_folds(moments: Whole, tellable: Whole, folds: Sequence[Fold]) -> None:
    """Raises LeakFound where a fold learns what could not be told at its cut, or tests what lies before it."""
    for fold in folds:
        early = int(np.sum(tellable[fold.train] > fold.cut))
        if early:
            raise LeakFound(
                f"the fold at {fold.cut} learns from {early} rows whose outcome could not be told by then: "
                "a split must follow time"
            )
        before = int(np.sum(moments[fold.test] <= fold.cut))
        if before:
            raise LeakFound(f"the fold at {fold.cut} tests {before} rows from before it: a split must follow time")


def check_facts(reader: Reader, history: History, tickets: Whole, moments: Whole, random: np.random.Generator) -> int:
    """Read facts with and without the rows after some moments; returns how many rows were compared. Raises LeakFound
    that names the facts which differ.
    """
    compared = 0
    if not len(moments):
        return 0
    for moment in np.sort(random.choice(moments, min(_MOMENTS, len(moments)), replace=False)):
        seen = np.unique(tickets[moments <= moment])
        chosen = random.choice(seen, min(_TICKETS, len(seen)), replace=False)
        at = np.full(len(chosen), moment)
        whole, cut = reader(history, chosen, at), reader(history.until(int(moment)), chosen, at)
        wrong = differing(whole, cut)
        if wrong:
            raise LeakFound(
                f"{', '.join(wrong)} at {int(moment)} change when the rows after that moment are removed: "
                "they look ahead"
            )
        compared += len(chosen)
    return compared


def differing(one: Facts, other: Facts) -> list[str]:
    """The names of facts that are not the same to the last bit."""
    wrong = [
        name
        for name in Facts._fields
        if name != "numbers" and not np.array_equal(getattr(one, name), getattr(other, name))
    ]
    of_rows = ~np.all((one.numbers == other.numbers) | (np.isnan(one.numbers) & np.isnan(other.numbers)), axis=0)
    return wrong + [name for name, differs in zip(NAMES, of_rows, strict=True) if differs]


def alarms(chance: Numbers, outcome: Mask, columns: Numbers, names: Sequence[str]) -> list[str]:
    """What is too good to be true: the model's order of rows, or that of a single column."""
    if not outcome.any() or outcome.all():
        return []
    told = []
    if auc(chance, outcome) > TOO_GOOD:
        told.append(f"the model tells outcomes apart with an AUC of {auc(chance, outcome):.3f}: look for a leak")
    for name, column in zip(names, columns.T, strict=False):
        alone = auc(column, outcome)
        if max(alone, 1 - alone) > TOO_GOOD:
            told.append(f"{name} alone tells outcomes apart (AUC {max(alone, 1 - alone):.3f}): it may know them")
    return told

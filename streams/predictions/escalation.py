"""The risk that a conversation escalates within three days: the formula, or a regression that is calibrated. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.predictions import baseline, logistic
from streams.predictions.design import Design, design_of
from streams.predictions.estimates import Because, Foretold
from streams.predictions.facts import Facts
from streams.predictions.history import Mask, Numbers

RECIPE: Final = "logistic regression of 28 facts, channel and category; Platt on the newest quarter"
# So many tickets that escalated, and so many that did not, before a model is tried: ten for each thing that it learns
# would be some 450 (Peduzzi et al., 1996); the ridge lets it do with fewer, and the evaluation decides.
ENOUGH: Final = 100
_REASONS: Final = 5
_CALIBRATED_BY: Final = 0.25


class EscalationModel(NamedTuple):
    """A regression over the columns of a design."""

    design: Design
    logit: logistic.Logit

    def chances(self, facts: Facts, categories: Sequence[str]) -> Numbers:
        """P(escalates within three days)."""
        return logistic.probability(self.logit, self.design.rows(facts, categories))

    def foretell(self, facts: Facts, categories: Sequence[str]) -> Foretold:
        """With bounds, and what speaks for and against it in log-odds, beside the mean of all conversations."""
        rows = self.design.rows(facts, categories)
        parts = logistic.parts(self.logit, rows)
        low, high = logistic.interval(self.logit, rows)

        def because(row: int) -> Because:
            order = np.argsort(-np.abs(parts[row]), kind="stable")[:_REASONS]
            return [(*self.design.told(int(each), float(rows[row, each])), float(parts[row, each])) for each in order]

        return Foretold(logistic.probability(self.logit, rows), low, high, lambda row: "model", because)

    def kept(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and options for a file."""
        numbers = [self.logit.intercept, self.logit.slope, self.logit.shift]
        arrays = {name: np.asarray(getattr(self.logit, name)) for name in ("mean", "scale", "weights", "covariance")}
        return {**arrays, "numbers": np.array(numbers)}, {"categories": list(self.design.categories)}


def load(arrays: Mapping[str, NDArray[Any]], options: Mapping[str, Any]) -> EscalationModel:
    """What `kept` gave. Raises KeyError or ValueError for anything else."""
    intercept, slope, shift = (float(each) for each in arrays["numbers"])
    logit = logistic.Logit(
        arrays["mean"], arrays["scale"], arrays["weights"], intercept, arrays["covariance"], slope, shift
    )
    design = Design(tuple(options["categories"]))
    if len(logit.weights) != design.width:
        raise ValueError(f"{len(logit.weights)} weights for {design.width} columns: made by another version")
    return EscalationModel(design, logit)


def enough(facts: Facts, outcome: Mask) -> bool:
    """Whether there are 100 tickets of each outcome."""
    return min(tickets_of(facts, outcome)) >= ENOUGH


def tickets_of(facts: Facts, outcome: Mask) -> tuple[int, int]:
    """How many tickets escalated and how many did not at some moment."""
    return len(np.unique(facts.tickets[outcome])), len(np.unique(facts.tickets[~outcome]))


def fit(facts: Facts, outcome: Mask, categories: Sequence[str]) -> EscalationModel:
    """Of moments, and whether the ticket escalated after. Calibrated on the newest quarter by what the older ones
    teach; then fitted to all.
    """
    design = design_of(facts.category, categories)
    rows = design.rows(facts, categories)
    newest = facts.moments >= np.quantile(facts.moments, 1 - _CALIBRATED_BY)
    older = outcome[~newest]
    model = logistic.fit(rows, outcome, facts.tickets)
    if older.any() and not older.all():
        before = logistic.fit(rows[~newest], older, facts.tickets[~newest])
        checked = logistic.calibrated(before, rows[newest], outcome[newest])
        model = model._replace(slope=checked.slope, shift=checked.shift)
    return EscalationModel(design, model)


def by_formula(facts: Facts) -> Foretold:
    """System E's formula; nobody knows its bounds."""
    value, held = baseline.escalation(facts), baseline.held(facts)
    unknown = np.full(len(value), np.nan)

    def because(row: int) -> Because:
        return [(name, "", weight) for (name, weight), holds in zip(baseline.PARTS, held[row], strict=True) if holds]

    return Foretold(value, unknown, unknown, lambda row: "formula", because)

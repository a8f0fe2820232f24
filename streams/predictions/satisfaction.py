"""The rating that a customer will give, if they rate: a ridge regression with bounds from what it got wrong. Pure.

The bounds are split conformal (Lei et al., 2018): quantiles of the errors on the newest quarter, which the regression
had not seen then.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.predictions.design import Design, design_of
from streams.predictions.estimates import Because, Foretold
from streams.predictions.facts import Facts
from streams.predictions.history import Numbers, Whole

RECIPE: Final = "ridge regression of 28 facts, channel and category; conformal bounds on the newest quarter"
ENOUGH: Final = 200
_RIDGE: Final = 10.0
_REASONS: Final = 5
_LOWEST, _HIGHEST = 1.0, 5.0


class SatisfactionModel(NamedTuple):
    """A regression over the columns of a design; `errors` are the 10 % and 90 % quantiles of rating - estimate."""

    design: Design
    mean: Numbers
    scale: Numbers
    weights: Numbers
    intercept: float
    errors: Numbers

    def foretell(self, facts: Facts, categories: Sequence[str]) -> Foretold:
        """The expected rating, 1 to 5, and what moves it, in points."""
        scaled = (self.design.rows(facts, categories) - self.mean) / self.scale
        parts = scaled * self.weights
        value = np.clip(parts.sum(axis=1) + self.intercept, _LOWEST, _HIGHEST)

        def because(row: int) -> Because:
            order = np.argsort(-np.abs(parts[row]), kind="stable")[:_REASONS]
            raw = scaled[row] * self.scale + self.mean
            return [(*self.design.told(int(each), float(raw[each])), float(parts[row, each])) for each in order]

        low, high = (np.clip(value + error, _LOWEST, _HIGHEST) for error in self.errors)
        return Foretold(value, low, high, lambda row: "model", because)

    def kept(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and options for a file."""
        arrays = {name: np.asarray(getattr(self, name)) for name in ("mean", "scale", "weights", "errors")}
        return {**arrays, "intercept": np.array([self.intercept])}, {"categories": list(self.design.categories)}


def load(arrays: Mapping[str, NDArray[Any]], options: Mapping[str, Any]) -> SatisfactionModel:
    """What `kept` gave. Raises KeyError or ValueError for anything else."""
    design = Design(tuple(options["categories"]))
    if len(arrays["weights"]) != design.width:
        raise ValueError(f"{len(arrays['weights'])} weights for {design.width} columns: made by another version")
    mean, scale, weights = (arrays[name] for name in ("mean", "scale", "weights"))
    return SatisfactionModel(design, mean, scale, weights, float(arrays["intercept"][0]), arrays["errors"])


def fit(facts: Facts, rating: Whole, categories: Sequence[str]) -> SatisfactionModel:
    """Of moments, and the rating that came after."""
    design = design_of(facts.category, categories)
    rows = design.rows(facts, categories)
    newest = facts.moments >= np.quantile(facts.moments, 0.75)
    before = _ridge(design, rows[~newest], rating[~newest]) if (~newest).any() else _ridge(design, rows, rating)
    errors = rating[newest] - _value(before, rows[newest])
    return _ridge(design, rows, rating)._replace(errors=np.quantile(errors, [0.1, 0.9]))


def _ridge(design: Design, rows: Numbers, rating: Whole) -> SatisfactionModel:
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    scaled, middle = (rows - mean) / scale, float(rating.mean())
    weights = np.linalg.solve(scaled.T @ scaled + _RIDGE * np.eye(design.width), scaled.T @ (rating - middle))
    return SatisfactionModel(design, mean, scale, weights, middle, np.zeros(2))


def _value(model: SatisfactionModel, rows: Numbers) -> Numbers:
    scaled = (rows - model.mean) / model.scale
    return np.asarray(np.clip(scaled @ model.weights + model.intercept, _LOWEST, _HIGHEST))

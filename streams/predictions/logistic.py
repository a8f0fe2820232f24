"""Logistic regression with a ridge, by Newton's method; deterministic, quick enough to fit anew for every day. Pure.

Its errors are of clusters (White, 1980; Liang and Zeger, 1986): the moments of one ticket are no independent rows.
"""

from typing import Final, NamedTuple

import numpy as np

from streams.predictions.history import Mask, Numbers, Whole
from streams.predictions.survival import Z80

RIDGE: Final = 1.0
_STEPS: Final = 50
_ENOUGH: Final = 1e-8


class Logit(NamedTuple):
    """Log-odds = `weights` · (x - `mean`) / `scale` + `intercept`, then times `slope` plus `shift` (Platt, 1999).
    `covariance` is of (weights, intercept).
    """

    mean: Numbers
    scale: Numbers
    weights: Numbers
    intercept: float
    covariance: Numbers
    slope: float = 1.0
    shift: float = 0.0


def fit(rows: Numbers, outcome: Mask, clusters: Whole, ridge: float = RIDGE) -> Logit:
    """Of rows and what became of them; both outcomes must occur. Columns are brought to mean 0 and deviation 1, and
    their weights shrunk by `ridge` / 2 times their squares.
    """
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    design = np.column_stack([(rows - mean) / scale, np.ones(len(rows))])
    penalty = np.full(design.shape[1], ridge)
    penalty[-1] = 0.0
    found, hessian = _newton(design, outcome.astype(np.float64), penalty)
    inverse = np.linalg.inv(hessian)
    residual = (outcome - _sigmoid(design @ found))[:, None] * design
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(clusters[order]) != 0])
    scores = np.add.reduceat(residual[order], starts, axis=0)
    return Logit(mean, scale, found[:-1], float(found[-1]), inverse @ (scores.T @ scores) @ inverse)


def calibrated(model: Logit, rows: Numbers, outcome: Mask) -> Logit:
    """The same with slope and shift chosen on rows that it was not fitted to. A slope is never negative."""
    if outcome.all() or not outcome.any():
        return model
    design = np.column_stack([log_odds(model, rows), np.ones(len(rows))])
    found, _ = _newton(design, outcome.astype(np.float64), np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    return model._replace(slope=float(max(found[0], 0.0)), shift=float(found[1]))


def log_odds(model: Logit, rows: Numbers) -> Numbers:
    """After calibration."""
    return np.asarray(model.slope * (_scaled(model, rows) @ model.weights + model.intercept) + model.shift)


def probability(model: Logit, rows: Numbers) -> Numbers:
    """From 0 to 1."""
    return _sigmoid(log_odds(model, rows))


def interval(model: Logit, rows: Numbers) -> tuple[Numbers, Numbers]:
    """80 % bounds of the probability: how far it may be off because so much was learnt from and no more."""
    design = np.column_stack([_scaled(model, rows), np.ones(len(rows))])
    variance = np.einsum("ij,jk,ik->i", design, model.covariance, design, optimize=True)
    middle = log_odds(model, rows)
    off = Z80 * model.slope * np.sqrt(np.maximum(variance, 0))
    return _sigmoid(middle - off), _sigmoid(middle + off)


def parts(model: Logit, rows: Numbers) -> Numbers:
    """What each column adds to the log-odds of a row that is like the mean of all, (rows, columns)."""
    return np.asarray(model.slope * _scaled(model, rows) * model.weights)


def _scaled(model: Logit, rows: Numbers) -> Numbers:
    return np.asarray((rows - model.mean) / model.scale)


def _sigmoid(values: Numbers) -> Numbers:
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))


def _newton(
    design: Numbers, outcome: Numbers, penalty: Numbers, centre: Numbers | None = None
) -> tuple[Numbers, Numbers]:
    """The minimum of the penalised negative log-likelihood, and its second derivatives there. `centre` is what the
    penalty draws to, 0 if it is not given.
    """
    centre = np.zeros(design.shape[1]) if centre is None else centre

    def loss(weights: Numbers) -> float:
        odds = design @ weights
        return float(np.sum(np.logaddexp(0, odds) - outcome * odds) + np.sum(penalty * (weights - centre) ** 2) / 2)

    found = centre.copy()
    for _ in range(_STEPS):
        chance = _sigmoid(design @ found)
        slope = design.T @ (chance - outcome) + penalty * (found - centre)
        hessian = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(penalty + 1e-9)
        step = np.linalg.solve(hessian, slope)
        if float(np.abs(step).max()) < _ENOUGH:
            break
        # Far from the minimum a whole step may lead away from it.
        share, now = 1.0, loss(found)
        while share > _ENOUGH and loss(found - share * step) > now:
            share /= 2
        found = found - share * step
    return found, hessian

"""A classifier out of labelled texts, by scikit-learn. The same rows give the same classifier."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.evaluation.metrics import confusion, counts_of, macro_f1
from streams.learning.calibration import Calibration, Floats, calibrate
from streams.learning.grams import GRAMS, read
from streams.learning.lexicon_features import lexicon_features
from streams.learning.tfidf import Block, learn, occurrences
from streams.learning.tokens import tokens_of
from streams.scoring import Explained

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Classes = NDArray[np.intp]

AT_LEAST: Final = 2
AT_MOST: Final = 200_000
# With more classes than these one against the rest is much faster, and no worse.
_TOGETHER: Final = 10
_STRENGTHS: Final = (1.0, 0.3, 3.0)
# Another than the usual one is taken only if it is better by this much of macro-F1: less is chance.
_BETTER: Final = 0.005
_FOLDS: Final = 3
_ENOUGH: Final = 300


class Recipe(NamedTuple):
    """How a classifier is made: the blocks of its texts, whether the lexicon scorer's features are beside them, and the
    strengths (scikit-learn's C, or the smoothing of naive Bayes) that are tried, the usual one first.
    """

    name: str
    blocks: tuple[str, ...]
    lexicon: bool
    strengths: tuple[float, ...]


LINEAR: Final = Recipe("linear-1", ("words", "pieces"), False, _STRENGTHS)
LINEAR_WITH_LEXICON: Final = Recipe("linear-1", ("words", "pieces"), True, _STRENGTHS)
BAYES: Final = Recipe("bayes-1", ("single words",), False, (1.0,))


class Fitted(NamedTuple):
    """What was learned. `held_out` are the margins of the training rows by classifiers that had not seen them."""

    blocks: Mapping[str, Block]
    weights: NDArray[np.float32]
    bias: Floats
    calibration: Calibration
    strength: float
    held_out: Floats


def fit(recipe: Recipe, texts: Sequence[str], classes: Classes, found: Sequence[Explained] | None = None) -> Fitted:
    """Learn from texts and the numbers of their classes, from 0, each of which has three rows at least. `found` is what
    the lexicon scorer says of the texts, for recipes that use it.
    """
    blocks, rows = _rows(recipe, texts, found)
    held_out, strength = _best(recipe, rows, classes)
    weights, bias = _learn(recipe, rows, classes, strength)
    return Fitted(blocks, weights.astype(np.float32), bias, calibrate(held_out, classes), strength, held_out)


def _rows(
    recipe: Recipe, texts: Sequence[str], found: Sequence[Explained] | None
) -> tuple[dict[str, Block], "csr_matrix"]:
    from scipy.sparse import csr_matrix, hstack  # noqa: PLC0415

    all_ = read([tokens_of(text) for text in texts])
    blocks: dict[str, Block] = {}
    parts: list[Any] = []
    for name in recipe.blocks:
        grams = GRAMS[name](all_)
        blocks[name] = learn(grams, all_, AT_LEAST, AT_MOST)
        parts.append(occurrences(blocks[name], grams, all_).rows)
    if recipe.lexicon and found is not None:
        parts.append(csr_matrix(lexicon_features(texts, found)))
    return blocks, hstack(parts, format="csr")


def _best(recipe: Recipe, rows: "csr_matrix", classes: Classes) -> tuple[Floats, float]:
    """The margins of rows that were held out, and the strength with which they are best."""
    usual, *others = recipe.strengths
    best = _held_out(recipe, rows, classes, usual)
    strength, f1 = usual, _macro_f1(classes, best.argmax(axis=1))
    for other in others:
        margins = _held_out(recipe, rows, classes, other)
        found = _macro_f1(classes, margins.argmax(axis=1))
        if found > f1 + _BETTER:
            best, strength, f1 = margins, other, found
    return best, strength


def _held_out(recipe: Recipe, rows: "csr_matrix", classes: Classes, strength: float) -> Floats:
    margins = np.zeros((rows.shape[0], int(classes.max()) + 1))
    for learned, left in _folds(classes):
        weights, bias = _learn(recipe, rows[learned], classes[learned], strength)
        margins[left] = rows[left] @ weights + bias
    return margins


def _folds(classes: Classes) -> Iterator[tuple[Classes, Classes]]:
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415

    yield from StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(classes, classes)


def _learn(recipe: Recipe, rows: "csr_matrix", classes: Classes, strength: float) -> tuple[Floats, Floats]:
    """Weights (columns, classes) and bias (classes)."""
    learned = _ESTIMATORS[_estimator_of(recipe, int(classes.max()) + 1)](rows, classes, strength)
    weights, bias = learned
    if len(bias) == 1:
        # Of two classes scikit-learn tells the second alone.
        weights, bias = np.stack([-weights[0], weights[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    return np.ascontiguousarray(weights.T), np.asarray(bias, np.float64)


def _estimator_of(recipe: Recipe, classes: int) -> str:
    if recipe.name == BAYES.name:
        return "bayes"
    return "logistic" if classes <= _TOGETHER else "one against the rest"


def _logistic(rows: "csr_matrix", classes: Classes, strength: float) -> tuple[Floats, Floats]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    learned = LogisticRegression(C=strength, max_iter=_ENOUGH, tol=1e-3).fit(
        rows, classes, sample_weight=_row_weights(classes)
    )
    return learned.coef_, learned.intercept_


def _one_against_the_rest(rows: "csr_matrix", classes: Classes, strength: float) -> tuple[Floats, Floats]:
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    learned = LinearSVC(C=strength, random_state=0, max_iter=_ENOUGH * 10).fit(
        rows, classes, sample_weight=_row_weights(classes)
    )
    return learned.coef_, learned.intercept_


def _bayes(rows: "csr_matrix", classes: Classes, strength: float) -> tuple[Floats, Floats]:
    from sklearn.naive_bayes import MultinomialNB  # noqa: PLC0415

    learned = MultinomialNB(alpha=strength).fit(rows, classes)
    return learned.feature_log_prob_, learned.class_log_prior_


_ESTIMATORS: Final[Mapping[str, Callable[["csr_matrix", Classes, float], tuple[Floats, Floats]]]] = {
    "logistic": _logistic,
    "one against the rest": _one_against_the_rest,
    "bayes": _bayes,
}


def _row_weights(classes: Classes) -> Floats:
    """Rows of rare classes weigh more, by the square root of how rare they are: half-way to classes of equal weight, at
    which few of what is rare is missed and much of what is frequent is called rare.
    """
    counts = np.bincount(classes)
    weights = np.sqrt(len(classes) / (len(counts) * np.maximum(counts, 1)))
    return np.asarray(weights[classes] / weights[classes].mean())


def _macro_f1(classes: Classes, said: Classes) -> float:
    names = [str(number) for number in range(int(classes.max()) + 1)]
    matrix = confusion([names[each] for each in classes], [names[each] for each in said], names)
    return macro_f1(counts_of(matrix, names)) or 0.0

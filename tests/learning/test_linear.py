"""A linear classifier tells what scikit-learn's own pipeline tells, of texts in any state, and why."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline

from streams.learning.examples import cut_in_time
from streams.learning.fitting import BAYES, LINEAR, Recipe, fit
from streams.learning.linear import OF_LEXICON, LinearClassifier, classifier_of
from streams.learning.shelf import Kept, Shelf
from streams.learning.tokens import tokens_of
from streams.learning.training import Trained, train
from tests.learning.texts import moods, texts_of
from tests.unit.awkward_texts import UNUSUAL
from tests.unit.banking import QUESTIONS

KEY = b"a key of some length"
NOW = moods(1)[0].at
ROWS = moods(600)


@pytest.fixture(scope="module")
def trained() -> Trained:
    assert NOW is not None
    return train("sentiment", cut_in_time(ROWS, 0.8), NOW)


@pytest.fixture(scope="module")
def model(trained: Trained) -> LinearClassifier:
    return classifier_of(Kept(trained.card, trained.arrays, ""))


def _words(text: str) -> list[str]:
    tokens = tokens_of(text)
    return tokens + [f"{one} {other}" for one, other in pairwise(tokens)]


def _pieces(text: str) -> list[str]:
    padded = [f" {token} " for token in tokens_of(text)]
    return [
        word[start : start + length]
        for word in padded
        for length in range(2, 6)
        for start in range(len(word) - length + 1)
    ]


def _told_by_sklearn(texts: Sequence[str], classes: np.ndarray, asked: Sequence[str]) -> np.ndarray:
    blocks = FeatureUnion(
        [
            (name, TfidfVectorizer(analyzer=cut, sublinear_tf=True, min_df=2))
            for name, cut in (("words", _words), ("pieces", _pieces))
        ]
    )
    counts = np.bincount(classes)
    weights = np.sqrt(len(classes) / (len(counts) * counts))[classes]
    learned = make_pipeline(blocks, LogisticRegression(C=1.0, max_iter=300, tol=1e-3))
    learned.fit(texts, classes, logisticregression__sample_weight=weights / weights.mean())
    return np.asarray(learned.decision_function(asked))


def _bare(recipe: Recipe, texts: Sequence[str], classes: np.ndarray, card: Trained) -> LinearClassifier:
    fitted = fit(recipe._replace(strengths=(1.0,)), texts, classes)
    return LinearClassifier(card.card, fitted.blocks, fitted.weights, fitted.bias, fitted.calibration)


def test_margins_are_those_of_scikit_learns_own_pipeline(trained: Trained) -> None:
    rows = moods(300, seed=1)
    classes = np.array([trained.card.classes.index(each.label) for each in rows])
    asked = [*texts_of(moods(50, seed=2)), *(question for question, _ in QUESTIONS[:50])]
    ours = _bare(LINEAR, texts_of(rows), classes, trained).margins(asked)
    assert ours == pytest.approx(_told_by_sklearn(texts_of(rows), classes, asked), abs=2e-3)


def test_naive_bayes_is_scikit_learns_own(trained: Trained) -> None:
    rows = moods(300, seed=1)
    classes = np.array([trained.card.classes.index(each.label) for each in rows])
    theirs = make_pipeline(TfidfVectorizer(analyzer=tokens_of, sublinear_tf=True, min_df=2), MultinomialNB())
    asked = texts_of(moods(50, seed=2))
    told = theirs.fit(texts_of(rows), classes).predict_proba(asked)
    margins = _bare(BAYES, texts_of(rows), classes, trained).margins(asked)
    ours = np.exp(margins) / np.exp(margins).sum(axis=1, keepdims=True)
    assert ours == pytest.approx(told, abs=1e-4)


def test_a_file_tells_what_was_learned(trained: Trained, model: LinearClassifier, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, KEY)
    shelf.keep(trained.card, trained.arrays)
    read = classifier_of(shelf.load("sentiment", trained.card.version))
    assert np.array_equal(read.probabilities(texts_of(ROWS)), model.probabilities(texts_of(ROWS)))


@pytest.mark.parametrize("count", [0, 1, 1_000])
def test_each_batch_has_a_row_for_each_text(model: LinearClassifier, count: int) -> None:
    found = model.probabilities(texts_of(moods(count, seed=3)))
    assert found.shape == (count, 3)
    assert found.sum(axis=1) == pytest.approx(np.ones(count))


def test_a_text_is_told_the_same_alone_and_among_others(model: LinearClassifier) -> None:
    texts = texts_of(moods(40, seed=3))
    alone = np.concatenate([model.probabilities([text]) for text in texts])
    assert alone == pytest.approx(model.probabilities(texts), abs=1e-6)


def test_texts_in_any_state_are_told(model: LinearClassifier) -> None:
    texts = [*UNUSUAL, "", " ", "\n", "😀" * 10_000, "a" * 1_000_000, "\ud800 broken", "İİİ awful ǅ", "@a", "<b>"]
    found = model.probabilities(texts)
    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(len(texts)))
    for text in texts:
        assert all(0 <= term.start <= term.end for term in model.reasons(text, "negative"))


def test_reasons_have_their_places_and_add_up(model: LinearClassifier) -> None:
    text = "The app is broken, awful! @united"
    terms = model.reasons(text, "negative")
    assert {text[term.start : term.end] for term in terms[:3]} & {"broken", "awful"}
    assert terms[0].weight > 0
    placed = [term for term in terms if term.end]
    assert [text[term.start : term.end].lower() for term in placed] == [term.term for term in placed]
    [margins] = model.margins([text])
    negative = model.card.classes.index("negative")
    for most in (None, 2, 0):
        [told], [explained] = model.explain([text], negative, None, most=most)
        assert told == pytest.approx(margins, abs=1e-6)
        assert explained.terms == [term for term in terms if term.term != OF_LEXICON][:most]
        total = sum(term.weight for term in explained.terms) + explained.others + explained.lexicon + explained.ahead
        assert total == pytest.approx(margins[negative] - margins.mean(), abs=1e-4)


def test_reasons_are_told_alike_alone_and_among_others(model: LinearClassifier) -> None:
    texts = [*texts_of(moods(20, seed=4)), "", "@a", "broken"]
    margins, explained = model.explain(texts, 0, 1, most=3)
    assert margins == pytest.approx(model.margins(texts), abs=1e-6)
    for text, among in zip(texts, explained, strict=True):
        _, [alone] = model.explain([text], 0, 1, most=3)
        assert [term.term for term in among.terms] == [term.term for term in alone.terms]
        assert among.others == pytest.approx(alone.others, abs=1e-6)


def test_a_class_that_is_none_has_no_reasons(model: LinearClassifier) -> None:
    with pytest.raises(KeyError):
        model.reasons("anything", "furious")


def test_what_was_never_seen_is_known_to_be_so(model: LinearClassifier) -> None:
    known, half, nothing, empty = model.known_share(["broken awful", "broken zzyzx", "zzyzx qwrtp", ""])
    assert (known, half, nothing, empty) == (1.0, 0.5, 0.0, 1.0)


def test_a_recipe_of_a_newer_version_is_told(trained: Trained) -> None:
    card = msgspec.structs.replace(trained.card, recipe="forest-9")
    with pytest.raises(ValueError, match="forest-9"):
        classifier_of(Kept(card, trained.arrays, ""))


def test_arrays_that_do_not_fit_are_told(trained: Trained) -> None:
    arrays = {**trained.arrays, "weights": trained.arrays["weights"][:-1]}
    with pytest.raises(ValueError, match="columns"):
        classifier_of(Kept(trained.card, arrays, ""))
    with pytest.raises(ValueError, match="missing"):
        classifier_of(Kept(trained.card, {}, ""))

"""Measures and models, against others' and what can be worked out by hand."""

import re

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

from streams.predictions import logistic, measures, similar
from streams.predictions.history import HOUR_MS


def test_measures_are_those_that_others_compute() -> None:
    random = np.random.default_rng(1)
    chance = np.round(random.random(500), 2)
    outcome = random.random(500) < chance
    assert measures.brier(chance, outcome) == pytest.approx(brier_score_loss(outcome, chance))
    assert measures.auc(chance, outcome) == pytest.approx(roc_auc_score(outcome, chance))
    took = np.array([10.0, 20.0])
    assert measures.pinball(took, np.array([[12.0], [12.0]]), (0.9,)).tolist() == pytest.approx([0.2, 7.2])
    assert measures.log_error(took, np.array([20.0, 20.0])).tolist() == pytest.approx([np.log(2), 0])


def test_lift_counts_equal_predictions_by_their_mean() -> None:
    outcome = np.array([True] * 5 + [False] * 45)
    assert measures.lift(outcome.astype(float), outcome) == pytest.approx(10)
    assert measures.lift(np.full(50, 0.3), outcome) == pytest.approx(1)
    assert measures.lift(np.full(50, 0.3), np.zeros(50, bool)) == 0


def test_bounds_of_skill_are_wider_where_moments_belong_together() -> None:
    random = np.random.default_rng(2)
    truth = np.repeat(random.random(100), 10)
    outcome = np.repeat(random.random(100) < truth[::10], 10)
    apart = measures.skill(truth, np.full(1000, 0.5), outcome, np.arange(1000), np.random.default_rng(1))
    together = measures.skill(truth, np.full(1000, 0.5), outcome, np.arange(1000) // 10, np.random.default_rng(1))
    assert apart.value == together.value
    assert apart.low is not None
    assert together.low is not None
    assert apart.high is not None
    assert together.high is not None
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_the_regression_is_that_of_sklearn_and_its_interval_holds() -> None:
    random = np.random.default_rng(4)
    weights, held = np.array([1.0, -0.7, 0.0, 0.4]), []
    for lap in range(60):
        rows = random.normal(size=(400, 4))
        truth = 1 / (1 + np.exp(-(rows @ weights - 1)))
        outcome = random.random(400) < truth
        model = logistic.fit(rows, outcome, np.arange(400))
        if lap == 0:
            scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
            theirs = LogisticRegression(C=1.0, tol=1e-10).fit(scaled, outcome)
            assert model.weights.tolist() == pytest.approx(theirs.coef_[0].tolist(), abs=1e-4)
            assert model.intercept == pytest.approx(float(theirs.intercept_[0]), abs=1e-4)
        low, high = logistic.interval(model, rows[:20])
        held.append(np.mean((low <= truth[:20]) & (truth[:20] <= high)))
    assert 0.72 <= np.mean(held) <= 0.88


def test_the_same_row_ten_times_is_one_cluster() -> None:
    random = np.random.default_rng(6)
    rows = random.normal(size=(200, 2))
    outcome = random.random(200) < 1 / (1 + np.exp(-rows[:, 0]))
    once = logistic.fit(rows, outcome, np.arange(200), ridge=0.0)
    often = logistic.fit(np.repeat(rows, 10, axis=0), np.repeat(outcome, 10), np.repeat(np.arange(200), 10), ridge=0.0)
    assert often.covariance == pytest.approx(once.covariance, rel=1e-3)


def test_calibration_mends_what_is_too_sure() -> None:
    random = np.random.default_rng(9)
    rows = random.normal(size=(4_000, 1))
    outcome = random.random(4_000) < 1 / (1 + np.exp(-rows[:, 0]))
    sure = logistic.Logit(np.zeros(1), np.ones(1), np.array([3.0]), 0.0, np.eye(2))
    assert logistic.calibrated(sure, rows, outcome).slope == pytest.approx(1 / 3, abs=0.04)


def test_similarity_is_the_cosine_of_sklearn() -> None:
    texts = ["card lost at sea", "card lost", "where is my parcel", "my parcel is late again again", "card late"]
    counts = similar.counted(texts)
    idf = similar.idf_of(counts.matrix)
    ours = similar.unit(counts.matrix, idf)
    words = re.compile(r"[^\W_]{2,30}").findall
    theirs = TfidfVectorizer(tokenizer=words, token_pattern=None, min_df=2, sublinear_tf=True).fit_transform(texts)
    assert (ours @ ours.T).toarray() == pytest.approx(cosine_similarity(theirs))
    model = similar.fit(counts, np.ones(5), np.ones(5, bool), np.zeros(5, int), ("a",), ["t/1"] * 5)
    places, weights = similar._nearest(model._vectors(["Card LOST!"]), model.matrix, 3)
    assert places[0, :2].tolist() == [0, 1]
    assert weights[0, :2].tolist() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("open_yet", [0, 5], ids=["all resolved", "some open"])
def test_what_is_older_than_all_that_were_resolved_is_not_resolved_at_once(open_yet: int) -> None:
    counts = similar.counted(["card lost"] * 20)
    took, over = np.arange(1.0, 21.0) * HOUR_MS, np.arange(20) < 20 - open_yet
    took[~over] = 60 * HOUR_MS
    model = similar.fit(counts, took, over, np.zeros(20, int), ("a",), ["t/1"] * 20)
    young, old = 2.0 * HOUR_MS, 50.0 * HOUR_MS
    found = model.foretell(["parcel"] * 2, np.array([young, old]), np.zeros(2, int), ("a",), ["t"] * 2)
    assert (found.basis(0), found.basis(1)) == ("category", "24 hours")
    assert found.value[0] < 20 * HOUR_MS
    assert found.value[1] == 24 * HOUR_MS
    assert np.isnan([found.low[1], found.high[1]]).all()


def test_an_odd_id_does_not_move_the_names_of_other_tickets() -> None:
    tickets = ["a/1", "b/x\0a/not mine", "a/2", "b/3"]
    counts = similar.counted(["card lost"] * 4)
    model = similar.fit(counts, np.ones(4), np.ones(4, bool), np.zeros(4, int), ("a",), tickets)
    again = similar.load(*model.kept())
    assert again.tickets == ["a/1", "b/x\ufffda/not mine", "a/2", "b/3"]

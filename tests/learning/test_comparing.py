"""The figures of a comparison, computed again by pandas, scipy and scikit-learn."""

import random
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score

from schemas.shadow import folded
from streams.comparing import figures
from streams.comparing.figures import Pair, compare

MOODS = ("negative", "neutral", "positive")
FIVE = ("very_negative", *MOODS, "very_positive")


def drawn(seed: int, messages: int = 400, corrected: float = 0.3) -> list[Pair]:
    """Messages of which both readings are right more often than not, the challenger somewhat more."""
    draw = random.Random(seed)

    def said(truth: str, right: float, classes: Sequence[str]) -> str:
        return truth if draw.random() < right and truth in classes else draw.choice(classes)

    pairs = []
    for number in range(messages):
        truth = draw.choice(FIVE)
        mild = folded(truth, MOODS)
        spoken = truth if draw.random() < corrected else ""
        pairs.append(
            Pair(
                "t", f"T-{number}", f"e{number}", said(truth, 0.5, FIVE), said(mild, 0.7, MOODS), draw.random(), spoken
            )
        )
    return pairs


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_other_libraries(seed: int) -> None:
    pairs = drawn(seed)
    frame = pd.DataFrame(pairs)
    for column in ("champion", "corrected"):
        frame[column] = frame[column].map(lambda name: folded(name, MOODS))
    found = compare(pairs, MOODS)
    table = pd.crosstab(frame["champion"], frame["challenger"]).reindex(
        index=list(found.classes), columns=list(found.classes), fill_value=0
    )
    assert np.array_equal(table.to_numpy(), np.array(found.confusion))
    assert found.agreement is not None
    assert found.agreement.value == pytest.approx((frame["champion"] == frame["challenger"]).mean())
    assert found.kappa == pytest.approx(cohen_kappa_score(frame["champion"], frame["challenger"]))
    spoken = frame[frame["corrected"] != ""]
    champion, challenger = (spoken[side] == spoken["corrected"] for side in ("champion", "challenger"))
    judged = found.judged
    assert judged is not None
    assert (judged.only_champion, judged.only_challenger) == (
        int((champion & ~challenger).sum()),
        int((~champion & challenger).sum()),
    )
    test = stats.binomtest(judged.only_champion, judged.only_champion + judged.only_challenger, 0.5)
    assert judged.p_value == pytest.approx(test.pvalue)
    assert judged.difference.value == pytest.approx(challenger.mean() - champion.mean())
    for side, told in (("champion", judged.macro_f1_champion), ("challenger", judged.macro_f1_challenger)):
        wanted = f1_score(spoken["corrected"], spoken[side], average="macro", zero_division=0.0)
        assert told == pytest.approx(wanted)
    surest = frame[frame["champion"] != frame["challenger"]].nlargest(figures.EXAMPLES, "probability")
    assert [example.ticket_id for example in found.examples] == list(surest["ticket_id"])


@pytest.mark.parametrize(("part", "whole"), [(0, 10), (3, 7), (50, 50), (120, 1_000)])
def test_the_interval_of_a_share_is_wilsons(part: int, whole: int) -> None:
    found = figures.share(part, whole)
    wanted = stats.binomtest(part, whole).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))


def test_the_interval_of_a_difference_is_around_it_and_is_none_too_narrow_where_both_are_always_right() -> None:
    found = figures.paired_difference(20, 2, 12, 16)
    assert found.value == pytest.approx(0.2)
    assert -1 <= found.low < found.value < found.high <= 1
    same = figures.paired_difference(10, 0, 0, 0)
    assert same.value == 0
    assert same.low < 0 < same.high


@pytest.mark.parametrize("truth", [0.0, 0.1])
def test_the_interval_of_a_difference_holds_the_truth_as_often_as_it_says(truth: float) -> None:
    draw = np.random.default_rng(7)
    shares = np.array([0.6, 0.1, 0.1 + truth, 0.2 - truth])
    held = 0
    for _ in range(600):
        both, first, second, neither = (int(each) for each in draw.multinomial(80, shares))
        found = figures.paired_difference(both, first, second, neither)
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 600 <= 0.99


def test_of_nothing_nothing_is_said() -> None:
    found = compare([], MOODS)
    assert (found.messages, found.agreement, found.kappa, found.judged, found.examples) == (0, None, None, None, ())
    one = compare([Pair("t", "T", "e", "neutral", "neutral", 1.0, "")], MOODS)
    assert (one.kappa, one.judged) == (None, None)
    assert figures.mcnemar(0, 0) == 1.0


def test_a_great_many_cases_are_no_trouble() -> None:
    assert figures.mcnemar(30_000, 30_400) == pytest.approx(stats.binomtest(30_000, 60_400, 0.5).pvalue, rel=1e-6)

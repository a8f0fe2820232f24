"""The walk forward, against the same in pandas; how near it comes to the best that is possible; and planted leaks."""

import numpy as np
import pytest

from streams.predictions.building import history_of
from streams.predictions.evaluation import FORMULA, SHARE, Rules, cuts_of, evaluate
from streams.predictions.facts import NAMES, Facts, facts_at
from streams.predictions.history import DAY_MS, STATUS, Events, History, Whole
from streams.predictions.judged import Evaluation
from streams.predictions.leaks import Fold, LeakFound, check_folds, walk_forward
from streams.predictions.measures import auc, brier
from streams.predictions.outcomes import NEVER, escalated, resolved
from streams.predictions.snapshots import at_risk, snapshots_of
from streams.predictions.training import train
from tests.predictions.conftest import WEEKLY
from tests.predictions.made_history import MadeHistory
from tests.predictions.naive import Naive, walk


@pytest.fixture(scope="module")
def larger() -> MadeHistory:
    return MadeHistory(tickets=4_000, days=60)


@pytest.fixture(scope="module")
def evaluation(larger: MadeHistory) -> Evaluation:
    return evaluate(history_of(larger.rows), WEEKLY)


def test_it_is_what_pandas_finds(made: MadeHistory, history: History) -> None:
    found = evaluate(history, WEEKLY).escalation
    assert found is not None
    moments = Naive(made).moments()
    cuts = cuts_of(snapshots_of(history), history.end, WEEKLY)
    walked = walk(moments, cuts, history.end, NAMES)
    happened = walked["happened"].to_numpy(bool)
    assert (found.moments, found.tickets) == (len(walked), walked["ticket"].nunique())
    assert found.happened == pytest.approx(happened.mean())
    formula = (
        0.3 * (walked["polarity"] < -0.5)
        + 0.3 * walked["urgent_text"]
        + 0.2 * walked["upset"]
        + 0.2 * walked["many_tickets"]
    ).to_numpy()
    assert found.references[FORMULA] == pytest.approx(np.mean((formula - happened) ** 2))
    assert found.references[SHARE] == pytest.approx(np.mean((walked["share"] - happened) ** 2))
    assert found.brier == pytest.approx(np.mean((walked["chance"] - happened) ** 2), abs=5e-4)


def test_it_comes_near_the_best_that_anybody_could_do(larger: MadeHistory, evaluation: Evaluation) -> None:
    history = history_of(larger.rows)
    of, happened, tellable = at_risk(snapshots_of(history))
    cuts = cuts_of(snapshots_of(history), history.end, WEEKLY)
    moments = of.facts.moments
    judged = (moments > cuts[0]) & (moments <= cuts[-1]) & (tellable <= history.end)
    keys = ["/".join(each) for each in history.tickets]
    best = np.array(
        [
            larger.best(keys[ticket], int(at))
            for ticket, at in zip(of.facts.tickets[judged], moments[judged], strict=True)
        ]
    )
    found = evaluation.escalation
    assert found is not None
    assert found.moments == judged.sum()
    # Of what can be told beyond the plain share, it tells more than half.
    possible, reached = found.references[SHARE] - brier(best, happened[judged]), found.references[SHARE] - found.brier
    assert 0.5 * possible < reached < possible + 0.003
    assert best.mean() == pytest.approx(happened[judged].mean(), abs=0.02)
    assert found.auc < auc(best, happened[judged]) + 0.01
    assert found.helps
    assert found.lift > found.reference_lift > 1
    for each in found.reliability:
        deviation = np.sqrt(max(each.foretold * (1 - each.foretold), 0.02) / each.count)
        assert abs(each.foretold - each.happened) < 4 * deviation + 0.03


def test_times_and_targets_are_told_better_than_by_the_baseline(evaluation: Evaluation) -> None:
    times = evaluation.resolution
    assert times is not None
    assert times.helps
    assert 0.75 <= times.coverage <= 0.9
    assert times.median_pinball < min(times.reference_pinball.values())
    for breach in (evaluation.reply_breach, evaluation.resolution_breach):
        assert breach is not None
        assert breach.skills["share of the priority"].value > 0
    assert evaluation.satisfaction is not None
    assert 0.7 <= evaluation.satisfaction.coverage <= 0.92
    assert evaluation.alarms == ()
    assert evaluation.missing == {}


def test_of_too_little_history_it_says_how_much_there_is() -> None:
    history = history_of(MadeHistory(tickets=80, days=20).rows)
    found = evaluate(history, WEEKLY)
    assert found.escalation is None
    assert "a model needs 100 of each" in found.missing["escalation"]
    trained = train(history)
    assert set(trained.missing) == {"escalation", "resolution", "sla", "satisfaction"}
    assert trained.models == {}


def test_a_week_in_which_nothing_came_is_no_leak() -> None:
    history = history_of(MadeHistory(tickets=80, days=20).rows)
    known = history.events.known
    day = (known - known.min()) / DAY_MS
    kept = (day < 9) | (day > 16)
    history = history._replace(events=Events(*(column[kept] for column in history.events)))
    assert evaluate(history, WEEKLY).folds == 1
    assert evaluate(history, WEEKLY._replace(step_days=1)).folds > 7


def test_tickets_that_are_older_than_all_before_have_no_interval_to_judge() -> None:
    history = history_of(MadeHistory(tickets=1_500, days=40).rows)
    events = history.events
    first = np.r_[True, events.ticket[1:] != events.ticket[:-1]]
    late = first & (events.known > history.end - 20 * DAY_MS) & (events.ticket % 20 == 0)
    old = events._replace(at=np.where(late, events.at - 300 * DAY_MS, events.at))
    times = evaluate(history._replace(events=old), WEEKLY).resolution
    assert times is not None
    assert times.width > 0
    assert times.pinball > 0
    assert times.coverage > 0.7


def _by_final_status(history: History, tickets: Whole, moments: Whole) -> Facts:
    """Facts with a column that looks at how the ticket ends."""
    facts = facts_at(history, tickets, moments)
    status = np.zeros(len(history.tickets), np.int64)
    told = history.events.status >= 0
    status[history.events.ticket[told]] = history.events.status[told]
    facts.numbers[:, NAMES.index("leaving")] = status[tickets] == STATUS["resolved"]
    return facts


def _by_resolution_time(history: History, tickets: Whole, moments: Whole) -> Facts:
    facts = facts_at(history, tickets, moments)
    left = resolved(history, tickets, moments).at - moments
    facts.numbers[:, NAMES.index("questions")] = np.where(left < NEVER // 2, left, 0)
    return facts


def _by_outcome(history: History, tickets: Whole, moments: Whole) -> Facts:
    """Facts with a column that knows whether an escalation comes."""
    facts = facts_at(history, tickets, moments)
    facts.numbers[:, NAMES.index("upset_before")] = escalated(history, tickets, moments).at < NEVER
    return facts


@pytest.mark.parametrize(
    ("reader", "named"),
    [(_by_final_status, "leaving"), (_by_resolution_time, "questions"), (_by_outcome, "upset_before")],
)
def test_a_fact_that_looks_ahead_is_found_and_named(history: History, reader: object, named: str) -> None:
    with pytest.raises(LeakFound, match=f"^{named} at .* look ahead"):
        evaluate(history, WEEKLY, reader=reader)  # type: ignore[arg-type]


def _shuffled(moments: Whole, tellable: Whole, cuts: object) -> list[Fold]:
    drawn = np.random.default_rng(1).permutation(len(moments))
    half = len(moments) // 2
    return [Fold(int(np.median(moments)), drawn[:half], drawn[half:])]


def _impatient(moments: Whole, tellable: Whole, cuts: object) -> list[Fold]:
    """Learns of moments before the cut whose three days are not over."""
    cut = int(np.median(moments))
    return [Fold(cut, np.flatnonzero(moments <= cut), np.flatnonzero(moments > cut))]


@pytest.mark.parametrize("folds", [_shuffled, _impatient], ids=["shuffled", "impatient"])
def test_a_split_that_does_not_follow_time_is_found(history: History, folds: object) -> None:
    with pytest.raises(LeakFound, match="a split must follow time"):
        evaluate(history, WEEKLY, folds=folds)  # type: ignore[arg-type]


def test_what_is_tested_before_the_cut_is_found() -> None:
    moments = np.array([1, 2, 3])
    with pytest.raises(LeakFound, match="tests 1 rows from before it"):
        check_folds(moments, moments, [Fold(2, np.array([0]), np.array([1, 2]))])
    check_folds(moments, moments, walk_forward(moments, moments, [1, 2, 3]))


def test_what_was_written_into_the_past_is_too_good_to_be_true(made: MadeHistory) -> None:
    """No row of it is later than its moment, so only how well it tells outcomes apart gives it away."""
    raised: dict[str, list[int]] = {}
    for row in made.escalations:
        raised.setdefault(row["ticket"], []).append(row["known"])
    events = [
        {**row, "questions": 9 * any(0 < at - row["known"] <= 3 * DAY_MS for at in raised.get(row["ticket"], ()))}
        for row in made.events
    ]
    rows = made.rows._replace(events={name: [row[name] for row in events] for name in events[0]})
    found = evaluate(history_of(rows), WEEKLY)
    assert any(alarm.startswith("questions alone") for alarm in found.alarms)


def test_what_is_not_over_is_censored_and_not_taken_for_a_no(history: History) -> None:
    of, _, tellable = at_risk(snapshots_of(history))
    found = evaluate(history, Rules(WEEKLY.respond_within, WEEKLY.resolve_within, 3)).escalation
    assert found is not None
    last = cuts_of(snapshots_of(history), history.end, Rules(WEEKLY.respond_within, WEEKLY.resolve_within, 3))[-1]
    assert found.censored == int(((tellable > history.end) & (of.facts.moments <= last)).sum()) > 0

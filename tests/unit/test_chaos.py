"""The schedule of random faults, and how it is told what they cost."""

from collections import Counter

import pytest

from tests.faults.schedule import KINDS, schedule
from tests.faults.timeline import Place, Sample, seconds_to_catch_up
from tests.soak.cluster import STAGES

LAP = 120.0


def test_a_seed_and_a_length_make_the_same_schedule() -> None:
    assert schedule(7, LAP, 5.0) == schedule(7, LAP, 5.0)
    assert schedule(7, LAP, 5.0) != schedule(8, LAP, 5.0)


def test_all_faults_are_over_when_the_lap_is() -> None:
    for seed in range(50):
        injections = schedule(seed, LAP, 3.0)
        assert [each.at for each in injections] == sorted(each.at for each in injections)
        assert all(each.at + each.seconds <= LAP for each in injections)
        assert all(0 <= each.draw < 1 for each in injections)


def test_every_kind_strikes_every_stage_that_it_can() -> None:
    drawn = Counter((each.kind, each.stage) for seed in range(200) for each in schedule(seed, LAP, 5.0))
    expected = {(name, stage) for name, kind in KINDS.items() for stage in (STAGES if kind.staged else [""])}
    assert set(drawn) == expected


@pytest.mark.parametrize("gap", [2.0, 5.0])
def test_the_gap_is_what_is_asked_for_on_average(gap: float) -> None:
    found = sum(len(schedule(seed, LAP, gap)) for seed in range(200))
    assert found / 200 == pytest.approx(LAP / gap, rel=0.1)


def sample(at: float, committed: int, end: int) -> Sample:
    return Sample(at, {"score": Place([committed, 5], [end, 5]), "track": Place([0], [9])})


def test_catching_up_means_all_that_there_was_at_the_end_of_the_fault() -> None:
    samples = [sample(1.0, 10, 10), sample(2.0, 10, 30), sample(3.0, 20, 60), sample(4.5, 30, 90), sample(5.0, 90, 90)]
    assert seconds_to_catch_up(samples, ["score"], 1.5) == 3.0
    assert seconds_to_catch_up(samples, ["score"], 0.5) == 0.5


def test_what_no_sample_shows_is_not_known() -> None:
    samples = [sample(1.0, 10, 10), sample(2.0, 10, 30)]
    assert seconds_to_catch_up(samples, ["score"], 1.5) is None
    assert seconds_to_catch_up(samples, ["score"], 2.5) is None
    assert seconds_to_catch_up(samples, ["score", "track"], 0.5) is None

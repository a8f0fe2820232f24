"""The model of growth: its formulas against a simulation that knows nothing of them, and what must follow from them."""

import math

import pytest

from tests.scaling_model.inputs import STAGES, Inputs, Stage
from tests.scaling_model.model import plan, plan_stage, waiting
from tests.scaling_model.queues import simulate

SCORE, TRACK = STAGES


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
@pytest.mark.parametrize("partitions", [1, 2, 4])
@pytest.mark.parametrize("share", [0.1, 0.4, 0.6])
def test_formulas_agree_with_a_simulation_of_the_queues(stage: Stage, partitions: int, share: float) -> None:
    rate = share * 1e6 / stage.event_micros
    # At most a tenth of the time for transactions, so that the worker is not overloaded.
    stage = stage._replace(patience_ms=30.0)
    paper, seen = waiting(stage, rate, partitions), simulate(stage, rate, partitions, seconds=20)
    assert seen.mean_ms == pytest.approx(paper.mean_ms, rel=0.15)
    assert seen.p99_ms == pytest.approx(paper.p99_ms, rel=0.25)
    assert seen.busy == pytest.approx(share + partitions * stage.commit_ms / paper.cycle_ms, abs=0.05)


def test_more_than_a_worker_can_do_waits_for_ever() -> None:
    rate = 1.01e6 / SCORE.event_micros
    assert waiting(SCORE, rate, 2).mean_ms == math.inf
    # The simulation's queue grows for as long as it is watched.
    short, long = (simulate(SCORE, rate * 1.1, 2, seconds).mean_ms for seconds in (10, 40))
    assert long > 2 * short


def test_ten_times_the_events_need_ten_times_the_workers_and_wait_as_long() -> None:
    few, many = (plan_stage(TRACK, Inputs(events_per_second=rate)) for rate in (100_000, 1_000_000))
    assert many.workers == pytest.approx(10 * few.workers, rel=0.01)
    assert many.waiting.mean_ms == pytest.approx(few.waiting.mean_ms, rel=0.05)


def test_every_worker_has_a_partition_and_none_is_too_busy() -> None:
    found = plan(Inputs(events_per_second=1_000_000))
    for each in found.stages:
        assert each.partitions >= each.workers
        assert each.busy <= 0.61


def test_full_transactions_do_not_wait_for_their_time() -> None:
    stage = TRACK._replace(patience_ms=1_000.0)
    rate = 0.5e6 / stage.event_micros
    paper, seen = waiting(stage, rate, 1), simulate(stage, rate, 1, seconds=30)
    assert paper.cycle_ms == pytest.approx(stage.chunk / rate * 1e3)
    assert seen.mean_ms == pytest.approx(paper.mean_ms, rel=0.15)


def test_money_is_what_the_parts_cost() -> None:
    free = Inputs(core_hour=0, disk_gigabyte_month=0, memory_gigabyte_hour=0)
    assert plan(free).dollars_a_month == 0
    one, two = (plan(free._replace(disk_gigabyte_month=price)).dollars_a_month for price in (1.0, 2.0))
    found = plan(free)
    assert one == pytest.approx((found.broker_terabytes + found.clickhouse_terabytes) * 1_000)
    assert two == pytest.approx(2 * one)


def test_transactions_that_alone_take_too_much_are_refused() -> None:
    with pytest.raises(ValueError, match="a transaction each 4 ms"):
        plan(Inputs(patience_ms=4.0))

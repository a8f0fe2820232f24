"""The trends stage: totals of all partitions in one window; final when every watermark has passed, not before."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.windows import Totals, Watermark, WindowAggregate, WindowKey, WindowPartial, decode_aggregate, encode
from streams.engine.log import Outgoing
from streams.trends import WINDOWS, TrendsStage
from tests.unit.records import NINE, RULES, Appended, Partition

MINUTE = WindowKey("default", 60, NINE // 1000, "overall", "")
PASSED = (MINUTE.end + RULES.allowed_lateness) * 1000
SOURCES = 3


@pytest.fixture
def trends() -> Partition:
    return Partition(TrendsStage(RULES))


def partial(source: int, events: int, key: WindowKey = MINUTE) -> Appended:
    return Appended(0, NINE, key.encode(), encode(WindowPartial(source, key, Totals(events=events))))


def mark(source: int, time: int) -> Appended:
    return Appended(0, NINE, b"watermark", encode(Watermark(source, SOURCES, time)))


def published(sent: list[Outgoing]) -> list[WindowAggregate]:
    return [decode_aggregate(one.value or b"") for one in sent]


def seen(sent: list[Outgoing]) -> list[tuple[int, int, bool]]:
    return [(window.totals.events, window.revision, window.final) for window in published(sent)]


def test_running_totals_of_the_partitions_add_up(trends: Partition) -> None:
    trends.process(partial(0, 2), partial(1, 5), partial(0, 3))
    assert seen(trends.tick(NINE)) == [(8, 1, False)]


def test_a_total_that_is_told_again_makes_no_revision(trends: Partition) -> None:
    trends.process(partial(0, 2))
    trends.tick(NINE)
    trends.process(partial(0, 2))
    assert trends.tick(NINE + 1000) == []


def test_a_window_is_final_when_the_last_watermark_has_passed_end_and_lateness(trends: Partition) -> None:
    trends.process(partial(0, 2), mark(0, PASSED), mark(1, PASSED))
    assert seen(trends.tick(NINE)) == [(2, 1, False)]
    trends.process(mark(2, PASSED - 1))
    assert trends.tick(NINE) == []
    trends.process(mark(2, PASSED))
    assert seen(trends.tick(NINE)) == [(2, 2, True)]
    assert trends.tick(NINE) == []


def test_a_watermark_never_goes_back(trends: Partition) -> None:
    trends.process(partial(0, 1), *(mark(source, PASSED) for source in range(SOURCES)))
    trends.process(mark(1, 0))
    assert seen(trends.tick(NINE)) == [(1, 1, True)]


def test_a_late_total_reopens_with_a_higher_revision_that_is_final_again(trends: Partition) -> None:
    trends.process(partial(0, 1), *(mark(source, PASSED) for source in range(SOURCES)))
    trends.tick(NINE)
    trends.process(partial(1, 4))
    assert seen(trends.tick(NINE)) == [(5, 2, True)]


def test_what_was_not_published_or_final_before_a_crash_is_after_it(trends: Partition) -> None:
    trends.process(partial(0, 1))
    trends.take_over()
    assert seen(trends.tick(NINE)) == [(1, 1, False)]
    trends.take_over()
    assert trends.tick(NINE) == []
    trends.process(*(mark(source, PASSED) for source in range(SOURCES)))
    trends.take_over()
    assert seen(trends.tick(NINE)) == [(1, 2, True)]


def test_expired_windows_are_forgotten_later_than_track_forgets_them(trends: Partition) -> None:
    kept_by_track = (MINUTE.end + RULES.late_horizon + RULES.future_tolerance) * 1000
    trends.process(partial(0, 1), *(mark(source, kept_by_track + 90_000_000) for source in range(SOURCES)))
    trends.tick(NINE)
    trends.tick(kept_by_track + 3_600_000)
    assert trends.row(WINDOWS, MINUTE.encode()) is not None
    trends.tick(kept_by_track + 86_400_000 + 1)
    assert trends.row(WINDOWS, MINUTE.encode()) is None


def test_a_window_that_waits_for_a_partition_of_nobodys_is_final_when_it_comes_back(trends: Partition) -> None:
    trends.process(partial(0, 1), *(mark(source, PASSED) for source in range(SOURCES - 1)))
    days_later = MINUTE.end * 1000 + 30 * 86_400_000
    assert seen(trends.tick(days_later)) == [(1, 1, False)]
    trends.tick(days_later)
    trends.process(mark(SOURCES - 1, PASSED))
    assert seen(trends.tick(days_later)) == [(1, 2, True)]


@given(
    totals=st.lists(st.tuples(st.integers(0, SOURCES - 1), st.integers(1, 9)), min_size=1, max_size=20),
    cuts=st.sets(st.integers(0, 25)),
    crashes=st.sets(st.integers(0, 25)),
)
def test_however_the_totals_are_cut_and_interrupted_the_last_revision_is_their_sum(
    totals: list[tuple[int, int]], cuts: set[int], crashes: set[int]
) -> None:
    trends = Partition(TrendsStage(RULES))
    running = [0] * SOURCES
    out: list[WindowAggregate] = []
    for number, (source, more) in enumerate(totals):
        running[source] += more
        trends.process(partial(source, running[source]))
        if number in cuts:
            out += published(trends.tick(NINE))
        if number in crashes:
            trends.take_over()
    assert not any(window.final for window in out)
    trends.process(*(mark(source, PASSED) for source in range(SOURCES)))
    out += published(trends.tick(NINE))
    assert (out[-1].totals.events, out[-1].final) == (sum(running), True)
    assert [window.revision for window in out] == list(range(1, len(out) + 1))


def test_the_record_on_the_topic_reads_well(trends: Partition) -> None:
    trends.process(partial(0, 2))
    (sent,) = trends.tick(NINE)
    fields = msgspec.json.decode(sent.value or b"")
    assert (fields["start"], fields["end"]) == ("2026-11-21T09:00:00Z", "2026-11-21T09:01:00Z")
    assert (fields["tenant"], fields["size"], fields["dimension"], fields["value"]) == ("default", 60, "overall", "")

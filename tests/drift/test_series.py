"""One series of hours: rhythm is no drift, a level that changes is, and it is told once."""

import msgspec
import pytest

from streams.drift.series import HOURLY, POINTS, SHARE, Series, close
from streams.spikes.measures import Reading
from tests.drift.streams_of_hours import HOUR, MONDAY, Desk, scores, shares
from tests.drift.watching import watch

SHIFTED_AT = 4 * 168 + 60


@pytest.mark.parametrize("seed", range(3))
def test_mornings_nights_and_weekends_are_no_drift(seed: int) -> None:
    assert watch(scores(Desk(rhythm=1.5, weekend=1.0), 13, seed), POINTS) == []
    assert watch(shares(Desk(), 0.2, 13, seed), SHARE) == []


@pytest.mark.parametrize("shift", [-1.0, 1.0])
def test_a_level_that_changes_is_told_within_days_with_its_figures(shift: float) -> None:
    hours = list(scores(Desk(), 9, 7, shift, SHIFTED_AT))
    [(at, finding)] = watch(hours, POINTS)
    begun = MONDAY + SHIFTED_AT * HOUR
    assert begun + 12 * HOUR < at < begun + 72 * HOUR
    assert abs(finding.since - begun) <= 12 * HOUR
    assert finding.after - finding.before == pytest.approx(shift, abs=0.15)
    told = [reading.exposure for hour, reading in hours if finding.since <= hour <= at]
    assert finding.texts == pytest.approx(sum(told))
    assert finding.probability < HOURLY.chance


def test_a_share_that_moves_slowly_is_told_when_it_has_moved_enough_to_matter() -> None:
    drawn = [list(shares(Desk(), 0.2, 20, 3, shift=step * 0.02)) for step in range(11)]
    weeks = [0] * 4 + list(range(11)) + [10] * 5
    hours = [hour for week, step in enumerate(weeks) for hour in drawn[step][week * 168 : (week + 1) * 168]]
    found = watch(hours, SHARE)
    assert 2 <= len(found) <= 6
    assert found[-1].finding.after == pytest.approx(0.4, abs=0.06)
    for each in found:
        assert each.finding.after - each.finding.before >= SHARE.matters
    assert [after.finding.before for after in found[1:]] == [before.finding.after for before in found[:-1]]


def test_nothing_is_judged_before_two_weeks_and_hours_without_texts_change_nothing() -> None:
    hours = [*scores(Desk(), 2, 1), *scores(Desk(), 2, 1, shift=-3.0)]
    assert watch(hours[: 2 * 168], POINTS) == []
    series, finding = close(Series(MONDAY), MONDAY, Reading(0.0, 0.0), POINTS, HOURLY)
    assert (series, finding) == (Series(MONDAY), None)


def test_a_series_goes_on_from_its_row_and_the_row_stays_small() -> None:
    series = Series(MONDAY)
    kept = series
    for at, reading in scores(Desk(), 6, 2):
        series, found = close(series, at, reading, POINTS, HOURLY)
        kept, found_too = close(kept, at, reading, POINTS, HOURLY)
        row = msgspec.msgpack.encode(kept)
        assert len(row) < 6_000
        kept = msgspec.msgpack.decode(row, type=Series)
        assert found == found_too
    assert kept == series

"""Times as exports write them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from streams.importing.times import Order, Reading, assumed, read_time

HALF_PAST_TWO = "2026-01-31T14:30:00+00:00"


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31T14:30:00Z",
        "2026-01-31 14:30:00 UTC",
        "2026-01-31T15:30:00+01:00",
        "2026-01-31 06:30:00 -0800",
        "2026-01-31 14:30",
        "31/01/2026 14:30",
        "31.01.2026 14:30:00",
        "01/31/2026 2:30 PM",
        "31/Jan/26 2:30 PM",
        "31 Jan 2026 14:30",
        "Jan 31, 2026 2:30 PM",
        "January 31, 2026 at 2:30 p.m.",
        "Sat, 31 Jan 2026 14:30:00 +0000",
        "1769869800",
        "1769869800000",
        1769869800,
        1769869800.0,
    ],
)
def test_one_moment_in_many_ways(written: object) -> None:
    found = read_time(written, Reading())
    assert found is not None
    assert found.isoformat() == HALF_PAST_TWO


@pytest.mark.parametrize("written", ["", "soon", "31/31/2026", "2026-02-30", "12", True, "=NOW()", "99/99/9999 99:99"])
def test_what_is_none(written: object) -> None:
    assert read_time(written, Reading()) is None


@pytest.mark.parametrize(
    "written",
    [
        "0001-01-01T00:00:00",
        datetime(1, 1, 1),  # noqa: DTZ001
        10**400,
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        f"Sat, 31 Jan {'9' * 30} 14:30:00 +0000",
        f"Sat, 31 Jan 2026 14:30:00 +{'9' * 30}",
        f"Sat, 31 Jan 2026 14:30:{'9' * 30} +0000",
    ],
)
def test_what_no_calendar_has_is_none(written: object) -> None:
    assert read_time(written, Reading(zone=ZoneInfo("Europe/Berlin"))) is None


def test_a_time_without_an_offset_is_of_the_zone_and_summer_is_heeded() -> None:
    berlin = Reading(zone=ZoneInfo("Europe/Berlin"))
    assert str(read_time("2026-01-31 14:30", berlin)) == "2026-01-31 13:30:00+00:00"
    assert str(read_time("2026-07-31 14:30", berlin)) == "2026-07-31 12:30:00+00:00"
    assert str(read_time("2026-07-31 14:30Z", berlin)) == "2026-07-31 14:30:00+00:00"


def test_days_and_months_are_told_apart_by_what_cannot_be_a_month() -> None:
    assert assumed(["01/02/2026", "13/02/2026"]).order is Order.DAY_FIRST
    assert assumed(["01/02/2026", "01/13/2026"]).order is Order.MONTH_FIRST
    only = assumed(["01/02/2026", "03/04/2026 10:00"])
    assert (only.order, only.ambiguous, only.without_zone) == (None, True, True)
    assert assumed(["2026-01-02T10:00:00Z", "1769869800"]) == (None, False, False)
    assert str(read_time("01/02/2026", Reading(Order.MONTH_FIRST))) == "2026-01-02 00:00:00+00:00"

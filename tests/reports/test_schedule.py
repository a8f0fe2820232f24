"""When reports are due, of which span, and that each is made once: restarts, time away, clocks that are turned."""

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.notices import Reported, decode_notice
from sinks.dashboard.database import Away
from sinks.record_writer import Headers, NotAcknowledged
from sinks.reports.kept import DONE, Folder, NotReadable, file_name
from sinks.reports.making import Wanted
from sinks.reports.model import Report
from sinks.reports.reporter import Reporter
from sinks.reports.schedule import MADE_UP, BadSchedule, Period, Schedule, check_cron
from streams.config import Settings
from streams.reporting import reporter_of
from tests.reports.reports_made import report

MONDAYS = Schedule("0 6 * * mon", "UTC", "week")
START = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # a Wednesday
DUE = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def files(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


class Made:
    """Keeps `Maker`, `RecordWriter` and the time, for as many processes as come one after the other."""

    def __init__(self) -> None:
        self.now = START
        self.wanted: list[Wanted] = []
        self.told: list[bytes] = []
        self.away: Exception | None = None
        self.broken: dict[str, Exception] = {}
        self.asked: list[str] = []

    async def make(self, wanted: Wanted) -> Report:
        self.asked.append(wanted.tenant)
        if wanted.tenant in self.broken:
            raise self.broken[wanted.tenant]
        if isinstance(self.away, Away):
            raise self.away
        self.wanted.append(wanted)
        begin, end = wanted.span
        return report(report_id=wanted.report_id, tenant=wanted.tenant, begin=begin, end=end)

    async def start(self) -> None:
        """Nothing to connect to."""

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        if isinstance(self.away, NotAcknowledged):
            raise self.away
        self.told.append(value)

    async def stop(self) -> None:
        """Nothing to release."""

    async def close(self) -> None:
        """Nothing to let go of."""

    def reporter(self, folder: Path, schedule: Schedule = MONDAYS, tenants: Sequence[str] = ("shop",)) -> Reporter:
        """As a process has it that starts now."""
        return Reporter(schedule, tenants, Folder(folder), self, self, page=None, now=lambda: self.now)

    @property
    def ids(self) -> list[str]:
        """Of what people were told."""
        notices = [decode_notice(value) for value in self.told]
        return [notice.report_id for notice in notices if isinstance(notice, Reported)]


# -- spans and times


@pytest.mark.parametrize(
    ("period", "due", "begin", "end"),
    [
        ("day", "2026-11-23T06:00Z", "2026-11-22T00:00Z", "2026-11-23T00:00Z"),
        ("week", "2026-11-23T06:00Z", "2026-11-16T00:00Z", "2026-11-23T00:00Z"),
        ("week", "2026-11-22T23:59Z", "2026-11-09T00:00Z", "2026-11-16T00:00Z"),
        ("month", "2027-01-01T00:00Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z"),
        ("month", "2026-03-31T06:00Z", "2026-02-01T00:00Z", "2026-03-01T00:00Z"),
    ],
)
def test_the_last_full_span(period: Period, due: str, begin: str, end: str) -> None:
    assert Schedule("* * * * *", "UTC", period).span(at(due)) == (at(begin), at(end))


def test_days_are_those_of_the_place() -> None:
    berlin = Schedule("0 6 * * *", "Europe/Berlin", "day")
    # The clock was turned back at three in the night: that day had 25 hours.
    begin, end = berlin.span(at("2026-10-26T05:00Z"))
    assert (begin, end) == (at("2026-10-24T22:00Z"), at("2026-10-25T23:00Z"))
    begin, end = berlin.span(at("2026-03-30T04:00Z"))
    assert end - begin == timedelta(hours=23)


@pytest.mark.parametrize(
    ("cron", "after", "until", "due"),
    [
        # Half past two is passed over on 29 March, and comes twice on 25 October.
        ("30 2 * * *", "2026-03-28T12:00Z", "2026-03-30T12:00Z", ["2026-03-29T01:30Z", "2026-03-30T00:30Z"]),
        ("30 2 * * *", "2026-10-24T12:00Z", "2026-10-26T12:00Z", ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]),
        ("0 6 * * *", "2026-03-28T12:00Z", "2026-03-29T12:00Z", ["2026-03-29T04:00Z"]),
        ("0 0 1 * *", "2026-10-31T22:59Z", "2026-10-31T23:00Z", ["2026-10-31T23:00Z"]),
    ],
)
def test_when_clocks_are_turned_each_time_is_due_once(cron: str, after: str, until: str, due: list[str]) -> None:
    schedule = Schedule(cron, "Europe/Berlin", "day")
    assert list(schedule.due(at(after), at(until))) == [at(each) for each in due]
    assert schedule.next(at(after)) == at(due[0])


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.sampled_from(["30 2 * * *", "0 0 * * *", "15 1 * * sun", "59 23 * * *"]),
    st.integers(0, 365 * 24 * 60),
    st.integers(1, 9 * 24 * 60),
)
def test_however_the_time_is_cut_the_same_is_due(zone: str, cron: str, minute: int, length: int) -> None:
    schedule = Schedule(cron, zone, "day")
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    end, middle = begin + timedelta(minutes=length), begin + timedelta(minutes=length // 2)
    whole = list(schedule.due(begin, end))
    assert [*schedule.due(begin, middle), *schedule.due(middle, end)] == whole
    assert whole == sorted(set(whole))


@pytest.mark.parametrize("cron", ["", "0 6 * *", "0 6 * * mon *", "@weekly", "61 6 * * *", "0 0 30 2 *", "six"])
def test_what_is_no_schedule(cron: str) -> None:
    with pytest.raises(BadSchedule, match=r"0 6 \* \* mon"):
        check_cron(cron)


def test_ids_tell_tenants_times_and_schedules_apart() -> None:
    daily = Schedule("0 6 * * *", "UTC", "week")
    ids = {
        each.report_id(tenant, due)
        for each in (MONDAYS, daily, MONDAYS._replace(zone="Europe/Berlin"), MONDAYS._replace(period="day"))
        for tenant in ("shop", "acme")
        for due in (DUE, DUE + WEEK)
    }
    assert len(ids) == 16
    assert MONDAYS.report_id("shop", DUE) == Schedule("0  6 * * mon", "UTC", "week").report_id("shop", DUE)


# -- each once


async def test_one_report_for_each_due_time(tmp_path: Path) -> None:
    made = Made()
    reporter = made.reporter(tmp_path, tenants=("shop", "acme"))
    steps = []
    for _ in range(24 * 15):
        steps.append(await reporter.step())
        made.now += timedelta(hours=1)
    assert sum(steps) == 4
    assert [(each.tenant, each.span.end) for each in made.wanted] == [
        ("shop", DUE.replace(hour=0)),
        ("acme", DUE.replace(hour=0)),
        ("shop", DUE.replace(hour=0) + WEEK),
        ("acme", DUE.replace(hour=0) + WEEK),
    ]
    assert made.ids == [each.report_id for each in made.wanted]
    assert len(set(made.ids)) == 4
    assert sorted(name.rpartition(".")[2] for name in files(tmp_path) if "-shop-" in name) == [
        "html",
        "html",
        "md",
        "md",
    ]


async def test_a_restart_makes_nothing_twice_and_forgets_nothing(tmp_path: Path) -> None:
    made = Made()
    await made.reporter(tmp_path).step()
    made.now = DUE + timedelta(minutes=1)
    assert await made.reporter(tmp_path).step() == 1
    for _ in range(3):
        assert await made.reporter(tmp_path).step() == 0


async def test_what_was_missed_is_made_up_once(tmp_path: Path) -> None:
    made = Made()
    await made.reporter(tmp_path).step()
    made.now = DUE + 2 * WEEK
    assert await made.reporter(tmp_path).step() == 3
    assert [each.span.end.date().isoformat() for each in made.wanted] == ["2026-11-23", "2026-11-30", "2026-12-07"]
    assert await made.reporter(tmp_path).step() == 0


async def test_of_a_long_time_away_only_the_newest_are_made_up(tmp_path: Path) -> None:
    made = Made()
    await made.reporter(tmp_path).step()
    made.now = DUE + 40 * WEEK
    assert await made.reporter(tmp_path).step() == MADE_UP
    assert made.wanted[-1].span.end == (DUE + 40 * WEEK).replace(hour=0)
    assert await made.reporter(tmp_path).step() == 0


async def test_a_schedule_that_is_new_begins_now(tmp_path: Path) -> None:
    made = Made()
    await made.reporter(tmp_path).step()
    made.now = DUE + timedelta(hours=1)
    # It was due at three, before anybody wanted it.
    assert await made.reporter(tmp_path, Schedule("0 3 * * mon", "UTC", "week")).step() == 0
    assert await made.reporter(tmp_path, tenants=("shop", "acme")).step() == 1


@pytest.mark.parametrize("away", [Away("no database"), NotAcknowledged("no log")])
async def test_what_is_away_is_waited_for(tmp_path: Path, away: Exception) -> None:
    made = Made()
    await made.reporter(tmp_path).step()
    made.now, made.away = DUE, away
    with pytest.raises(type(away)):
        await made.reporter(tmp_path).step()
    assert made.told == []
    made.away = None
    assert await made.reporter(tmp_path).step() == 1
    assert len(set(made.ids)) == len(made.ids) == 1


async def test_a_report_that_fails_holds_up_nobody_elses(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = Made()
    reporter = made.reporter(tmp_path, tenants=("acme", "shop"))
    await reporter.step()
    made.now, made.broken = DUE, {"acme": OverflowError("math range error")}
    assert await reporter.step() == 1
    assert [each.tenant for each in made.wanted] == ["shop"]
    assert "acme: a report is due and fails; it is tried again" in caplog.text
    made.broken = {}
    assert await reporter.step() == 1
    assert [each.tenant for each in made.wanted] == ["shop", "acme"]


async def test_who_asks_for_too_much_holds_up_nobody_else_and_a_database_that_is_away_is_not_asked_for_all(
    tmp_path: Path,
) -> None:
    made, slow = Made(), Away("it took too long")
    reporter = made.reporter(tmp_path, tenants=("acme", "shop", "toys"))
    await reporter.step()
    made.now, made.broken = DUE, {"acme": slow}
    with pytest.raises(Away):
        await reporter.step()
    assert [each.tenant for each in made.wanted] == ["shop", "toys"]
    made.now, made.broken, made.asked = DUE + timedelta(days=7), dict.fromkeys(("acme", "shop", "toys"), slow), []
    with pytest.raises(Away):
        await reporter.step()
    assert made.asked == ["acme", "shop"]


async def test_a_crash_after_it_was_told_tells_the_same_again(tmp_path: Path) -> None:
    """Whoever plans notifications knows it by its id, and tells nobody twice."""
    made = Made()
    await made.reporter(tmp_path).step()
    before = (tmp_path / DONE).read_bytes()
    made.now = DUE
    await made.reporter(tmp_path).step()
    (tmp_path / DONE).write_bytes(before)
    await made.reporter(tmp_path).step()
    assert made.told[0] == made.told[1]
    assert [name for name in files(tmp_path) if name.endswith(".html")] == [
        file_name(report(report_id=made.ids[0], begin=DUE.replace(hour=0) - WEEK, end=DUE.replace(hour=0)), "html")
    ]


async def test_one_process_at_a_time(tmp_path: Path) -> None:
    made = Made()
    await made.reporter(tmp_path).step()
    made.now = DUE
    with Folder(tmp_path).owned() as is_ours:
        assert is_ours
        assert await made.reporter(tmp_path).step() == 0
    assert await made.reporter(tmp_path).step() == 1


@pytest.mark.parametrize("written", ["{", "[]", '{"a": 1}', '{"a": "soon"}'])
async def test_what_cannot_be_read_is_said(tmp_path: Path, written: str) -> None:
    (tmp_path / DONE).write_text(written)
    with pytest.raises(NotReadable, match=r"schedule\.json does not say which reports are made.*mend it, or remove it"):
        await Made().reporter(tmp_path).step()


async def test_a_folder_that_cannot_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        await Made().reporter(tmp_path / "file" / "reports").step()


async def test_it_runs_beside_the_page(tmp_path: Path) -> None:
    made = Made()
    async with made.reporter(tmp_path).running():
        pass
    (tmp_path / DONE).write_text(json.dumps({f"shop {MONDAYS.name}": START.isoformat()}))
    made.now = DUE
    reporter = made.reporter(tmp_path)
    async with reporter.running():
        while not made.told:
            await asyncio.sleep(0.005)
    assert len(made.wanted) == 1


# -- settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"report_schedule": "six"}, "'six' is no schedule; wanted: five fields as cron has them"),
        ({"report_zone": "Berlin"}, "no time zone; wanted: a name such as Europe/Berlin"),
        ({"report_span": "year"}, "Input should be 'day', 'week' or 'month'"),
        ({"report_tenants": ("a/b",)}, "String should match pattern"),
        ({"page_url": "javascript:alert(1)"}, "String should match pattern"),
    ],
)
def test_wrong_settings_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        Settings(**settings)


def test_without_a_schedule_nobody_reports(tmp_path: Path) -> None:
    made = Made()

    def never() -> Client:
        raise AssertionError("nothing is asked before something is due")

    assert reporter_of(Settings(), never, made) is None
    assert reporter_of(Settings(report_schedule=""), never, made) is None
    assert reporter_of(Settings(report_schedule="0 6 * * mon", report_dir=tmp_path), never, made) is not None

"""`notify.toml`: what is wrong in it is told with its line; hours are those of a place."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.notify.targets import DAYS, Hours
from streams.escalation.loading import PolicyError
from streams.notify.book import parse_book, read_book
from streams.notify.hours import end_of, is_within
from tests.unit.notices import CUSTOMER, DESK, HOOK, LEADS, SMTP, USUAL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEADS, "[targets.leads]: mails need a server: a table [smtp] with host and sender"),
        (SMTP + LEADS + '[[routes]]\ntell = ["boss"]\n', "there is no target 'boss'; there are: leads"),
        ('[[routes]]\ntell = ["boss"]\n', "there is no target 'boss'; there are: none"),
        (
            SMTP + CUSTOMER + '[[routes]]\ntell = ["customer"]\n',
            "who are told of nothing else: kinds of acknowledgement, answer",
        ),
        (
            DESK + '[[routes]]\ntell = ["desk"]\n',
            "'desk' is a helpdesk, which is told of escalations only: kinds of escalation",
        ),
        (HOOK.replace("env:HOOK_SECRET", "hunter2"), "a secret does not stand in a file: wanted is env:NAME"),
        (HOOK.replace("https://hook", "ftp://hook"), "String should match pattern"),
        (HOOK + 'colour = "red"\n', "there is no such setting"),
        (HOOK + 'group = "soon"\n', "'soon' is no span"),
        (HOOK + 'quiet = { from = "25:00" }\n', "'25:00' is no time of day"),
        (HOOK + 'quiet = { zone = "Mars/Olympus" }\n', "'Mars/Olympus' is no time zone"),
        (SMTP.replace("support@", "sup\\r\\nport@"), "is no address"),
        (SMTP + 'user = "env:U"\n', "user and password are given together"),
        (HOOK.replace("hook]", "nobody]"), "'nobody' stands for no target"),
        (HOOK.replace('"webhook"', '"pigeon"'), "'pigeon'"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(text: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_book(text, "notify.toml")
    assert said.replace("[targets.leads]: ", "") in str(caught.value)
    assert str(caught.value).startswith("notify.toml:")
    assert "hunter2" not in str(caught.value)


def test_what_is_no_toml_or_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        read_book(tmp_path)
    (tmp_path / "notify.toml").write_text("[targets")
    with pytest.raises(PolicyError, match="no TOML"):
        read_book(tmp_path)


def test_without_a_folder_nobody_is_told(tmp_path: Path) -> None:
    assert read_book(None).targets == {}
    (tmp_path / "notify.toml").write_text(USUAL)
    assert set(read_book(tmp_path).targets) == {"leads", "customer", "hook"}


def hours(begin: str, until: str, zone: str = "UTC", days: tuple[str, ...] = DAYS) -> Hours:
    return Hours.model_validate({"from": begin, "until": until, "zone": zone, "days": days})


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-21T21:59:59+01:00", None),
        ("2026-11-21T22:00:00+01:00", "2026-11-22T07:00:00+01:00"),
        ("2026-11-22T06:59:59+01:00", "2026-11-22T07:00:00+01:00"),
        ("2026-11-22T07:00:00+01:00", None),
        # Clocks were put back at three: the night was an hour longer.
        ("2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00"),
        # And put forward at two.
        ("2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"),
    ],
)
def test_a_night_ends_when_the_clocks_of_the_place_say_so(now: str, end: str | None) -> None:
    night = hours("22:00", "07:00", "Europe/Berlin")
    assert end_of(night, ms(now)) == (ms(end) if end else None)


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    friday = hours("22:00", "07:00", days=("fri",))
    assert is_within(friday, ms("2026-11-20T23:00:00+00:00"))
    assert is_within(friday, ms("2026-11-21T06:00:00+00:00"))
    assert not is_within(friday, ms("2026-11-20T06:00:00+00:00"))
    assert not is_within(friday, ms("2026-11-21T23:00:00+00:00"))


CLOCKS = ["UTC", "Asia/Tokyo"]
times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))


# Milliseconds of ten years.
@given(times, times, st.integers(ms("2020-01-01T00:00:00Z"), ms("2030-01-01T00:00:00Z")), st.sampled_from(CLOCKS))
def test_hours_are_those_on_the_clock_where_clocks_are_never_turned(
    begin: str, until: str, now: int, zone: str
) -> None:
    shown = datetime.fromtimestamp(now / 1000, ZoneInfo(zone)).strftime("%H:%M")
    by_day, by_night = begin <= shown < until, shown >= begin or shown < until
    assert is_within(hours(begin, until, zone), now) == (by_day if begin < until else by_night)

"""Trends that SQL can ask for, against the same sums in Python; and the events by time, which are the events."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from schemas.readings import Reading
from sinks.base import Unavailable
from sinks.clickhouse.sink import ClickHouseSink
from tests.contract.messages import NOON, scored
from tests.contract.sink_worlds import embedded_url, migrated

HOUR = 3600
NOW = int(datetime(2026, 3, 20, 12, tzinfo=UTC).timestamp())
WEEK = 7 * 24 * HOUR

Window = dict[str, int]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return embedded_url(tmp_path)


def history(seed: int = 7) -> dict[tuple[str, int], Window]:
    """Hours of nine days, by channel and start; every fifth is missing, as if nothing had happened in it."""
    chance = random.Random(seed)
    found = {}
    for start in range(NOW - 9 * 24 * HOUR, NOW, HOUR):
        for channel in ("chat", "email"):
            if chance.random() > 0.2:
                scored = chance.randrange(0, 20)
                unhappy = chance.randint(0, scored)
                found[channel, start] = {
                    "events": scored + chance.randint(1, 9),
                    "scored": scored,
                    "negative": unhappy,
                    "score_sum": sum(chance.randrange(0, 1000) for _ in range(scored)),
                    "escalations": chance.randint(0, scored),
                }
    return found


def store(client: Client, windows: dict[tuple[str, int], Window], tenant: str = "default") -> None:
    rows = [
        {"tenant": tenant, "size": HOUR, "dimension": "channel", "value": value, "start": start, "version": 2, **window}
        for (value, start), window in windows.items()
    ]
    older = [row | {"events": 999, "version": 1} for row in rows]
    names = list(rows[0])
    client.insert("windows", [[row[name] for name in names] for row in older + rows], column_names=names)


def ask(client: Client, view: str, **arguments: int | str) -> list[dict[str, Any]]:
    given = ", ".join(f"{name} = {value!r}" for name, value in arguments.items())
    sql = f"SELECT *, toUnixTimestamp(start) AS began FROM {view}({given}) ORDER BY value, start"  # noqa: S608
    return list(client.query(sql).named_results())


def share(window: Window, name: str, divided_by: int = 1) -> float | None:
    return window[name] / divided_by / window["scored"] if window["scored"] else None


NOTHING = dict.fromkeys(("events", "scored", "negative", "score_sum", "escalations"), 0)


def test_a_window_stands_beside_the_one_before_and_those_of_a_day_and_a_week_before(client: Client) -> None:
    windows = history()
    store(client, windows)
    store(client, {("chat", NOW - HOUR): NOTHING | {"events": 5}}, tenant="other")
    since = NOW - 24 * HOUR
    rows = ask(client, "windows_change", tenant="default", size=HOUR, dimension="channel", since=since, until=NOW)
    assert [(row["value"], row["began"]) for row in rows] == sorted(key for key in windows if key[1] >= since)
    steps = {"": 0, "_before": HOUR, "_day_before": 24 * HOUR, "_week_before": WEEK}
    for row in rows:
        for suffix, step in steps.items():
            then = windows.get((row["value"], row["began"] - step), NOTHING)
            assert row[f"events{suffix}"] == then["events"]
            assert row[f"negative_share{suffix}"] == pytest.approx(share(then, "negative"))
            assert row[f"score_avg{suffix}"] == pytest.approx(share(then, "score_sum", 100))
            assert row[f"escalation_rate{suffix}"] == pytest.approx(share(then, "escalations"))
        for name, suffix in (("", "_before"), ("_day", "_day_before"), ("_week", "_week_before")):
            before = row[f"events{suffix}"]
            assert row[f"events_change{name}"] == (pytest.approx(row["events"] / before - 1) if before else None)
    assert any(row["events_change"] is None for row in rows)


@pytest.mark.parametrize("hours", [1, 3, 24])
def test_averages_move_over_the_span_that_ends_with_each_window(client: Client, hours: int) -> None:
    windows = history()
    store(client, windows)
    of = {"size": HOUR, "since": NOW - 24 * HOUR, "until": NOW, "span": hours * HOUR}
    rows = ask(client, "windows_smoothed", tenant="default", dimension="channel", **of)
    assert [(row["value"], row["began"]) for row in rows] == sorted(key for key in windows if key[1] >= NOW - 24 * HOUR)
    for row in rows:
        of_span = [windows.get((row["value"], row["began"] - step * HOUR), NOTHING) for step in range(hours)]
        total = {name: sum(window[name] for window in of_span) for name in NOTHING}
        assert row["events_smoothed"] == pytest.approx(total["events"] / hours)
        assert row["negative_share_smoothed"] == pytest.approx(share(total, "negative"))
        assert row["score_avg_smoothed"] == pytest.approx(share(total, "score_sum", 100))
        assert row["escalation_rate_smoothed"] == pytest.approx(share(total, "escalations"))


async def test_a_topic_is_new_when_its_share_grows(client: Client, sink: ClickHouseSink) -> None:
    """Of 40 texts before and 20 now: "late parcel" grows from 1 to 10, "charge" is as common as ever."""
    before, now = NOON - timedelta(days=1), NOON + timedelta(hours=1)
    said = [(before, index, ["charge"] if index % 2 else ["late parcel"] if index == 0 else []) for index in range(40)]
    said += [(now, 100 + index, ["charge", "late parcel"] if index % 2 else ["broken lamp"]) for index in range(16)]
    # One customer who repeats himself is one ticket, whatever he says; an agent's words are no topic.
    said += [(now, 200 + index, ["my lawyer"]) for index in range(4)]
    messages = [
        scored(
            index,
            ticket="T-lawyer" if phrases == ["my lawyer"] else f"T-{index}",
            occurred_at=at,
            reading=Reading(key_phrases=tuple(phrases)),
        )
        for at, index, phrases in said
    ]
    messages.append(
        scored(300, "T-300", occurred_at=now, voice="agent", reading=Reading(key_phrases=("kind regards",)))
    )
    messages.append(
        scored(301, "T-301", occurred_at=now, tenant="other", reading=Reading(key_phrases=("late parcel",)))
    )
    # A block that comes again is counted once.
    await sink.write(messages)
    await sink.write(messages[10:])
    found = client.query(
        """
        SELECT phrase, support, share, usual_share, ratio
        FROM new_topics(tenant = 'default', since = {since:UInt32}, until = {until:UInt32},
            baseline = {baseline:UInt32}, minimum = 2)
        ORDER BY ratio DESC
        """,
        {
            "since": int(NOON.timestamp()),
            "until": int(NOON.timestamp()) + 2 * HOUR,
            "baseline": int(NOON.timestamp()) - 2 * 24 * HOUR,
        },
    )
    topics = {row[0]: row[1:] for row in found.result_rows}
    assert topics == {
        "broken lamp": (8, pytest.approx(8 / 20), pytest.approx(0.5 / 41), pytest.approx(8 / 20 * 41 / 0.5)),
        "late parcel": (8, pytest.approx(8 / 20), pytest.approx(1.5 / 41), pytest.approx(8 / 20 * 41 / 1.5)),
        "charge": (8, pytest.approx(8 / 20), pytest.approx(20.5 / 41), pytest.approx(8 / 20 * 41 / 20.5)),
    }
    assert list(topics) == ["broken lamp", "late parcel", "charge"]


COPIED = "ticket_id, event_id, occurred_at, score, label, emotion, key_phrases, version"


def copies(client: Client) -> list[Any]:
    return [
        client.query(f"SELECT {COPIED} FROM {view} ORDER BY ALL").result_rows  # noqa: S608
        for view in ("scored_events_now", "events_by_time_now")
    ]


async def test_events_by_time_are_the_events(client: Client, sink: ClickHouseSink) -> None:
    reading = Reading(emotion="angry", key_phrases=("late parcel",))
    messages = [
        scored(offset, f"T-{offset % 5}", occurred_at=NOON + timedelta(hours=7 * offset), reading=reading)
        for offset in range(60)
    ]
    await sink.write(messages[:40])
    await sink.write(messages[20:])
    # An event that was sent twice without a time of its own counts once.
    await sink.write(
        [
            scored(100, "T-again", event_id="twice"),
            scored(101, "T-again", event_id="twice", occurred_at=NOON + timedelta(minutes=5)),
        ]
    )
    events, by_time = copies(client)
    assert len(events) == 61
    assert by_time == events


async def test_a_block_that_failed_half_way_is_whole_when_it_comes_again(client: Client, sink: ClickHouseSink) -> None:
    client.command(
        "ALTER TABLE events_by_time ADD CONSTRAINT full CHECK throwIf(event_id = 'event-1', 'the disk is full') = 0"
    )
    with pytest.raises(Unavailable):
        await sink.write([scored(0), scored(1)])
    assert client.command("SELECT count() FROM scored_events") == 2, "the events were stored, and not yet by time"
    client.command("ALTER TABLE events_by_time DROP CONSTRAINT full")
    await sink.write([scored(0), scored(1)])
    events, by_time = copies(client)
    assert len(events) == 2
    assert by_time == events


async def test_events_from_before_the_migration_are_there_too(url: str, client: Client, sink: ClickHouseSink) -> None:
    client.command("DROP TABLE events_by_time_writer")
    client.command("DROP TABLE events_by_time")
    client.command("DELETE FROM migrations WHERE name >= '0007'")
    await sink.write([scored(offset, occurred_at=NOON - timedelta(days=40 * offset)) for offset in range(9)])
    with migrated(url) as again:
        events, by_time = copies(again)
    assert len(events) == 9
    assert by_time == events

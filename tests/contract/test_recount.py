"""Stored windows against their stored events: equal after the stages and the sink, and every change is found."""

import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from sinks.base import Message
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from streams import topics
from streams.escalation.book import preset_book
from streams.recount.counting import Days, counted, differences
from streams.recount.rows import Rows
from streams.recount.writing import write
from streams.score import ScoreStage
from streams.stages import load_preset
from streams.track import TrackStage
from streams.trends import TrendsStage
from tests.contract.sink_worlds import embedded_url, migrated
from tests.unit.records import CALM, EVENT_IDS, FURIOUS, NINE, RULES, Partition, raw, rekeyed

MINUTE, DAY = 60_000, 86_400_000
# The day of NINE and the one before: late events count there.
DAYS = Days((NINE - NINE % DAY - DAY) // 1000, (NINE - NINE % DAY + DAY) // 1000)


class Played:
    """Some hours of events through score, track and trends, as the messages that a sink reads."""

    def __init__(self, seed: int) -> None:
        book = preset_book("support")
        self.score = Partition(ScoreStage(book, load_preset))
        self.track = Partition(TrackStage(book, EVENT_IDS, RULES))
        self.trends = Partition(TrendsStage(RULES))
        self.draw = random.Random(seed)
        self.now = NINE
        self.messages: list[Message] = []

    def play(self, events: int) -> "Played":
        for number in range(events):
            event = self._event(number)
            self._append(raw(number, self.now, **event))
            if number % 10 == 0:
                # Sent again later: where its time is ahead, each copy would be cut to another one.
                self._append(raw(number, self.now + 3 * MINUTE, **event))
            self.now += self.draw.choice([1_000, 5_000, 40_000])
            if number % 7 == 0:
                self._tick()
        # A day without an event makes them final, and long waits escalate.
        for hours in range(26):
            self.now += 60 * MINUTE
            self._tick(idle=hours > 0)
        return self

    def _event(self, number: int) -> dict[str, Any]:
        draw = self.draw
        return {
            "event_id": f"e{draw.randrange(max(number, 1)) if draw.random() < 0.05 else number}",
            "ticket_id": f"t{draw.randrange(40)}",
            "tenant": draw.choice(["acme", "acme", "shop"]),
            "type": draw.choice(["message", "message", "message", "agent_reply", "status_changed", "rated"]),
            "channel": draw.choice(["email", "chat", "phone"]),
            "priority": draw.choice([None, "low", "urgent"]),
            "text": draw.choice([FURIOUS, CALM, "I want to speak to a person, this is the third time."]),
            "status": draw.choice(["open", "resolved", "in_progress"]),
            "satisfaction": draw.randint(1, 5),
            "occurred_at": self.now + draw.choice([0, 0, 0, -MINUTE, -30 * MINUTE, -DAY, -3 * DAY, 60 * MINUTE]),
        }

    def _append(self, record: Any) -> None:
        for one in self.score.process(record):
            if one.topic == topics.SCORED:
                value = one.value or b""
                self._store(one.topic, value)
                self._sent(self.track.process(rekeyed(value, self.now)))

    def _tick(self, *, idle: bool = False) -> None:
        self._sent(self.track.tick(self.now, idle=idle))
        self._sent(self.trends.tick(self.now, idle=idle))

    def _sent(self, sent: list[Any]) -> None:
        for one in sent:
            if one.topic in (topics.ESCALATIONS, topics.WINDOWS):
                self._store(one.topic, one.value or b"")
            elif one.topic == topics.PARTIALS:
                self.trends.process(rekeyed_partial(one.key, one.value, self.now))

    def _store(self, topic: str, value: bytes) -> None:
        self.messages.append(Message(topic, 0, len(self.messages), self.now, None, value))


def rekeyed_partial(key: bytes | None, value: bytes | None, now: int) -> Any:
    return raw(0, now)._replace(key=key, value=value)


@pytest.fixture(scope="module")
def played() -> Played:
    return Played(3).play(150)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return embedded_url(tmp_path)


@pytest.fixture
async def client(url: str, played: Played) -> AsyncIterator[Client]:
    with migrated(url) as client:
        sink = ClickHouseSink(lambda: connect(url), topics.STORED)
        await sink.write(played.messages)
        await sink.close()
        yield client


def compared(url: str) -> list[str]:
    return [str(one) for one in _differences(url)]


def _differences(url: str, days: Days = DAYS) -> Any:
    rows = Rows(url, RULES, page_rows=50)
    return differences(rows.windows(days), counted(rows.events(days), rows.escalations(days), RULES, days))


def test_the_windows_are_what_their_events_add_up_to(client: Client, url: str, played: Played) -> None:
    final = [window for window in Rows(url, RULES).windows(DAYS).values() if window.final]
    assert len(final) > 200
    assert sum(window.totals.escalations for window in final) > 0
    assert compared(url) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE windows UPDATE events = events + 1 WHERE size = 300 AND dimension = 'channel'", "events is"),
        ("ALTER TABLE windows UPDATE escalations = escalations + 1 WHERE dimension = 'overall'", "escalations is"),
        ("ALTER TABLE windows DELETE WHERE size = 60 AND value = 'chat'", "not stored, although"),
        ("ALTER TABLE scored_events DELETE WHERE channel = 'phone' AND voice = 'agent'", "stored, although"),
        ("ALTER TABLE scored_events UPDATE label = 'positive' WHERE label = 'very_negative'", "very_negative is"),
    ],
)
def test_every_change_of_a_row_is_found_and_mended(client: Client, url: str, change: str, said: str) -> None:
    client.command(f"{change} SETTINGS mutations_sync = 1")
    found = compared(url)
    assert found
    assert any(said in one for one in found)
    rows = Rows(url, RULES)
    assert write(client, _differences(url), rows.windows(DAYS)) == len(found)
    assert compared(url) == []


def test_what_the_pipeline_tells_later_replaces_what_was_stored_anew(client: Client, url: str) -> None:
    client.command("ALTER TABLE windows UPDATE events = 0 WHERE 1 SETTINGS mutations_sync = 1")
    rows = Rows(url, RULES)
    before = rows.windows(DAYS)
    write(client, _differences(url), before)
    after = rows.windows(DAYS)
    changed = [key for key in after if after[key] != before[key]]
    assert changed
    assert all(after[key].revision == before[key].revision + 1 for key in changed)
    # A later record of the log has a higher version than the next offset after the one that was replaced.
    assert all(after[key].version == before[key].version + 1 for key in changed)


def test_a_tenant_and_days_bound_what_is_compared(client: Client, url: str) -> None:
    client.command("ALTER TABLE windows UPDATE events = 0 WHERE tenant = 'shop' SETTINGS mutations_sync = 1")
    assert _differences(url, DAYS._replace(tenant="acme")) == []
    assert _differences(url, DAYS._replace(tenant="shop"))
    assert _differences(url, DAYS._replace(begin=DAYS.end, end=DAYS.end + 86_400)) == []


def test_days_in_which_nothing_is_are_passed_over(client: Client, url: str) -> None:
    """A row of any of three tables makes a day one to look at."""
    rows, day = Rows(url, RULES), DAYS.begin
    years = [day - number * 365 * 86_400 for number in range(4)]
    ever = Days(years[-1], DAYS.end + 86_400)
    found = rows.occupied(ever)
    # Of what came too late there is no window.
    assert (
        {one.start // 86_400 * 86_400 for one in rows.windows(ever)}
        <= set(found)
        <= {*range(day - 4 * 86_400, ever.end, 86_400)}
    )
    client.command(
        "INSERT INTO scored_events (tenant, occurred_at, appended_at, version) "  # noqa: S608
        f"VALUES ('acme', {years[1] + 5}, {years[1] + 9}, 1)"
    )
    client.command(f"INSERT INTO escalations (tenant, occurred_at) VALUES ('acme', {years[2] + 5})")  # noqa: S608
    client.command(f"INSERT INTO windows (tenant, start, version) VALUES ('acme', {years[3] + 5}, 1)")  # noqa: S608
    assert rows.occupied(ever) == [*reversed(years[1:]), *found]
    assert rows.occupied(ever._replace(tenant="nobody")) == []
    # A day that has begun before the end is looked at as a whole.
    assert rows.occupied(Days(years[1], years[1] + 1)) == [years[1]]


def test_windows_that_are_not_final_are_not_compared(url: str) -> None:
    assert not list(_open_windows(url))


def _open_windows(url: str) -> Iterator[Any]:
    with migrated(url) as client:
        client.command(
            "INSERT INTO windows (tenant, size, start, dimension, value, revision, final, events, version) "  # noqa: S608
            f"VALUES ('acme', 60, {DAYS.begin}, 'overall', '', 1, false, 5, 1)"
        )
        yield from _differences(url)


def test_the_commands_tell_what_differs_and_mend_it(played: Played, url: str) -> None:
    environment = {**os.environ, "CLICKHOUSE_URL": url}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "streams.cli", "windows", *arguments, "--from", "2026-11-20", "--to"]
        return subprocess.run([*command, "2026-11-22"], env=environment, capture_output=True, text=True, check=False)

    # In a process of its own each: the embedded engine belongs to one at a time.
    subprocess.run([sys.executable, "-c", _STORE, url], input=pickle.dumps(played.messages), check=True)
    sound = run("verify")
    assert (sound.returncode, sound.stdout.split()[-2:]) == (0, ["0", "different"])
    spoilt = "ALTER TABLE windows UPDATE events = 7 WHERE size = 300 AND dimension = 'overall'"
    subprocess.run([sys.executable, "-c", _SPOIL, url, f"{spoilt} SETTINGS mutations_sync = 1"], check=True)
    found = run("verify")
    assert found.returncode == 1
    assert "300 s acme overall: events is 7, counted" in found.stderr
    told = json.loads(run("verify", "--output", "json").stdout)
    assert told["different"] == int(found.stdout.split()[-2])
    assert {each["size"] for each in told["differences"]} == {300}
    mended = run("rebuild")
    assert (mended.returncode, mended.stdout) == (0, f"{told['different']} windows stored anew\n")
    assert run("verify").returncode == 0
    assert run("rebuild").stdout == "nothing differs\n"


_STORE = """
import asyncio, pickle, sys
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from streams import topics
client = connect(sys.argv[1])
migrate(client)
sink = ClickHouseSink(lambda: connect(sys.argv[1]), topics.STORED)
asyncio.run(sink.write(pickle.load(sys.stdin.buffer)))
client.close()
"""
_SPOIL = """
import sys
from sinks.clickhouse.client import connect
connect(sys.argv[1]).command(sys.argv[2])
"""

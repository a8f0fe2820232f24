"""What tenants used is put down by the hour, and `ticketpulse tenant` tells it with what is stored."""

import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from streams import topics
from streams.cli import app
from streams.commands.failure import Failure
from streams.engine.local import LocalWriter
from streams.gateway.app import create_app
from streams.tenancy.amounts import Amount
from streams.tenancy.overview import EVENT_AS_TEXT, Scored, Stored, usage_of
from streams.tenancy.tenant_file import FollowedTenants
from streams.tenancy.usage_counts import MOST_TENANTS, UsageCounts, Used, read_usage
from tests.access.doors import asking
from tests.contract.messages import NOON, TABLES, scored
from tests.contract.sink_worlds import embedded_url, migrated
from tests.tenancy.test_quotas import World
from tests.unit.gateway_pipeline import memory_log

HOUR = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
FILE = """
[default]
events_per_second = 10
[tenants.acme]
bytes_per_second = 5_000
[tenants.asleep]
events_per_day = 7
"""


class Counted:
    """Counts in a file, with a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.file, self.now = folder / "quotas.sqlite", HOUR
        self.usage = self.made()

    def made(self) -> UsageCounts:
        return UsageCounts(self.file, lambda: self.now)


@pytest.fixture
def counts(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


def test_what_was_sent_and_refused_is_added_up_by_the_hour_and_by_all_processes(counts: Counted) -> None:
    counts.usage.accepted({"acme": Amount(3, 300), "globex": Amount(1, 10)})
    counts.usage.refused({"acme": Amount(2, 200)})
    counts.usage.write()
    other = counts.made()
    counts.now += timedelta(hours=1)
    other.accepted({"acme": Amount(1, 1)})
    other.write()
    counts.usage.write()
    acme, globex = Used(Amount(4, 301), Amount(2, 200)), Used(Amount(1, 10))
    assert read_usage(counts.file, HOUR) == {"acme": acme, "globex": globex}
    # The hour that has begun counts whole.
    assert read_usage(counts.file, HOUR + timedelta(minutes=29)) == {"acme": acme, "globex": globex}
    assert read_usage(counts.file, HOUR + timedelta(hours=1)) == {"acme": Used(Amount(1, 1))}


def test_a_file_that_is_busy_loses_no_count(counts: Counted, caplog: pytest.LogCaptureFixture) -> None:
    counts.usage.accepted({"acme": Amount(1, 5)})
    holder = sqlite3.connect(counts.file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    counts.usage.write()
    assert "is kept for the next time" in caplog.text
    holder.execute("COMMIT")
    holder.close()
    counts.usage.accepted({"acme": Amount(1, 6)})
    counts.usage.write()
    assert read_usage(counts.file, HOUR) == {"acme": Used(Amount(2, 11))}


def test_names_that_are_thought_up_fill_no_disk(counts: Counted) -> None:
    for number in range(MOST_TENANTS + 50):
        counts.usage.accepted({f"t{number}": Amount(1, 1)})
        if number % 100 == 0:
            counts.usage.write()
    counts.usage.write()
    found = read_usage(counts.file, HOUR)
    assert found is not None
    assert (len(found), found["other"]) == (MOST_TENANTS + 1, Used(Amount(50, 50)))
    counts.now += timedelta(hours=1)
    counts.usage.accepted({"new": Amount(1, 1)})
    counts.usage.write()
    assert "new" in (read_usage(counts.file, counts.now) or {})


def test_where_nothing_was_counted_nothing_is_told(tmp_path: Path) -> None:
    assert read_usage(tmp_path / "none.sqlite", HOUR) is None
    assert not (tmp_path / "none.sqlite").exists()


async def test_a_gateway_puts_down_what_it_let_in_and_what_not(tmp_path: Path) -> None:
    world = World(tmp_path)
    log = memory_log()
    gateway = create_app(LocalWriter(log, topics.EVENTS), quotas=world.quotas)
    event = {"event_id": "1", "ticket_id": "T-1", "tenant": "letters", "text": "x" * 5_000}
    async with gateway.router.lifespan_context(gateway), asking(gateway) as client:
        answers = [await client.post("/api/v1/events", json=event | {"event_id": f"{n}"}) for n in range(2)]
        assert [answer.status_code for answer in answers] == [202, 429]
    used = (read_usage(world.days, world.now) or {})["letters"]
    assert (used.accepted.events, used.refused.events) == (1, 1)
    assert used.accepted.bytes > 5_000


def test_the_share_is_by_events_and_bytes() -> None:
    found = usage_of({"a": Scored(100, 0), "b": Scored(1, 99 * EVENT_AS_TEXT)}, {"c": Used()}, {"a": Stored(7, "")})
    assert [(each.tenant, each.share, each.rows) for each in found] == [("a", 0.5, 7), ("b", 0.5, 0), ("c", 0.0, 0)]
    [unknown] = usage_of(None, {"a": Used(Amount(1, 2), Amount(3, 4))}, None)
    assert unknown == ("a", None, None, None, 1, 2, 3, 4, None)


@pytest.fixture
async def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """Two events of acme, of which one came twice, and a long one of globex; a file of tenants, and counts."""
    url = embedded_url(tmp_path)
    (tmp_path / "tenants.toml").write_text(FILE)
    monkeypatch.setenv("CLICKHOUSE_URL", url)
    monkeypatch.setenv("TICKETPULSE_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("TICKETPULSE_TENANTS", str(tmp_path / "tenants.toml"))
    usage = UsageCounts(tmp_path / "quotas.sqlite", lambda: NOON)
    usage.refused({"acme": Amount(9, 900)})
    usage.write()
    with migrated(url):
        sink = ClickHouseSink(lambda: connect(url), TABLES)
        # By the offset the sink knows what came last.
        of_acme = [scored(number, event_id=str(number), tenant="acme", text="x" * 100) for number in (1, 2)]
        again = scored(1, event_id="1", tenant="acme", text="x" * 100)._replace(offset=9)
        await sink.write([*of_acme, again, scored(3, tenant="globex", text="y" * 25_000)])
        await sink.close()
        yield tmp_path


def asked(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["tenant", *arguments, "-o", "json"])
    assert result.exit_code == 0, result.output + str(result.exception)
    return json.loads(result.stdout)


async def test_tenants_are_listed_with_what_they_may_and_what_is_stored(stored: Path) -> None:
    found = {each.pop("tenant"): each for each in asked("ls")}
    assert list(found) == ["acme", "asleep", "globex"]
    assert (found["acme"]["bytes_per_second"], found["acme"]["bytes_burst"], found["acme"]["own"]) == (5e3, 1e4, True)
    assert (found["asleep"]["events_per_day"], found["asleep"]["rows"], found["asleep"]["last"]) == (7, 0, None)
    assert (found["globex"]["events_per_second"], found["globex"]["own"], found["globex"]["rows"]) == (10, False, 1)
    told = CliRunner().invoke(app, ["tenant", "ls"]).stdout.splitlines()
    assert told[1].split()[:6] == ["acme", "own", "10", "100", "5,000", "10,000"]


async def test_usage_is_told_with_whoever_cost_most_first(stored: Path) -> None:
    globex, acme = asked("usage", "--since", "2000-01-01")
    assert (globex["tenant"], globex["events"], globex["refused_events"]) == ("globex", 1, 0)
    assert (acme["events"], acme["text_bytes"] >= 200, acme["refused_events"], acme["refused_bytes"]) == (
        2,
        True,
        9,
        900,
    )
    assert globex["share"] > 0.9
    assert globex["share"] + acme["share"] == pytest.approx(1, abs=0.001)
    [alone] = asked("usage", "--since", "2000-01-01", "--tenant", "acme")
    assert alone == acme
    assert asked("usage", "--since", "2100-01-01") == []
    table = CliRunner().invoke(app, ["tenant", "usage", "--since", "2000-01-01"]).stdout.splitlines()
    assert (len(table), table[0].split()[0], table[1].split()[0]) == (3, "TENANT", "globex")


def test_without_a_store_the_file_is_told_and_why_there_is_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tenants.toml").write_text(FILE)
    monkeypatch.setenv("TICKETPULSE_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("CLICKHOUSE_URL", "http://127.0.0.1:9/ticketpulse")
    monkeypatch.setenv("TICKETPULSE_TENANTS", str(tmp_path / "tenants.toml"))
    result = CliRunner().invoke(app, ["tenant", "ls", "-o", "json"])
    assert [(each["tenant"], each["rows"]) for each in json.loads(result.stdout)] == [("acme", None), ("asleep", None)]
    assert "ClickHouse" in result.stderr
    with pytest.raises(Failure, match="nothing was counted on this machine, and ClickHouse"):
        CliRunner().invoke(app, ["tenant", "usage"], catch_exceptions=False)


def test_a_file_that_is_followed_is_what_gateways_ask(tmp_path: Path) -> None:
    """Quotas of a table that names bytes alone keep the events of the others."""
    (tmp_path / "tenants.toml").write_text(FILE)
    file = FollowedTenants(tmp_path / "tenants.toml", lambda: 0.0, lambda _: None).current()
    assert file.quota("acme").rates == ((10, 100), (5_000, 10_000))
    assert file.quota("other").rates == ((10, 100), (20_000, 40_000))

"""How long everything is kept stands in one place, and topics and tables are kept so."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas.retention import FOR_EVER, TABLES, TOPIC_DAYS
from schemas.toml_files import FileError
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.retention import ASKED, TableDays, apply_retention, differences, expression_of
from sinks.privacy import places
from streams import topics
from streams.cli import app
from streams.retention import read_retention
from tests.servers.clickhouse_process import ClickHouseProcess


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = ClickHouseProcess(tmp_path_factory.mktemp("clickhouse"))
    server.start()
    try:
        yield server.url("default")
    finally:
        server.kill()


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_every_topic_stands_in_it() -> None:
    changelogs = {each.name for each in topics.ALL if each.settings["cleanup.policy"] == "compact"}
    assert {each.name for each in topics.ALL} - changelogs == set(TOPIC_DAYS)
    kept = {each.name: int(each.settings["retention.ms"]) for each in topics.ALL if each.name not in changelogs}
    assert kept == {name: days * 86_400_000 for name, days in TOPIC_DAYS.items()}
    # Retention is of whole segments: one that is longer would keep a record longer than is said.
    assert all(int(each.settings["segment.ms"]) <= 86_400_000 for each in topics.ALL if each.name not in changelogs)
    assert all("max.compaction.lag.ms" in each.settings for each in topics.ALL if each.name in changelogs)


def test_every_table_stands_in_it_and_is_dealt_with_when_somebody_is_erased(clickhouse: str) -> None:
    client = connect(clickhouse)
    migrate(client)
    there = {name for name, _ in client.query(ASKED).result_rows}
    assert there == TABLES.keys() | FOR_EVER.keys()
    erased = (*places.OF_TICKETS, *places.STAYING, *places.SPECIAL)
    assert len(set(erased)) == len(erased)
    assert set(erased) == there
    # Whatever names a ticket or customer is not called anonymous.
    naming = client.query(
        "SELECT DISTINCT table FROM system.columns WHERE database = currentDatabase() "
        "AND name IN ('ticket_id', 'customer_id') "
        "AND table IN (SELECT name FROM system.tables WHERE engine LIKE '%MergeTree')"
    ).result_rows
    assert {name for [name] in naming} == set(places.OF_TICKETS)


def test_tables_are_kept_as_the_file_says_and_doing_it_again_does_nothing(clickhouse: str, tmp_path: Path) -> None:
    client = connect(clickhouse)
    migrate(client)
    file = written(
        tmp_path / "retention.toml",
        "[tables]\nscored_events = 400\ndead_letters = 30\n[tenants.acme]\nscored_events = 90\nwindows = 30\n",
    )
    wanted = read_retention(file).of_tables()
    changed = apply_retention(client, wanted)
    assert [line.partition(":")[0] for line in changed] == ["dead_letters", "scored_events", "windows"]
    assert apply_retention(client, wanted) == []
    assert all(each.is_kept for each in differences(client.query(ASKED).result_rows, wanted))
    # Who had it altered by hand finds out.
    client.command("ALTER TABLE windows REMOVE TTL")
    [other] = [each for each in differences(client.query(ASKED).result_rows, wanted) if not each.is_kept]
    assert (other.table, other.real) == ("windows", "")
    assert len(apply_retention(client, read_retention(None).of_tables())) == 2
    assert all(each.is_kept for each in differences(client.query(ASKED).result_rows, read_retention(None).of_tables()))


def test_a_tenant_may_keep_longer_or_for_ever() -> None:
    assert expression_of("windows", TableDays(None, {})) == ""
    own = expression_of("windows", TableDays(30, {"b": None, "a": 90}))
    assert own == (
        "toDateTime(start) + toIntervalDay(90) WHERE tenant = 'a', "
        "toDateTime(start) + toIntervalDay(30) WHERE (tenant != 'a') AND (tenant != 'b')"
    )


@pytest.mark.parametrize(
    "text", ["[topics]\nnone = 1\n", "[tables]\nwindows = -1\n", "[tenants.a]\ndead_letters = 1\n"]
)
def test_a_mistake_in_the_file_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"retention.toml:\d"):
        read_retention(written(tmp_path / "retention.toml", text))


def test_topics_are_wanted_as_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "retention.toml", '[topics]\n"tickets.events.v1" = 0.5\n')
    monkeypatch.setenv("TICKETPULSE_RETENTION", str(file))
    told = json.loads(CliRunner().invoke(app, ["topics", "wanted"]).stdout)
    kept = {each["name"]: each["settings"].get("retention.ms") for each in told}
    assert kept["tickets.events.v1"] == "43200000"
    assert kept["tickets.scored.v1"] == "604800000"

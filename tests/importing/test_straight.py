"""An import straight to ClickHouse: what SQL and `windows verify` say of it, once and again, and after a stop."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from schemas.events import TicketEvent
from streams.importing.files import open_table
from streams.importing.guessing import guess
from streams.importing.making import Maker
from streams.importing.spooling import Rejects, TooManyErrors, by_time, spool
from streams.importing.straight import Means, Stored, store
from streams.privacy.loading import load_keys
from streams.privacy.suppressing import FOR_GOOD
from streams.reanalysis.scoring import Model
from streams.recount.counting import Days, counted, differences
from streams.recount.rows import Rows
from tests.contract.sink_worlds import embedded_url, migrated
from tests.importing.tables import written
from tests.unit.records import FURIOUS, RULES

SAID = (FURIOUS, "I was charged twice, third time I write!", "Thank you, that was quick.", "Where is my parcel?")
BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOW = BEGIN + timedelta(days=60)
DAY = 86_400
DAYS = Days(int(BEGIN.timestamp()) // DAY * DAY, int(NOW.timestamp()) // DAY * DAY)
_ROWS = (
    "SELECT tenant, ticket_id, event_id, type, label, toString(score), category, log_partition, log_offset, version "
    "FROM scored_events_now ORDER BY 1, 2, 3"
)
_ESCALATIONS = "SELECT escalation_id, ticket_id, rule, state, revision, number, record FROM escalations_now ORDER BY 1"
_WINDOWS = "SELECT * FROM windows_now ORDER BY tenant, size, dimension, value, start"


def export(tickets: int = 40) -> str:
    """A table of tickets over three weeks, in no order; two of one millisecond."""
    draw = random.Random(7)
    lines = ["id,created_at,first_response_at,resolved_at,status,priority,channel,agent,subject,description,rating"]
    for number in range(tickets):
        opened = BEGIN + timedelta(minutes=draw.randrange(21 * 24 * 60))
        answered, ended = opened + timedelta(minutes=draw.randrange(600)), opened + timedelta(days=2)
        resolved = draw.random() < 0.6
        lines.append(
            f"{number},{opened.isoformat()},{answered.isoformat()},{ended.isoformat() if resolved else ''},"
            f"{'closed' if resolved else 'open'},{draw.choice(['low', 'urgent'])},{draw.choice(['email', 'chat'])},"
            f'a{number % 4},Help,"{draw.choice(SAID)}",{draw.choice(["", 1, 5]) if resolved else ""}'
        )
    lines.append(lines[1].replace("0,", "same,", 1))
    draw.shuffle(lines[1:])
    return "\n".join(lines) + "\n"


class World:
    """A database to import into."""

    def __init__(self, folder: Path, client: Client, executor: ThreadPoolExecutor) -> None:
        self.folder, self.client = folder, client
        self.means = Means(client, executor, 1, Model("support", None), RULES, 100, NOW)

    def events(self, table: str) -> Any:
        """In the order of their times."""
        opened = open_table(written(self.folder, table))
        maker = Maker(guess(opened.columns, opened.sample(), {}).mapping, opened.columns)
        spooled = self.folder / "spooled"
        spool(opened, maker, spooled, Rejects(self.folder / "rejects"), max_errors=0)
        return by_time(spooled)

    def store(self, table: str) -> Stored:
        return store(self.events(table), self.means)

    def rows(self, sql: str) -> list[Any]:
        return list(self.client.query(sql).result_rows)

    def differences(self) -> list[str]:
        rows = Rows(embedded_url(self.folder), RULES)
        again = counted(rows.events(DAYS), rows.escalations(DAYS), RULES, DAYS)
        return [str(one) for one in differences(rows.windows(DAYS), again)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with migrated(embedded_url(tmp_path)) as client, ThreadPoolExecutor(1) as executor:
        yield World(tmp_path, client, executor)


def test_all_stages_have_seen_it_at_its_own_times_and_a_second_import_changes_nothing(world: World) -> None:
    stored = world.store(export())
    assert stored.events == len(world.rows(_ROWS)) > 100
    assert stored.escalations == len(world.rows(_ESCALATIONS)) > 0
    assert stored.refused == stored.duplicates == 0
    assert world.differences() == []
    assert world.rows("SELECT count() FROM windows_now WHERE final AND size = 86400 AND dimension = 'agent'") != [(0,)]
    [(resolved, responses, ratings)] = world.rows(
        "SELECT sum(resolved), sum(arraySum(mapValues(response_times))), sum(ratings) FROM windows_now "
        "WHERE size = 86400 AND dimension = 'overall'"
    )
    assert (resolved, responses) == tuple(
        world.rows("SELECT countIf(type = 'status_changed'), countIf(type = 'agent_reply') FROM scored_events_now")[0]
    )
    assert ratings > 0
    # Numbers are the pipeline's to give.
    assert {row[5] for row in world.rows(_ESCALATIONS)} == {""}
    before = [world.rows(sql) for sql in (_ROWS, _ESCALATIONS, _WINDOWS)]
    assert world.store(export()).windows == 0
    assert [world.rows(sql) for sql in (_ROWS, _ESCALATIONS, _WINDOWS)] == before


def test_stopped_in_its_middle_and_done_again_it_is_as_if_it_had_not_been(world: World) -> None:
    def stop(events: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store(world.events(export(220)), world.means._replace(show=stop))
    assert world.store(export(220)).events == world.rows("SELECT count() FROM scored_events_now")[0][0]
    assert world.differences() == []


def test_more_tickets_are_added_to_those_that_are_there(world: World) -> None:
    world.store(export(10))
    world.store(export(30))
    assert world.rows("SELECT uniqExact(ticket_id) FROM scored_events_now") == [(31,)]
    assert world.differences() == []


def test_two_events_of_a_ticket_at_one_time_have_places_of_their_own(world: World) -> None:
    at = datetime(2026, 1, 6, tzinfo=UTC)
    events = [TicketEvent(event_id=f"e{number}", ticket_id="t", text="Hm.", occurred_at=at) for number in range(5)]
    store(events, world.means)
    assert world.rows(
        "SELECT uniqExact(log_partition, log_offset), uniqExact(log_partition) FROM scored_events_now"
    ) == [(5, 1)]
    assert world.differences() == []


def test_too_many_wrong_rows_stop_it_before_anything_is_stored(world: World) -> None:
    table = "id,created_at,subject\n1,2026-01-05,a\n2,soon,b\n"
    with pytest.raises(TooManyErrors, match="1 rows are wrong; nothing was imported"):
        world.events(table)
    assert '"line": 3' in (world.folder / "rejects").read_text()


def test_whoever_was_erased_is_not_brought_back_and_personal_data_is_replaced(world: World, tmp_path: Path) -> None:
    (tmp_path / "privacy.toml").write_text('[fields]\ntext = "mask"\n')
    keys = SecretStr("k1:0123456789abcdef0123")
    gone = load_keys(keys).hash("ticket", "default", "2")
    world.client.insert("erased", [[gone, FOR_GOOD, "e"]], column_names=["hash", "until", "erasure_id"])
    world.means = world.means._replace(model=Model("support", None, privacy=tmp_path, privacy_keys=keys))
    lines = [f'{n},2026-01-05T08:00:00Z,"Write to jane@example.com, this is terrible"' for n in (1, 2, 3)]
    world.store("\n".join(["id,created_at,description", *lines]) + "\n")
    found = world.rows("SELECT DISTINCT ticket_id, text FROM scored_events_now WHERE text != '' ORDER BY 1")
    assert found == [(each, "Write to [EMAIL_1], this is terrible") for each in ("1", "3")]

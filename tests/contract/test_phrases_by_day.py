"""New topics are told from days that were counted ahead as they would be from the events: whatever came twice, late,
changed or not at all.
"""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from schemas.readings import Reading
from sinks.base import Message
from sinks.clickhouse.migrations import split
from sinks.clickhouse.sink import ClickHouseSink
from tests.contract.messages import scored
from tests.contract.sink_worlds import embedded_url, migrated

HOUR, DAY = 3_600, 86_400
MIDNIGHT = datetime(2026, 3, 9, tzinfo=UTC)
DAYS = 12
PHRASES = [f"phrase {number}" for number in range(12)]
COUNT = "INSERT INTO phrases_by_day SELECT * FROM days_counted(quiet = 0, most = {most:UInt64})"

Topics = list[tuple[object, ...]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return embedded_url(tmp_path)


@pytest.fixture(autouse=True)
def from_events(client: Client) -> None:
    """The view as it was before anything was counted ahead, over the events as they stand."""
    trends = resources.files("sinks.clickhouse").joinpath("migrations", "0008_trends.sql").read_text("utf-8")
    (view,) = [statement for statement in split(trends) if "VIEW new_topics AS" in statement]
    # A copy, because to choose rows of the table itself by their time may leave out the newest copy of an event.
    client.command("CREATE TABLE events_as_they_stand AS events_by_time ENGINE = Memory")
    by_events = view.replace("VIEW new_topics AS", "VIEW topics_of_events AS")
    client.command(by_events.replace("events_by_time_now", "events_as_they_stand"))


def events(chance: random.Random, numbers: Sequence[int], first_offset: int, epoch: int = 0) -> list[Message]:
    """Events by number: the same number is the same event, at another time of its day, with other phrases, told by
    somebody else, or without a score.
    """
    made = []
    for place, number in enumerate(numbers):
        day = MIDNIGHT + timedelta(days=number % DAYS)
        silent: dict[str, Any] = {"sentiment": None, "unscored": "no_text"} if chance.random() < 0.1 else {}
        made.append(
            scored(
                first_offset + place,
                ticket=f"T-{number % 60}",
                event_id=f"event-{number}",
                tenant="other" if number % 7 == 0 else "default",
                occurred_at=day + timedelta(milliseconds=chance.randrange(DAY * 1000)),
                voice="agent" if chance.random() < 0.1 else "customer",
                reading=Reading(key_phrases=tuple(chance.sample(PHRASES, chance.randrange(4)))),
                model_epoch=epoch,
                **silent,
            )
        )
    return made


def topics(client: Client, view: str, tenant: str, baseline: int, since: int, until: int, minimum: int) -> Topics:
    given = {"tenant": tenant, "baseline": baseline, "since": since, "until": until, "minimum": minimum}
    arguments = ", ".join(f"{name} = {value!r}" for name, value in given.items())
    return [*map(tuple, client.query(f"SELECT * FROM {view}({arguments}) ORDER BY phrase").result_rows)]  # noqa: S608


def look(client: Client, chance: random.Random) -> int:
    """Ask both views about spans of all kinds; how many topics they told."""
    first, last = int(MIDNIGHT.timestamp()) - DAY, int(MIDNIGHT.timestamp()) + (DAYS + 1) * DAY
    seen = 0
    client.command("TRUNCATE TABLE events_as_they_stand")
    client.command("INSERT INTO events_as_they_stand SELECT * FROM events_by_time_now")
    for step in (1, HOUR, DAY):
        baseline, since, until = sorted(chance.randrange(first, last) // step * step for _ in range(3))
        span = (chance.choice(("default", "other")), baseline, since, until, chance.randint(1, 4))
        told = topics(client, "new_topics", *span)
        assert told == topics(client, "topics_of_events", *span), span
        seen += len(told)
    return seen


def days(client: Client, view: str) -> set[tuple[str, datetime]]:
    return set(client.query(f"SELECT DISTINCT tenant, day FROM {view}").result_rows)  # type: ignore[arg-type]  # noqa: S608


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_counts_make_no_difference(client: Client, sink: ClickHouseSink, seed: int) -> None:
    chance = random.Random(seed)
    first = events(chance, range(600), 0)
    again = events(chance, chance.sample(range(600), 40), 1_000)
    rescored = events(chance, range(0, 600, 3), 2_000, epoch=1)
    # A batch; the same records cut differently; events that a producer sent twice; others judged anew; a few more.
    arriving = [
        first,
        [*first[100:400]],
        again,
        rescored,
        rescored[50:120],
        events(chance, [*range(600, 640)], 3_000),
    ]
    seen = look(client, chance)
    assert seen == 0
    for batch in arriving:
        await sink.write(batch)
        # Before anything of it is counted, when a part is, and sometimes when all is.
        seen += look(client, chance)
        for most in (200, *chance.sample([1_000_000, 0], 1)):
            client.command(COUNT, parameters={"most": most})
            seen += look(client, chance)
    assert seen > 100


async def test_a_day_is_counted_once_until_something_of_it_comes(client: Client, sink: ClickHouseSink) -> None:
    batch = events(random.Random(4), range(200), 0)
    await sink.write(batch)
    waiting = days(client, "days_to_count(quiet = 0, most = 1000000)")
    assert len(waiting) == 2 * DAYS
    # Nothing is counted while an insert may not be over.
    assert not days(client, "days_to_count(quiet = 60, most = 1000000)")
    (newest,) = {day for _, day in days(client, "days_to_count(quiet = 0, most = 1)")}
    assert newest == max(day for _, day in waiting)
    client.command(COUNT, parameters={"most": 1_000_000})
    assert days(client, "phrases_by_day") == waiting
    await sink.write([scored(900, tenant="default", occurred_at=MIDNIGHT + timedelta(days=3, hours=5))])
    assert days(client, "days_to_count(quiet = 0, most = 1000000)") == {
        ("default", (MIDNIGHT + timedelta(days=3)).date())
    }


async def test_what_is_counted_is_not_read_again(client: Client, sink: ClickHouseSink) -> None:
    await sink.write(events(random.Random(5), range(600), 0))
    client.command(COUNT, parameters={"most": 1_000_000})
    since, until = (int((MIDNIGHT + timedelta(days=day)).timestamp()) for day in (DAYS - 1, DAYS))
    span = ("default", int(MIDNIGHT.timestamp()), since, until, 1)
    told = topics(client, "new_topics", *span)
    client.command(
        "ALTER TABLE events_by_time DELETE WHERE occurred_at < {at:DateTime} SETTINGS mutations_sync = 2",
        parameters={"at": since},
    )
    assert topics(client, "new_topics", *span) == told


async def test_the_engine_counts_by_itself_what_an_installation_has(
    url: str, client: Client, sink: ClickHouseSink
) -> None:
    for view in ("phrases_by_day_writer", "inserted_days_writer"):
        client.command(f"DROP TABLE {view}")
    for table in ("phrases_by_day", "inserted_days"):
        client.command(f"DROP TABLE {table}")
    client.command("DELETE FROM migrations WHERE name >= '0009'")
    await sink.write(events(random.Random(6), range(300), 0))
    with migrated(url) as again:
        assert len(days(again, "days_to_count(quiet = 0, most = 1000000)")) == 2 * DAYS
        # A minute later.
        _let_a_minute_pass(again)
        again.command("SYSTEM REFRESH VIEW phrases_by_day_writer")
        again.command("SYSTEM WAIT VIEW phrases_by_day_writer")
        assert len(days(again, "phrases_by_day")) == 2 * DAYS
        assert look(again, random.Random(6))


def _let_a_minute_pass(client: Client) -> None:
    rows: Sequence[Sequence[Any]] = client.query(
        "SELECT tenant, day, sum(inserted) FROM inserted_days GROUP BY ALL"
    ).result_rows
    client.command("TRUNCATE TABLE inserted_days")
    client.insert(
        "inserted_days",
        [[*row, datetime.now(UTC) - timedelta(minutes=1)] for row in rows],
        column_names=["tenant", "day", "inserted", "last_at"],
    )

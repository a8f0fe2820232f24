"""What the database shows of dead letters that were sent again or dropped."""

from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from sinks.base import Message
from sinks.clickhouse.queries import dead_letters
from sinks.clickhouse.sink import ClickHouseSink
from streams.broker.letters import Letter, State, mark_headers
from tests.contract.messages import APPENDED, DEAD_LETTERS, dead_letter, raw
from tests.unit.test_wanted import LETTER


def mark(offset: int, of: int, state: State, note: str = "") -> Message:
    """A mark of the letter at offset `of`, as `ticketpulse dlq` leaves it."""
    headers = mark_headers(Letter(0, of, LETTER), state, note)
    return raw(DEAD_LETTERS, offset, None)._replace(key=f"0-{of}".encode(), headers=headers)


async def test_letters_say_what_was_done_about_them_and_marks_are_no_letters(
    client: Client, sink: ClickHouseSink
) -> None:
    letters = [dead_letter(offset) for offset in range(4)]
    await sink.write([*letters, mark(4, of=1, state=State.DROPPED, note="a trial"), mark(5, of=2, state=State.DROPPED)])
    # Later, in a block of its own, and once more after a restart.
    for _ in range(2):
        await sink.write([mark(6, of=2, state=State.REDRIVEN, note="corrected")])
    found = {row["log_offset"]: row for row in dead_letters(client, 10)}
    assert {offset: (row["state"], row["note"]) for offset, row in found.items()} == {
        0: ("open", ""),
        1: ("dropped", "a trial"),
        2: ("redriven", "corrected"),
        3: ("open", ""),
    }
    assert found[0]["marked_at"] is None
    assert found[2]["marked_at"] == datetime.fromtimestamp((APPENDED + 6) / 1000, UTC)
    assert found[1]["value"] == letters[1].value
    assert [row["log_offset"] for row in dead_letters(client, 10, stage="score", reason="not_json")] == [3, 2, 1, 0]


async def test_a_producers_record_that_looks_like_a_mark_hides_nothing(client: Client, sink: ClickHouseSink) -> None:
    forged = mark(1, of=0, state=State.DROPPED)
    elsewhere = tuple(
        (name, raw.replace(b"tickets.dead-letters.v1", b"tickets.events.v1")) for name, raw in forged.headers
    )
    await sink.write([dead_letter(0), forged._replace(headers=elsewhere)])
    assert {row["log_offset"]: row["state"] for row in dead_letters(client, 10)} == {0: "open", 1: "open"}

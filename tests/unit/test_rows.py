"""Messages become columns, and one that cannot costs only itself."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.readings import Reading
from schemas.scored import Reason, Sentiment
from sinks.base import Message
from sinks.rows import TABLES, to_block, version
from tests.contract.messages import APPENDED, NOON, dead_letter, escalation, raw, scored, window

NOON_MS = round(NOON.timestamp() * 1000)


def only_row(table: str, message: Message) -> dict[str, Any]:
    block, unusable = to_block(table, [message])
    assert unusable == []
    return {name: values[0] for name, values in block.columns.items()}


def test_a_scored_event_becomes_a_row_with_every_field() -> None:
    read: dict[str, Any] = {
        "confidence": 0.8,
        "reasons": (Reason("lexicon", "wrong", -2.1, 15, 20),),
        "reading": Reading(emotion="frustrated", urgency="high", key_phrases=("invoice",)),
    }
    row = only_row(
        "scored_events", scored(7, partition=2, subject="Invoice", satisfaction=4, priority="urgent", **read)
    )
    assert row == {
        "tenant": "default",
        "ticket_id": "T-1",
        "event_id": "event-7",
        "type": "message",
        "channel": "web",
        "priority": "urgent",
        "category": "billing",
        "voice": "customer",
        "status": "",
        "customer_id": "",
        "agent_id": "",
        "language": "",
        "journey_stage": "",
        "occurred_at": NOON_MS,
        "received_at": NOON_MS,
        "appended_at": APPENDED + 7,
        "subject": "Invoice",
        "text": "The invoice is wrong.",
        "scored": True,
        "score": "2.05",
        "label": "negative",
        "compound": -0.59,
        "polarity": -0.25,
        "subjectivity": 0.5,
        "confidence": 0.8,
        "reasons": '[{"rule":"lexicon","term":"wrong","points":-2.1,"start":15,"end":20}]',
        "reading": '{"emotion":"frustrated","urgency":"high","key_phrases":["invoice"]}',
        "unscored": "",
        "satisfaction": 4,
        "scorer": "vader",
        "model_epoch": 0,
        "log_partition": 2,
        "log_offset": 7,
        "version": 7,
    }


def test_an_event_without_a_text_is_unset_and_has_the_middle_priority() -> None:
    row = only_row("scored_events", scored(sentiment=None, unscored="no text", text=None))
    shown = {name: row[name] for name in ("scored", "score", "label", "compound", "unscored", "text", "priority")}
    assert shown == {
        "scored": False,
        "score": "0.00",
        "label": "unset",
        "compound": 0.0,
        "unscored": "no text",
        "text": "",
        "priority": "medium",
    }


@given(st.integers(min_value=0, max_value=1000))
def test_every_score_keeps_its_two_decimals(hundredths: int) -> None:
    sentiment = Sentiment(hundredths / 100, "neutral", 0.0, 0.0, 0.0)
    row = only_row("scored_events", scored(sentiment=sentiment))
    assert row["score"] == f"{hundredths // 100}.{hundredths % 100:02d}"


def test_an_escalation_keeps_its_id_and_reason() -> None:
    row = only_row("escalations", escalation(5))
    assert isinstance(row["escalation_id"], UUID)
    assert (row["reason"], row["score"], row["customer_id"]) == ("score 2.05 is below 3", "2.05", "")
    assert (row["occurred_at"], row["version"]) == (NOON_MS, 5)


def test_a_window_without_scores_has_no_lowest_and_no_highest() -> None:
    row = only_row("windows", window(revision=4))
    assert (row["start"], row["size"], row["revision"], row["score_min"]) == (1_772_625_600, 60, 4, "2.05")
    value = window().value
    assert value is not None
    empty = raw("windows", 0, value.replace(b"205,205,205", b"0,-1,-1"))
    row = only_row("windows", empty)
    assert (row["score_sum"], row["score_min"], row["score_max"]) == (0, None, None)


def test_a_dead_letter_keeps_its_bytes() -> None:
    row = only_row("dead_letters", dead_letter(3))
    assert (row["key"], row["value"], row["headers"]) == (b"\xfe", b"\xff\x00not JSON", '[["trace","AP4="]]')
    assert (row["topic"], row["partition"], row["offset"]) == ("tickets.events.v1", 3, 43)
    assert (row["reason"], row["message"], row["attempts"]) == ("not_json", "value: not JSON", 1)


def test_a_dead_letter_of_a_tombstone_is_a_row() -> None:
    assert only_row("dead_letters", dead_letter(value=None))["value"] is None


def test_a_dead_letter_that_somebody_else_wrote_is_a_row() -> None:
    row = only_row("dead_letters", raw("dead-letters", 0, b"?"))
    assert (row["stage"], row["partition"], row["offset"]) == ("", -1, -1)


UNUSABLE = [
    ("scored_events", raw("scored", 0, None), "without a value"),
    ("scored_events", raw("scored", 0, b"{"), "truncated"),
    ("scored_events", raw("scored", 0, b"[]"), "object"),
    ("scored_events", raw("scored", 0, b"{}"), "missing required field"),
    ("scored_events", raw("scored", 0, b'{"metadata":{"a":' + b"[" * 100_000), "recursion"),
    ("scored_events", scored()._replace(timestamp=-1), "append"),
    ("scored_events", scored(channel="fax"), "channel"),
    ("scored_events", scored(sentiment=Sentiment(10.01, "positive", 0, 0, 0)), "10.01 is not from 0 to 10"),
    ("scored_events", scored(occurred_at=datetime(2100, 1, 1, tzinfo=UTC)), "occurred_at: 2100"),
    ("scored_events", scored(received_at=datetime(1969, 12, 31, tzinfo=UTC)), "received_at: 1969"),
    ("scored_events", scored(received_at=datetime(2026, 1, 1)), "naive"),  # noqa: DTZ001
    ("scored_events", scored(model_epoch=1 << 20), "model epoch"),
    ("escalations", escalation(escalation_id="5"), "UUID"),
    ("escalations", escalation(label="angry"), "label"),
    ("escalations", escalation(score=-1), "-1.0 is not from 0 to 10"),
    ("escalations", escalation(episode=1 << 32), "episode"),
    ("windows", window(events=-1), "events: -1"),
    ("windows", window(start=-60), "start: 1969"),
    ("windows", window(size=0), "size: 0"),
    ("dead_letters", dead_letter()._replace(headers=(("__connect.errors.partition", b"9" * 10),)), "partition"),
    ("dead_letters", dead_letter()._replace(headers=(("ticketpulse.attempts", b"9" * 5000),)), "digits"),
    ("dead_letters", dead_letter()._replace(timestamp=1 << 62), "year"),
]


@pytest.mark.parametrize(("table", "message", "reason"), UNUSABLE, ids=range(len(UNUSABLE)))
def test_a_message_that_cannot_become_a_row_says_why(table: str, message: Message, reason: str) -> None:
    block, unusable = to_block(table, [message])
    assert block.messages == []
    assert set(map(len, block.columns.values())) == {0}
    assert [each.message for each in unusable] == [message]
    assert reason in unusable[0].reason


def test_the_neighbours_of_an_unusable_message_become_rows_in_order() -> None:
    messages = [scored(offset) if offset % 7 else raw("scored", offset, b"?") for offset in range(250)]
    block, unusable = to_block("scored_events", messages)
    assert block.columns["log_offset"] == [offset for offset in range(250) if offset % 7]
    assert [message.offset for message in block.messages] == block.columns["log_offset"]
    assert [each.message.offset for each in unusable] == list(range(0, 250, 7))


def test_a_part_of_a_block_is_its_rows() -> None:
    block, _ = to_block("scored_events", [scored(offset) for offset in range(5)])
    part = block.part(2, 4)
    assert part.columns["log_offset"] == [message.offset for message in part.messages] == [2, 3]


@pytest.mark.parametrize("table", TABLES)
def test_no_messages_are_no_rows(table: str) -> None:
    block, unusable = to_block(table, [])
    assert (block.messages, unusable) == ([], [])


def test_a_higher_epoch_outranks_every_offset() -> None:
    assert version(0, 5) < version(0, 6) < version(0, (1 << 44) - 1) < version(1, 0)
    assert version((1 << 20) - 1, (1 << 44) - 1) == (1 << 64) - 1


@pytest.mark.parametrize(("epoch", "offset"), [(-1, 0), (0, -1), (1 << 20, 0), (0, 1 << 44)])
def test_what_does_not_fit_into_a_version_is_refused(epoch: int, offset: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        version(epoch, offset)

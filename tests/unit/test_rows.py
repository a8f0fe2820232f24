"""Messages become columns, and one that cannot costs only itself."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.escalations import decode_escalation
from schemas.notices import Escalated
from schemas.predictions import Estimate
from schemas.readings import Reading
from schemas.registry import ANSWER_HEADER
from schemas.scored import Reason, Sentiment
from sinks.base import Message, Refused
from sinks.columns import Columns, version_of_first
from sinks.rows import TABLES, to_block, to_parts, version
from tests.contract.messages import (
    APPENDED,
    NOON,
    alert,
    assignment,
    audited,
    correction,
    dead_letter,
    escalation,
    notification,
    prediction,
    raw,
    scored,
    shadow,
    window,
)

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
        "scored_events",
        scored(
            7, partition=2, subject="Invoice", satisfaction=4, priority="urgent", author="ann", product="app", **read
        ),
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
        "author": "ann",
        "status": "",
        "customer_id": "",
        "agent_id": "",
        "language": "",
        "journey_stage": "",
        "product": "app",
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
        "version": version_of_first(0, 7),
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


def test_an_alert_keeps_its_figures_and_phrases() -> None:
    row = only_row("alerts", alert(6))
    assert isinstance(row["alert_id"], UUID)
    assert (row["observed"], row["expected"], row["ratio"]) == (120.0, 30.5, pytest.approx(120 / 30.5))
    assert (row["tickets"], row["phrases"]) == (["T-1", "T-2"], [("card declined", 0.5, 0.01)])
    assert (row["started_at"], row["resolved_at"], row["log_offset"]) == (NOON_MS, None, 6)


def test_a_window_without_scores_has_no_lowest_and_no_highest() -> None:
    row = only_row("windows", window(revision=4))
    assert (row["start"], row["size"], row["revision"], row["score_min"]) == (1_772_625_600, 60, 4, "2.05")
    value = window().value
    assert value is not None
    empty = raw("windows", 0, value.replace(b"205,205,205", b"0,-1,-1"))
    row = only_row("windows", empty)
    assert (row["score_sum"], row["score_min"], row["score_max"]) == (0, None, None)


def test_a_window_keeps_what_it_counts_by_name_and_bucket() -> None:
    row = only_row("windows", window())
    assert (row["tickets"], row["reopened"], row["responded_in_time"], row["resolved_in_time"]) == (2, 1, 2, 1)
    assert (row["emotions"], row["urgencies"]) == ({"angry": 1}, {"high": 1})
    assert (row["response_times"], row["resolution_times"]) == ({280: 2, 300: 1}, {440: 1})


@pytest.mark.parametrize(
    ("whole", "bad", "said"),
    [
        (b'{"280":2', b'{"-1":2', "bucket: -1 is not"),
        (b'{"280":2', b'{"65536":2', "bucket: 65536 is not"),
        (b'{"angry":1', b'{"angry":-1', "emotions of angry: -1 is not"),
    ],
)
def test_a_window_with_an_impossible_count_is_no_row(whole: bytes, bad: bytes, said: str) -> None:
    value = window().value or b""
    block, [unusable] = to_block("windows", [raw("windows", 0, value.replace(whole, bad))])
    assert len(block.messages) == 0
    assert said in unusable.reason


def test_a_notification_becomes_a_row_without_what_it_told() -> None:
    told = decode_escalation(escalation().value or b"")
    row = only_row("notifications", notification(7, state="pending", notices=(Escalated(escalation=told),)))
    assert (row["state"], row["about"], row["provider_ms"], row["version"]) == ("pending", ["e"], 120, 7)
    assert not any("invoice" in str(value) for value in row.values())


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


def test_a_dead_letter_with_headers_that_are_null_or_nonsense_is_a_row() -> None:
    null: Any = None
    letter = dead_letter(3)
    headers = (("__connect.errors.exception.message", null), ("ticketpulse.attempts", null), ("trace", null))
    row = only_row("dead_letters", letter._replace(headers=headers))
    assert (row["message"], row["attempts"], row["headers"]) == ("", 0, '[["trace",""]]')
    for said in (b"9" * 5_000, b"-1", b"x", b""):
        row = only_row("dead_letters", letter._replace(headers=(("ticketpulse.attempts", said),)))
        assert row["attempts"] == 0


def with_reason(written: bytes) -> Message:
    """An event whose reason is these bytes."""
    return raw("scored", 0, (scored().value or b"").replace(b'"reasons":[', b'"reasons":[' + written))


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
    ("scored_events", scored(tenant="a/b"), "tenant"),
    ("scored_events", scored(ticket_id=""), "ticket_id"),
    ("scored_events", scored(sentiment=Sentiment(-0.01, "negative", 0, 0, 0)), "-0.01 is not from 0 to 10"),
    ("scored_events", scored(sentiment=Sentiment(5, "glad", 0, 0, 0)), "label"),  # type: ignore[arg-type]
    ("scored_events", with_reason(b'"\xff"'), "utf-8"),
    ("scored_events", with_reason(b'"\0"'), "invalid character"),
    ("escalations", escalation(escalation_id="5"), "UUID"),
    ("escalations", escalation(label="angry"), "label"),
    ("escalations", escalation(score=-1), "-1.0 is not from 0 to 10"),
    ("escalations", escalation(episode=1 << 32), "episode"),
    ("alerts", alert(alert_id="5"), "UUID"),
    ("alerts", alert(severity="awful"), "severity"),
    ("alerts", alert(window_size=0), "window_size: 0"),
    ("alerts", alert(fired_at=datetime(2300, 1, 1, tzinfo=UTC)), "fired_at"),
    ("notifications", notification(notification_id="5"), "UUID"),
    ("notifications", notification(state="lost"), "state"),
    ("notifications", notification(attempt=-1), "attempt: -1"),
    ("notifications", notification(due_at=datetime(2300, 1, 1, tzinfo=UTC)), "due_at"),
    ("corrections", correction(correction_id="5"), "UUID"),
    ("corrections", correction(field="score"), "field"),
    ("corrections", correction(note="x" * 1_001), "note"),
    ("corrections", correction(corrected_at=datetime(2300, 1, 1, tzinfo=UTC)), "corrected_at"),
    ("predictions", prediction(prediction_id="5"), "UUID"),
    ("predictions", prediction(escalation=Estimate(1.5)), "escalation"),
    ("predictions", prediction(resolution=Estimate(float("inf"))), "resolution"),
    ("assignments", assignment(assignment_id="5"), "UUID"),
    ("assignments", assignment(revision=-1), "revision"),
    ("assignments", assignment(state="lost"), "state"),
    ("assignments", assignment(since=datetime(2300, 1, 1, tzinfo=UTC)), "since"),
    ("audit", audited(audit_id="5"), "UUID"),
    ("audit", audited(result="perhaps"), "result"),
    ("shadow_scores", shadow(kind="sla"), "kind"),
    ("shadow_scores", shadow(score=10.5), "10.5 is not from 0 to 10"),
    ("shadow_scores", shadow(occurred_at=datetime(2300, 1, 1, tzinfo=UTC)), "occurred_at"),
    ("windows", window(events=-1), "events: -1"),
    ("windows", window(start=-60), "start: 1969"),
    ("windows", window(size=0), "size: 0"),
    ("dead_letters", dead_letter()._replace(headers=(("__connect.errors.partition", b"9" * 10),)), "partition"),
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


def test_what_is_made_of_parts_follows_the_order_of_the_messages() -> None:
    messages = [scored(offset) for offset in range(1200)]
    parts, usable, unusable = to_parts("scored_events", messages, lambda columns: list(columns["log_offset"]))
    assert len(parts) > 1
    assert [offset for part in parts for offset in part] == list(range(1200))
    assert (usable, unusable) == (messages, [])


def test_a_row_that_cannot_be_turned_costs_itself_alone() -> None:
    def turn(columns: Columns) -> list[int]:
        if 13 in columns["log_offset"]:
            raise ValueError("unlucky")
        return list(columns["log_offset"])

    messages = [scored(offset) for offset in range(20)]
    parts, usable, unusable = to_parts("scored_events", messages, turn)
    others = [offset for offset in range(20) if offset != 13]
    assert [offset for part in parts for offset in part] == others
    assert [message.offset for message in usable] == others
    assert unusable == [Refused(messages[13], "unlucky")]


def test_a_later_model_s_row_has_a_higher_version_and_of_one_model_the_first() -> None:
    messages = [scored(9), scored(3), scored(3, model_epoch=1), scored(4, model_epoch=2)]
    block, _ = to_block("scored_events", messages)
    last = (1 << 44) - 1
    assert block.columns["version"] == [last - 9, last - 3, 1 << 44 | last - 3, 2 << 44 | last - 4]
    places = zip((0, 0, 1, 2), (9, 3, 3, 4), strict=True)
    assert block.columns["version"] == [version_of_first(*place) for place in places]


def test_times_are_rounded_to_milliseconds() -> None:
    times = [(499, 0), (500, 1), (1_499, 1), (1_500, 2), (999_999, 1000)]
    for microseconds, milliseconds in times:
        row = only_row("scored_events", scored(received_at=datetime(2026, 3, 4, 12, 0, 0, microseconds, tzinfo=UTC)))
        assert row["received_at"] == 1_772_625_600_000 + milliseconds


def test_the_registry_s_answers_are_no_rows_and_nobody_misses_them() -> None:
    answer = raw("scored", 1, b"{}")._replace(headers=((ANSWER_HEADER, b"1"),))
    event = scored(0)._replace(headers=(("trace", b"1"),))
    block, unusable = to_block("scored_events", [event, answer])
    assert (block.messages, unusable) == ([event], [])


@pytest.mark.parametrize("table", TABLES)
def test_no_messages_are_no_rows(table: str) -> None:
    block, unusable = to_block(table, [])
    assert (block.messages, unusable) == ([], [])


def test_a_higher_epoch_outranks_every_offset() -> None:
    assert version(0, 5) < version(0, 6) < version(0, (1 << 44) - 1) < version(1, 0)
    assert version((1 << 20) - 1, (1 << 44) - 1) == (1 << 64) - 1
    assert version_of_first(0, 0) > version_of_first(0, 1) > version_of_first(0, (1 << 44) - 1)
    assert version_of_first(0, 0) < version_of_first(1, (1 << 44) - 1)


@pytest.mark.parametrize(("epoch", "offset"), [(-1, 0), (0, -1), (1 << 20, 0), (0, 1 << 44)])
def test_what_does_not_fit_into_a_version_is_refused(epoch: int, offset: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        version(epoch, offset)

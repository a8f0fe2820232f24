"""The score stage: one scored event or one dead letter for each record, neighbours untouched."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas.deadletters import MESSAGE, OFFSET, REASON, own_headers, read_dead_letter
from schemas.events import TicketEvent
from schemas.readings import PresetName
from schemas.scored import decode_scored
from streams import topics
from streams.escalation.book import BookFile, PolicyBook, Use
from streams.escalation.loading import preset
from streams.score import ScoreStage
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of
from streams.scoring.unavailable import UnavailableScorer
from streams.stages import load_preset
from tests.unit.records import FURIOUS, NINE, Appended, Partition, event, raw, score_stage


@pytest.fixture(scope="module")
def stage() -> ScoreStage:
    return score_stage(scorer_of("support"), reader_of("support"))


BAD: dict[str, tuple[bytes | None, str, str]] = {
    "not JSON": (b"{", "not_json", "value: not JSON"),
    "not UTF-8": (b'{"event_id": "\xff"}', "not_json", "value: not JSON"),
    "nested too deep": (b"[" * 100_000, "not_json", "value: not JSON"),
    "not an object": (b"[1]", "not_an_object", "value: an event is a JSON object, not an array"),
    "no event id": (b'{"ticket_id": "t", "text": "x"}', "no_id", "event_id: required"),
    "no ticket id": (b'{"event_id": "e", "text": "x"}', "no_id", "ticket_id: required"),
    "wrong type": (b'{"event_id": "e", "ticket_id": 7}', "invalid_field", "ticket_id: expected `str`, got `int`"),
    "unknown type": (json.dumps(event(type="zap")).encode(), "unknown_type", "type: 'zap' is not one of created |"),
    "no time": (json.dumps(event(occurred_at="yesterday")).encode(), "bad_time", "occurred_at: 'yesterday' is no time"),
    "null as time": (json.dumps(event(occurred_at=None)).encode(), "bad_time", "occurred_at: null is no time"),
    "empty text": (json.dumps(event(text="")).encode(), "empty", "text: empty"),
    "tombstone": (None, "tombstone", "value: a record without a value"),
    "too large": (json.dumps(event(text="x" * 1_048_577)).encode(), "too_large", "value: 1,048,"),
    "newer schema": (json.dumps(event(schema_version=2)).encode(), "unknown_version", "schema_version: 2"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_dead_letter_and_its_neighbours_are_scored(stage: ScoreStage, name: str) -> None:
    value, reason, words = BAD[name]
    bad = Appended(7, NINE, b"its key", value, (("trace", b"1"),))
    before, dead, after = Partition(stage).process(raw(6, event_id="before"), bad, raw(8, event_id="after"))
    assert [json.loads(sent.value or b"")["event_id"] for sent in (before, after)] == ["before", "after"]
    assert (dead.topic, dead.key, dead.value) == (topics.DEAD_LETTERS, b"its key", value)
    headers = dict(dead.headers)
    assert (headers[REASON].decode(), headers[OFFSET]) == (reason, b"7")
    assert headers[MESSAGE].decode().startswith(words)
    assert own_headers(dead.headers) == (("trace", b"1"),)


def test_a_record_that_failed_before_counts_its_attempts(stage: ScoreStage) -> None:
    (first,) = Partition(stage).process(Appended(1, NINE, None, b"{"))
    (second,) = Partition(stage).process(Appended(9, NINE, first.key, first.value, tuple(first.headers)))
    letter = read_dead_letter(second.key, second.value, second.headers, datetime.fromtimestamp(NINE / 1000, UTC))
    assert (letter.attempts, letter.offset, letter.headers) == (2, 9, ())


def test_a_megabyte_of_text_and_ten_thousand_emoji_are_scored(stage: ScoreStage) -> None:
    huge = raw(0, text=(FURIOUS + " ") * 12_000)
    emoji = raw(1, text="😡" * 10_000)
    sent = Partition(stage).process(huge, emoji)
    assert [decode_scored(one.value or b"").sentiment is not None for one in sent] == [True, True]


def test_the_output_is_keyed_by_tenant_and_ticket_whatever_the_key_was(stage: ScoreStage) -> None:
    value = json.dumps(event(tenant="acme", ticket_id="T/9")).encode()
    sent = Partition(stage).process(Appended(0, NINE, None, value), Appended(1, NINE, b"other", value))
    assert [one.key for one in sent] == [b"acme/T/9", b"acme/T/9"]


def test_unknown_fields_survive_at_the_top_level(stage: ScoreStage) -> None:
    (sent,) = Partition(stage).process(raw(0, shop="Köln", nested={"a": [1]}, sentiment="theirs"))
    fields = json.loads(sent.value or b"")
    assert (fields["shop"], fields["nested"]) == ("Köln", {"a": [1]})
    assert fields["sentiment"]["label"] == "neutral"


def test_subject_and_text_are_scored_and_other_events_say_why_not(stage: ScoreStage) -> None:
    furious, status = Partition(stage).process(
        raw(0, subject=FURIOUS, text=None), raw(1, type="status_changed", status="resolved", text=None)
    )
    scored = decode_scored(furious.value or b"")
    assert scored.sentiment is not None
    assert (scored.sentiment.label, scored.voice) == ("very_negative", "customer")
    unscored = decode_scored(status.value or b"")
    assert (unscored.sentiment, unscored.unscored) == (None, "no text")


def test_what_else_the_text_says_and_why_it_scored_so(stage: ScoreStage) -> None:
    text = "Charged twice, and still no reply after three emails.\n> On Monday you wrote:\n> all is well"
    (sent,) = Partition(stage).process(raw(0, text=text, priority="urgent"))
    scored = decode_scored(sent.value or b"")
    assert scored.sentiment is not None
    assert scored.sentiment.score == pytest.approx(5 + sum(reason.points for reason in scored.reasons), abs=0.01)
    assert {reason.term for reason in scored.reasons} >= {"Charged twice", "still no reply"}
    assert (scored.category, scored.reading.subcategory) == ("billing", "duplicate_charge")
    assert (scored.reading.urgency, scored.language) == ("critical", "en")
    assert scored.removed == {"quoted_lines": 2}


def test_a_producers_own_language_and_stage_stay(stage: ScoreStage) -> None:
    (sent,) = Partition(stage).process(raw(0, text="Where is my parcel?", language="en-GB", journey_stage="returns"))
    scored = decode_scored(sent.value or b"")
    assert (scored.language, scored.journey_stage, scored.reading.journey_stage) == ("en-GB", "returns", "delivery")


def test_each_field_of_an_event_is_carried_along(stage: ScoreStage) -> None:
    fields = {
        **dict.fromkeys((each.name for each in msgspec.structs.fields(TicketEvent)), "told"),
        "type": "rated",
        "channel": "phone",
        "occurred_at": "2026-11-21T09:00:00Z",
        "status": "closed",
        "priority": "low",
        "satisfaction": 2,
        "attachments": ["a.png", {"name": "b.png"}],
        "wants_state": True,
        "metadata": {"attempt": 1},
    }
    del fields["extra"]
    (sent,) = Partition(stage).process(Appended(0, NINE, None, json.dumps(fields).encode()))
    scored = json.loads(sent.value or b"")
    assert {name: scored[name] for name in fields} == fields


def test_what_no_customer_wrote_is_counted_by_its_reason(stage: ScoreStage) -> None:
    partition = Partition(stage)
    partition.process(raw(0, text="Out of office: I am away."), raw(1, type="rated", satisfaction=5, text=None))
    del partition.counts["tenant_bytes", "default"]
    assert partition.counts == {("unscored", "automatic reply"): 1, ("unscored", "no text"): 1}


def test_events_go_on_without_a_scorer_and_are_counted() -> None:
    partition = Partition(score_stage(UnavailableScorer("MemoryError: no more"), reader_of("support")))
    (sent,) = partition.process(raw(0, text=FURIOUS))
    scored = decode_scored(sent.value or b"")
    assert (scored.sentiment, scored.unscored) == (None, "scorer unavailable: MemoryError: no more")
    del partition.counts["tenant_bytes", "default"]
    assert partition.counts == {("unscored", "scorer unavailable"): 1}


@pytest.mark.parametrize(
    ("fields", "voice"),
    [
        ({}, "customer"),
        ({"type": "agent_reply"}, "agent"),
        ({"author": "bot"}, "agent"),
        ({"author": "Ann"}, "customer"),
    ],
)
def test_whose_words_they_are(stage: ScoreStage, fields: dict[str, Any], voice: str) -> None:
    (sent,) = Partition(stage).process(raw(0, **fields))
    assert decode_scored(sent.value or b"").voice == voice


def test_an_event_without_a_time_happened_when_it_was_appended(stage: ScoreStage) -> None:
    fields = event()
    del fields["occurred_at"]
    (sent,) = Partition(stage).process(Appended(0, NINE + 5, None, json.dumps(fields).encode()))
    scored = decode_scored(sent.value or b"")
    assert scored.occurred_at == scored.received_at
    assert scored.occurred_at.microsecond == 5000


def test_each_tenants_texts_are_read_by_the_preset_of_its_policy() -> None:
    names: tuple[PresetName, ...] = ("support", "helpdesk")
    use = Use(tenant="acme", policy="helpdesk")
    book = PolicyBook({name: preset(name) for name in names}, BookFile(use=(use,)))
    stage = Partition(ScoreStage(book, load_preset))
    sent = stage.process(*(raw(place, tenant=tenant) for place, tenant in enumerate(["acme", "other", "acme"])))
    found = [decode_scored(one.value or b"") for one in sent]
    assert [(one.tenant, one.scorer) for one in found] == [
        ("acme", scorer_of("helpdesk").name),
        ("other", scorer_of("support").name),
        ("acme", scorer_of("helpdesk").name),
    ]

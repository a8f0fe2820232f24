"""What the stage `track` reads of a scored event is what was written."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas.events import TicketEvent
from schemas.readings import PresetName
from schemas.scored import ScoredEvent, decode_scored, encode_event
from schemas.tracked import decode_tracked
from streams.conversations import Conversation
from streams.escalation.facts import FACTS, Moment
from streams.score import Received, score_events
from tests.unit.reading import reader, scorer
from tests.unit.records import FURIOUS, NINE

AT = datetime.fromtimestamp(NINE / 1000, UTC)
KNOWN = Conversation(first_at=NINE, last_at=NINE)
TEXTS = (FURIOUS, "Where is my refund? I want to speak to a human, or my lawyer will hear of it.", "Thanks!")


def scored(preset: PresetName) -> list[ScoredEvent]:
    full: dict[str, Any] = {
        "subject": "Refund",
        "customer_id": "c1",
        "agent_id": "a1",
        "status": "open",
        "priority": "low",
        "author": "bot",
        "session_id": "s1",
        "satisfaction": 3,
        "attachments": ["a.png", {"name": "b.png"}],
        "email": "ann@example.org",
        "phone": "+1",
        "source_type": "email",
        "source_reference_id": "r1",
        "correlation_id": "x1",
        "wants_state": True,
        "metadata": {"resolution_notes": "n", "more": [1, {"a": None}]},
        "extra": {"theirs": 1},
    }
    events = [
        TicketEvent(event_id=f"e{number}", ticket_id="t1", occurred_at=AT, text=text, **more)
        for number, (text, more) in enumerate((text, more) for text in TEXTS for more in ({}, full))
    ]
    events.append(TicketEvent(event_id="e", ticket_id="t1", occurred_at=AT, type="status_changed", status="closed"))
    return score_events([Received(event, AT) for event in events], scorer(preset), reader(preset))


def same(part: Any, whole: Any) -> bool:
    """Whether every field of the part is the whole's."""
    if isinstance(part, msgspec.Struct):
        return all(same(getattr(part, name), getattr(whole, name)) for name in part.__struct_fields__)
    if isinstance(part, tuple):
        return len(part) == len(whole) and all(map(same, part, whole))
    return bool(part == whole)


@pytest.mark.parametrize("preset", ["support", "helpdesk", "incident", "whatsapp", "assistant", "analytics"])
def test_what_is_read_is_what_was_written(preset: PresetName) -> None:
    for event in scored(preset):
        value = encode_event(event)
        assert same(decode_tracked(value), decode_scored(value))


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_can_be_found_in_what_is_read(name: str) -> None:
    for event in scored("support"):
        value = encode_event(event)
        found = [
            FACTS[name].read(Moment(read, KNOWN, NINE, read, None))
            for read in (decode_tracked(value), decode_scored(value))
        ]
        assert found[0] == found[1]


@pytest.mark.parametrize("value", [b"", b"{}", b"null", b'{"event_id":"e"}', b'{"event_id":1}'])
def test_what_is_no_scored_event_is_refused(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_tracked(value)

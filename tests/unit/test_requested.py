"""An escalation that another system asks for: the record has what that system told, and the state names the record."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas.conversations import ConversationState, decode_state
from schemas.escalations import Escalation, decode_escalation
from schemas.events import TicketEvent
from schemas.scored import encode_event
from streams import topics
from streams.engine.log import Outgoing
from streams.escalation.book import preset_book
from streams.score import Received, score_events
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of
from streams.track import TrackStage
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition, event, rekeyed

AT = datetime.fromtimestamp(NINE / 1000, UTC)
TOLD = {
    "escalation_reason": "asked for {somebody}",
    "escalation_category": "delivery_problem",
    "bot_detected_sentiment": "angry",
    "conversation_summary": "The parcel is late.\n\nThe customer paid twice.",
    "keywords_detected": ["late", "refund"],
}
HISTORY = [{"speaker": "customer", "text": "Where is my parcel?"}, {"speaker": "bot", "text": "On its way."}]


@pytest.fixture
def track() -> Partition:
    return Partition(TrackStage(preset_book("whatsapp"), EVENT_IDS, RULES))


def scored(**fields: Any) -> Appended:
    received = Received(msgspec.convert(event(occurred_at=AT, wants_state=True, **fields), TicketEvent), AT)
    (made,) = score_events([received], scorer_of("support"), reader_of("whatsapp"))
    return rekeyed(encode_event(made))


def requested(metadata: dict[str, Any], **fields: Any) -> Appended:
    return scored(type="escalation_requested", author="bot", text=None, metadata=metadata, **fields)


def record_of(sent: list[Outgoing]) -> Escalation:
    (record,) = (decode_escalation(one.value or b"") for one in sent if one.topic == topics.ESCALATIONS)
    return record


def state_of(sent: list[Outgoing]) -> ConversationState:
    (state,) = (decode_state(one.value or b"") for one in sent if one.topic == topics.CONVERSATIONS)
    return state


def test_the_record_has_what_the_other_system_told(track: Partition) -> None:
    record = record_of(track.process(requested(TOLD | {"conversation_history": HISTORY}, journey_stage="delivery")))
    assert (record.rule, record.reason) == ("requested", "asked for {somebody}")
    assert (record.category, record.emotion, record.journey_stage) == ("delivery_problem", "angry", "delivery")
    assert record.subject == "URGENT: Delivery problem"
    assert record.summary == ("Customer: Where is my parcel?", "Bot: On its way.")
    assert [(said.speaker, said.text) for said in record.messages] == [tuple(line.values()) for line in HISTORY]
    assert record.keywords == ("late", "refund")


def test_without_a_history_the_summary_is_the_other_systems(track: Partition) -> None:
    record = record_of(track.process(requested(TOLD)))
    assert record.summary == ("The parcel is late.", "The customer paid twice.")


def test_messages_of_our_own_count_more_than_what_is_told_of_them(track: Partition) -> None:
    track.process(scored(event_id="said", text="Which colours do you have?"))
    record = record_of(track.process(requested(TOLD | {"conversation_history": HISTORY})))
    assert record.summary == ("Customer: Which colours do you have?",)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"escalation_category": 7, "escalation_reason": {"a": 1}, "bot_detected_sentiment": []},
        {"conversation_history": "none", "keywords_detected": {"late": 1}, "conversation_summary": 3},
        {"conversation_history": [1, None, {"text": 4}, {"speaker": 5}], "keywords_detected": [None, 2]},
    ],
)
def test_metadata_of_any_shape_escalates(track: Partition, metadata: dict[str, Any]) -> None:
    record = record_of(track.process(requested(metadata)))
    assert (record.rule, record.summary, record.keywords) == ("requested", (), ())


def test_the_state_tells_of_an_escalation_what_the_customer_is_told(track: Partition) -> None:
    first = track.process(requested(TOLD, priority="urgent"))
    again = track.process(requested(TOLD, event_id="again"))
    for sent in (first, again):
        state, record = state_of(sent), record_of(first)
        assert state.escalated
        assert (state.escalation_id, state.queue) == (record.escalation_id, record.queue)
        assert state.respond_within == 900
        assert state.reply == record.reply
        assert "t1" in (state.reply or "")
        assert "{" not in (state.reply or "")
    assert [one for one in again if one.topic == topics.ESCALATIONS] == []

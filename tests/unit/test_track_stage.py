"""The track stage: conversations, duplicates, escalations once, totals before their watermark."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas.escalations import Escalation
from schemas.events import TicketEvent
from schemas.scored import encode_event
from schemas.windows import Totals, Watermark, WindowPartial, decode_key, decode_partial
from streams import topics
from streams.engine.log import Outgoing
from streams.score import Received, score_events
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of
from streams.track import TrackStage
from streams.track.tickets import CONVERSATIONS
from streams.track.totals import WINDOWS
from tests.policies import SIMPLE
from tests.unit.records import CALM, EVENT_IDS, FURIOUS, NINE, RULES, Appended, Partition, event, rekeyed

SCORER, READER = scorer_of("helpdesk"), reader_of("analytics")
DAY_MS = 86_400_000


def scored(appended: int = NINE, **fields: Any) -> Appended:
    """A record of the scored topic; `occurred_at` is in Unix milliseconds."""
    known = event(**fields)
    known["occurred_at"] = datetime.fromtimestamp(known["occurred_at"] / 1000, UTC)
    received = Received(msgspec.convert(known, TicketEvent), datetime.fromtimestamp(appended / 1000, UTC))
    (made,) = score_events([received], SCORER, READER)
    return rekeyed(encode_event(made), appended)


@pytest.fixture
def track() -> Partition:
    return Partition(TrackStage(SIMPLE, EVENT_IDS, RULES), partition=3, partitions=8)


def escalations(sent: list[Outgoing]) -> list[Escalation]:
    return [msgspec.json.decode(one.value or b"", type=Escalation) for one in sent if one.topic == topics.ESCALATIONS]


def partials(sent: list[Outgoing]) -> dict[tuple[int, str, str], Totals]:
    messages = [decode_partial(one.value or b"") for one in sent if one.topic == topics.PARTIALS]
    return {
        (message.key.size, message.key.dimension, message.key.value): message.totals
        for message in messages
        if isinstance(message, WindowPartial)
    }


def watermarks(sent: list[Outgoing]) -> list[int]:
    messages = [decode_partial(one.value or b"") for one in sent if one.topic == topics.PARTIALS]
    return [message.time for message in messages if isinstance(message, Watermark)]


def test_a_very_negative_text_on_an_open_ticket_escalates_with_the_reason(track: Partition) -> None:
    (escalation,) = escalations(track.process(scored(text=FURIOUS, event_id="cause", customer_id="c9")))
    assert (escalation.ticket_id, escalation.event_id, escalation.customer_id) == ("t1", "cause", "c9")
    assert (escalation.policy, escalation.rule, escalation.priority) == ("simple", "very_negative", "high")
    assert escalation.reason.startswith(f"The customer's message scored {escalation.score:.2f} of 10")
    assert escalation.text == FURIOUS


def test_a_ticket_escalates_once_also_in_a_later_batch_and_after_a_take_over(track: Partition) -> None:
    first = track.process(scored(text=FURIOUS), scored(text=FURIOUS, event_id="e2"))
    track.take_over()
    second = track.process(scored(text=FURIOUS, event_id="e3"))
    other = track.process(scored(text=FURIOUS, event_id="e4", ticket_id="t2"))
    assert [len(escalations(sent)) for sent in (first, second, other)] == [1, 0, 1]


def test_the_id_follows_from_the_cause_and_not_from_the_time() -> None:
    ids: set[str] = set()
    for appended in (NINE, NINE + DAY_MS):
        fresh = Partition(TrackStage(SIMPLE, EVENT_IDS, RULES))
        ids.update(one.escalation_id for one in escalations(fresh.process(scored(appended, text=FURIOUS))))
    assert len(ids) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"text": CALM},
        {"text": FURIOUS, "type": "agent_reply"},
        {"text": FURIOUS, "status": "in_progress"},
        {"text": FURIOUS, "status": "resolved"},
        {"text": FURIOUS, "author": "bot"},
    ],
    ids=["calm", "an agent's words", "somebody works on it", "resolved", "a bot's words"],
)
def test_no_escalation(track: Partition, fields: dict[str, Any]) -> None:
    assert escalations(track.process(scored(**fields))) == []


def test_a_status_that_comes_late_does_not_undo_a_newer_one(track: Partition) -> None:
    track.process(scored(event_id="new", type="status_changed", status="in_progress", text=None))
    track.process(scored(event_id="old", type="status_changed", status="open", text=None, occurred_at=NINE - 5000))
    assert escalations(track.process(scored(event_id="then", text=FURIOUS))) == []


def test_an_event_sent_again_changes_nothing_and_is_counted(track: Partition) -> None:
    track.process(scored(event_id="one"))
    track.tick(NINE)
    before = track.row(CONVERSATIONS, b"default/t1")
    track.process(scored(event_id="one"), scored(event_id="one", text=FURIOUS))
    assert track.counts == {("duplicates",): 2}
    assert track.row(CONVERSATIONS, b"default/t1") == before
    assert partials(track.tick(NINE + 1000)) == {}


def test_duplicates_are_known_within_the_horizon_and_memory_is_bounded() -> None:
    track = Partition(TrackStage(SIMPLE, 10, RULES))
    track.process(*(scored(event_id=f"e{number}") for number in range(30)))
    conversation = track.row(CONVERSATIONS, b"default/t1")
    assert conversation is not None
    assert (len(conversation.seen), len(conversation.scores), conversation.customer_messages) == (10, 30, 30)
    track.process(scored(event_id="e20"), scored(event_id="e19"))
    assert track.counts == {("duplicates",): 1}


def test_totals_are_running_and_told_once(track: Partition) -> None:
    track.process(scored(event_id="a"))
    assert partials(track.tick(NINE))[(60, "overall", "")].events == 1
    track.process(scored(event_id="b", channel="chat"))
    told = partials(track.tick(NINE + 1000))
    assert told[(60, "overall", "")].events == 2
    assert told[(60, "channel", "chat")].events == 1
    assert (60, "channel", "email") not in told
    assert partials(track.tick(NINE + 2000)) == {}


def test_totals_that_were_not_told_before_a_crash_are_told_after_it(track: Partition) -> None:
    track.process(scored(event_id="a"))
    track.take_over()
    assert partials(track.tick(NINE))[(60, "overall", "")].events == 1
    track.take_over()
    assert partials(track.tick(NINE + 1000)) == {}


def test_the_watermark_goes_to_every_partition_after_the_totals(track: Partition) -> None:
    track.process(scored(occurred_at=NINE - 7000))
    sent = track.tick(NINE)
    assert sent[-1].everywhere
    assert msgspec.json.decode(sent[-1].value or b"") == {
        "type": "watermark",
        "source": 3,
        "sources": 8,
        "time": NINE - 7000,
    }
    assert watermarks(track.tick(NINE + 1000)) == []


def test_the_watermark_follows_the_highest_event_time_and_a_wrong_clock_does_not_move_it_far(track: Partition) -> None:
    track.process(scored(event_id="a", occurred_at=NINE - 1000), scored(event_id="b", occurred_at=NINE - 9000))
    assert watermarks(track.tick(NINE)) == [NINE - 1000]
    track.process(scored(event_id="tomorrow", occurred_at=NINE + DAY_MS))
    assert watermarks(track.tick(NINE)) == [NINE + RULES.future_tolerance * 1000]
    assert track.counts == {}


def test_time_passes_without_events_only_when_idle(track: Partition) -> None:
    later = NINE + 60_000
    track.process(scored())
    assert watermarks(track.tick(later, idle=False)) == [NINE]
    assert watermarks(track.tick(later, idle=True)) == [later - RULES.idle_after * 1000]


def test_a_partition_that_never_had_an_event_tells_the_time_too(track: Partition) -> None:
    assert watermarks(track.tick(NINE, idle=True)) == [NINE - RULES.idle_after * 1000]


def test_a_too_late_event_reaches_the_conversation_but_no_window_and_is_counted(track: Partition) -> None:
    track.process(scored(text=FURIOUS, occurred_at=NINE - 3 * DAY_MS))
    assert track.counts[("late",)] == 1
    assert track.row(CONVERSATIONS, b"default/t1") is not None
    assert partials(track.tick(NINE)) == {}


def test_windows_and_conversations_are_dropped_when_nothing_can_need_them(track: Partition) -> None:
    track.process(scored())
    track.tick(NINE)
    after = NINE + 8 * DAY_MS
    track.process(scored(after, event_id="much later", ticket_id="t2", occurred_at=after))
    for _ in range(3):
        track.tick(after)
    starts = {decode_key(key).start for key in track.keys(WINDOWS)}
    assert min(starts) > NINE // 1000
    assert track.row(CONVERSATIONS, b"default/t1") is None
    assert track.row(CONVERSATIONS, b"default/t2") is not None

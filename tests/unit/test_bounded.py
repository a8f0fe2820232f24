"""What a conversation costs is bounded: rows, bytes of the changelog for each event, ids, messages, escalations."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.escalations import decode_escalation
from schemas.events import TicketEvent, ticket_key
from schemas.scored import ScoredEvent, encode_event
from streams import topics
from streams.counted import MAX_CHANGES, Change, Counted, count
from streams.escalation.book import preset_book
from streams.escalation.compiled import ReadyPolicy
from streams.escalation.loading import preset
from streams.score import Received, score_events
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of
from streams.track import TrackStage
from streams.track.tickets import CONVERSATIONS, ESCALATIONS, MESSAGE_CHARS, MESSAGES
from streams.windows import Fact, Place
from tests.unit.naive_conversations import DAY, HOUR, MINUTE, SECOND, Happened
from tests.unit.records import NINE, RULES, Appended, Partition
from tests.unit.watched import recorded, time_of, watched

MESSAGES_FILE = Path(__file__).parents[1] / "data" / "support_messages.jsonl"
KEY = ticket_key("a", "t1")
# The history of the preset.
HISTORY = ReadyPolicy(preset("support")).memory(1).history


@pytest.fixture
def track() -> Partition:
    """As many ids as messages are remembered, so that a conversation of HISTORY messages is as large as one gets."""
    return Partition(TrackStage(preset_book("support"), HISTORY, RULES))


def said(number: int, **fields: Any) -> Appended:
    at = NINE + number * SECOND
    whole: dict[str, Any] = {"text": f"Where is parcel {number % 10_000:04d}?", "score": 5.0, **fields}
    return recorded(Happened("a", "t1", f"event-{number:08d}", at, at, **whole))


def cost(track: Partition, numbers: range) -> tuple[float, float]:
    """Rows and bytes that one message writes to the changelog, each in a transaction of its own."""
    rows, size = track.logged, track.logged_bytes
    for number in numbers:
        track.process(said(number))
    return (track.logged - rows) / len(numbers), (track.logged_bytes - size) / len(numbers)


def test_message_10000_costs_what_message_50_does(track: Partition) -> None:
    track.process(*map(said, range(HISTORY)))
    rows, size = cost(track, range(HISTORY, HISTORY + 20))
    track.process(*map(said, range(HISTORY + 20, 9_980)))
    later_rows, later_size = cost(track, range(9_980, 10_000))
    assert later_rows == rows
    # A few counters have more digits, and the windows' totals too; and the minutes in which the ticket was counted are
    # kept for as long as events may be late, a bit each.
    assert later_size <= size + 300
    conversation = track.row(CONVERSATIONS, KEY)
    assert conversation is not None
    assert (conversation.customer_messages, len(conversation.scores), len(conversation.seen)) == (
        10_000,
        HISTORY,
        HISTORY,
    )
    assert len(track.keys(MESSAGES)) == HISTORY


def test_the_last_messages_are_kept_in_order_however_many_there_were(track: Partition) -> None:
    track.process(*map(said, range(3 * HISTORY + 7)))
    sent = track.process(said(3 * HISTORY + 7, type="escalation_requested", author="bot", text="", score=None))
    (record,) = [decode_escalation(one.value or b"") for one in sent if one.topic == topics.ESCALATIONS]
    assert [said.text for said in record.messages] == [
        f"Where is parcel {number:04d}?" for number in range(3 * HISTORY - 3, 3 * HISTORY + 7)
    ]
    assert len(record.summary) == 5


def test_a_long_message_is_cut_and_that_is_counted(track: Partition) -> None:
    track.process(said(0, text="x" * (MESSAGE_CHARS + 7)), said(1, text="x" * MESSAGE_CHARS))
    assert track.counts["cut",] == 1
    message = track.row(MESSAGES, KEY + b"\0\0\0\0")
    assert message is not None
    assert len(message.text) == MESSAGE_CHARS


def test_escalations_of_many_episodes_leave_two() -> None:
    track = Partition(TrackStage(watched(HOUR), 10, RULES))
    made = set()
    for episode in range(30):
        sent = track.process(
            said(3 * episode, score=1.0),
            said(3 * episode + 1, type="status_changed", status="resolved", text="", score=None),
            said(3 * episode + 2, type="status_changed", status="open", text="", score=None),
        )
        made |= {decode_escalation(one.value or b"").escalation_id for one in sent if one.topic == topics.ESCALATIONS}
    assert (len(made), len(track.keys(ESCALATIONS))) == (30, 2)
    fired = track.row(CONVERSATIONS, KEY)
    assert fired is not None
    assert set(fired.fired) <= {"very_negative", "reopened", "waiting"}


def test_a_policy_with_a_shorter_history_keeps_what_it_may_and_all_of_it_is_forgotten(track: Partition) -> None:
    stage = TrackStage(preset_book("support"), 10, RULES)
    track = Partition(stage)
    track.process(*map(said, range(HISTORY)))
    stage.adopt(watched(DAY))
    sent = track.process(*map(said, range(HISTORY, HISTORY + 3)), said(99, type="escalation_requested", text=""))
    (record,) = [decode_escalation(one.value or b"") for one in sent if one.topic == topics.ESCALATIONS]
    # Of its last ten, three have been put into the places of the shorter history.
    assert [said.text[-5:-1] for said in record.messages][-3:] == ["0050", "0051", "0052"]
    far = NINE + 10 * DAY
    track.process(recorded(Happened("a", "other", "far", far, far, text="Hello?")), tick=far)
    track.tick(far)
    assert [row for row in track.rows() if KEY in row] == []


def conversations(count: int) -> Iterator[list[Appended]]:
    """Conversations of ten real messages each, answered now and then; all of them go on at the same time."""
    texts = [json.loads(line)["text"] for line in MESSAGES_FILE.read_text().splitlines()]
    for turn in range(10):
        at = NINE + turn * 7 * MINUTE
        received = []
        for number in range(count):
            kind = {3: "agent_reply", 7: "agent_reply", 9: "status_changed"}.get(turn, "message")
            event = TicketEvent(
                event_id=f"5f0c9a54-1b1e-4c83-9d0e-{turn:04d}{number:08d}",
                tenant="acme",
                ticket_id=f"ticket-{number:08d}",
                type=msgspec.convert(kind, type=TicketEvent.__annotations__["type"]),
                occurred_at=time_of(at),
                customer_id=f"customer-{number:08d}",
                email=f"customer-{number:08d}@example.org",
                status="resolved" if kind == "status_changed" else None,
                text=None if kind == "status_changed" else texts[(number * 10 + turn) % len(texts)],
            )
            received.append(Received(event, time_of(at)))
        scored = score_events(received, scorer_of("support"), reader_of("support"))
        yield [Appended(0, at, ticket_key(one.tenant, one.ticket_id), encode_event(one)) for one in scored]


def test_conversations_of_ten_real_messages_write_less_than_1200_bytes_an_event() -> None:
    """All of it: conversations, messages, escalations, windows, progress. Batches are smaller than a backlog's."""
    track = Partition(TrackStage(preset_book("support"), 100, RULES))
    events = escalated = 0
    for records in conversations(300):
        for first in range(0, len(records), 100):
            sent = track.process(*records[first : first + 100])
            escalated += sum(one.topic == topics.ESCALATIONS for one in sent)
            events += len(records[first : first + 100])
        track.tick(records[0].timestamp)
    assert events == 3_000
    assert escalated > 100
    assert track.logged_bytes / events <= 1_200, track.logged_bytes / events


# -- changes of status, as windows count them

WEB = Place("web", "general", "medium")
# Second and status: a ticket is resolved in each even second, and reopened in each odd one.
Told = tuple[int, str]


def changed(told: Iterable[Told], counted: Counted | None = None) -> tuple[Counted | None, Counter[Fact]]:
    """What is counted of a ticket after these changes in their order of arrival, and the facts that they add up to."""
    facts: Counter[Fact] = Counter()
    for second, status in told:
        at = NINE + second * SECOND
        event = ScoredEvent(
            event_id=f"{second}",
            ticket_id="t1",
            type="status_changed",
            status=status,  # type: ignore[arg-type]
            occurred_at=time_of(at),
            received_at=time_of(at),
            voice="agent",
            category="general",
        )
        counted, share = count(counted, event, at, WEB, NINE + HOUR, RULES)
        facts.update(share.gained)
        facts.subtract(share.lost)
    return counted, +facts


def turns(seconds: range) -> list[Told]:
    return [(second, "open" if second % 2 else "resolved") for second in seconds]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["open", "resolved", "closed"])), max_size=12), st.randoms()
)
def test_a_change_adds_the_same_in_whatever_order_they_come(told: list[Told], random: Any) -> None:
    mixed = list(told)
    random.shuffle(mixed)
    ordered = sorted(told, key=lambda each: (each[0], each[1] != "open", each[1] == "resolved"))
    before, facts = changed(ordered)
    after, same = changed(mixed)
    assert same == facts
    assert (before.changes if before else ()) == (after.changes if after else ())


def test_of_a_tickets_changes_the_newest_are_kept_and_each_is_counted() -> None:
    counted, facts = changed(turns(range(1, MAX_CHANGES + 500)))
    assert counted is not None
    assert len(counted.changes) == MAX_CHANGES
    kinds = Counter(fact.kind for fact in facts.elements())
    assert kinds == {"resolved": MAX_CHANGES // 2 + 249, "reopened": MAX_CHANGES // 2 + 249}
    # What comes late among those that are known counts as ever.
    after, gained = changed([(MAX_CHANGES, "open")], counted)
    assert [fact.kind for fact in gained] == []
    assert after is not None
    assert len(after.changes) == MAX_CHANGES


@pytest.mark.parametrize("second", [0, 2], ids=["before the first", "after it"])
def test_a_change_before_all_that_are_known_reopens_nothing(second: int) -> None:
    counted, _ = changed(turns(range(1, MAX_CHANGES + 500)))
    assert counted is not None
    after, gained = changed([(second, "resolved")], counted)
    assert Counter(fact.kind for fact in gained)["reopened"] == 0
    late = Fact("resolved", NINE + second * SECOND, WEB, max(second - 1, 0) * SECOND)
    assert gained[late] == 1
    assert after is not None
    assert after.changes == counted.changes


def test_a_row_of_more_changes_than_are_kept_now_is_cut_with_the_next() -> None:
    many = tuple(Change(NINE + second, False, False, WEB) for second in range(3 * MAX_CHANGES))
    after, _ = changed([(60, "open")], Counted(NINE, WEB, NINE, changes=many))
    assert after is not None
    assert len(after.changes) == MAX_CHANGES

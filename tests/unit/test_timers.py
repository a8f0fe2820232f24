"""Timers: a waiting customer is noticed once, at the right time, whoever owns the partition and by whichever policy."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.escalations import Escalation, decode_escalation
from schemas.events import ticket_key
from streams import topics
from streams.engine.log import Outgoing
from streams.engine.state import Overlay, State
from streams.track import TrackStage
from streams.track.stage import DUE_TICKETS, TIMED_TICKETS
from streams.track.timers import DECISIONS, NOTICES, STEP_MS, clear_timers, first_due, set_timer, take_due
from tests.unit.naive_conversations import DAY, HOUR, MINUTE, SECOND, Happened
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition
from tests.unit.watched import recorded, watched

# -- the table


@pytest.fixture
def state() -> Overlay:
    return Overlay(State(0, 1))


def test_nothing_is_due_before_its_time_and_it_is_due_once(state: Overlay) -> None:
    set_timer(b"k", 60_000, state)
    assert take_due(59_999, 10, state) == []
    assert take_due(60_000, 10, state) == [b"k"]
    assert take_due(10**12, 10, state) == []


def test_timers_are_due_at_the_end_of_their_five_seconds(state: Overlay) -> None:
    set_timer(b"k", 60_001, state)
    assert (first_due(state), take_due(60_001, 10, state)) == (65_000, [])
    assert take_due(65_000, 10, state) == [b"k"]


def test_the_earliest_come_first_and_no_more_than_asked_for(state: Overlay) -> None:
    for number in (4, 2, 0, 3, 1):
        set_timer(b"%d" % number, 60_000 + number * STEP_MS, state)
    assert take_due(10**6, 2, state) == [b"0", b"1"]
    assert take_due(10**6, 2, state) == [b"2", b"3"]
    assert take_due(10**6, 2, state) == [b"4"]
    assert take_due(10**6, 2, state) == []


def test_those_that_are_due_together_may_be_taken_in_parts(state: Overlay) -> None:
    keys = {b"%d" % number for number in range(7)}
    for key in keys:
        set_timer(key, 60_000, state)
    parts = [take_due(60_000, 3, state) for _ in range(3)]
    assert [len(part) for part in parts] == [3, 3, 1]
    assert {key for part in parts for key in part} == keys


def test_a_ticket_has_one_timer_the_earliest(state: Overlay) -> None:
    for due in (90_000, 120_000, 60_000, 90_000):
        set_timer(b"k", due, state)
    assert take_due(60_000, 10, state) == [b"k"]
    assert take_due(200_000, 10, state) == []
    set_timer(b"k", 90_000, state)
    assert take_due(200_000, 10, state) == [b"k"]


def test_cleared_timers_are_gone(state: Overlay) -> None:
    set_timer(b"k", 60_000, state)
    clear_timers(state)
    assert (list(state.rows(DECISIONS.due)), list(state.rows(DECISIONS.pending))) == ([], [])
    assert take_due(10**9, 10, state) == []
    set_timer(b"k", 120_000, state)
    assert take_due(10**9, 10, state) == [b"k"]


def test_timers_of_decisions_and_of_notices_do_not_know_each_other(state: Overlay) -> None:
    set_timer(b"k", 60_000, state)
    set_timer(b"k", 30_000, state, NOTICES)
    assert (first_due(state), first_due(state, NOTICES)) == (60_000, 30_000)
    assert (take_due(30_000, 10, state), take_due(30_000, 10, state, NOTICES)) == ([], [b"k"])
    clear_timers(state, NOTICES)
    assert take_due(60_000, 10, state) == [b"k"]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("set"), st.sampled_from([b"a", b"b", b"c"]), st.integers(1, 100)),
            st.tuples(st.just("take"), st.integers(1, 3), st.integers(1, 100)),
        ),
        max_size=40,
    )
)
def test_timers_against_a_dict(steps: list[tuple[str, Any, int]]) -> None:
    state = State(0, 1)
    known: dict[bytes, int] = {}
    for what, which, seconds in steps:
        overlay = Overlay(state)
        if what == "set":
            set_timer(which, seconds * 1000, overlay)
            step = -(-seconds // 5) * 5
            known[which] = min(known.get(which, step), step)
        else:
            taken = take_due(seconds * 1000, which, overlay)
            due = sorted((step, key) for key, step in known.items() if step <= seconds)
            assert sorted(known[key] for key in taken) == [step for step, _ in due[:which]]
            for key in taken:
                del known[key]
        state.merge(overlay)


# -- in the stage


@pytest.fixture
def stage() -> TrackStage:
    return TrackStage(watched(HOUR), EVENT_IDS, RULES)


@pytest.fixture
def track(stage: TrackStage) -> Partition:
    return Partition(stage)


def happened(id: str, after: int = 0, behind: int = 0, **fields: Any) -> Appended:
    appended = NINE + after
    whole: dict[str, Any] = {"tenant": "a", "ticket": "t1", "text": f"Hello? {id}", "score": 6.0, **fields}
    return recorded(Happened(**whole, id=id, occurred=appended - behind, appended=appended))


def escalated(sent: Iterable[Outgoing]) -> list[Escalation]:
    return [decode_escalation(one.value or b"") for one in sent if one.topic == topics.ESCALATIONS]


@pytest.mark.parametrize("taken_over", [False, True])
def test_who_waits_is_noticed_once_and_at_the_right_time(track: Partition, taken_over: bool) -> None:
    track.process(happened("e1"), happened("e2", 30 * MINUTE))
    if taken_over:
        track.take_over()
    assert escalated(track.tick(NINE + HOUR - 1)) == []
    (record,) = escalated(track.tick(NINE + HOUR))
    assert (record.rule, record.reason, record.event_id) == ("waiting", "Waits for 1 h.", "e2")
    track.take_over()
    assert escalated(track.tick(NINE + HOUR + SECOND) + track.tick(NINE + 5 * HOUR)) == []


def test_who_was_answered_does_not_wait_and_waits_anew_from_the_next_question(track: Partition) -> None:
    track.process(happened("e1"), happened("a", 20 * MINUTE, type="agent_reply"))
    assert escalated(track.tick(NINE + 2 * HOUR)) == []
    track.process(happened("e2", 2 * HOUR))
    assert escalated(track.tick(NINE + 3 * HOUR - 1)) == []
    assert len(escalated(track.tick(NINE + 3 * HOUR))) == 1


def test_a_machine_neither_waits_nor_answers(track: Partition) -> None:
    track.process(happened("e0", robot=True, ticket="t2"), happened("e1"), happened("b", MINUTE, author="bot"))
    assert [one.ticket_id for one in escalated(track.tick(NINE + HOUR))] == ["t1"]


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_nobody_waits_on_a_ticket_that_is_done_with(track: Partition, status: str) -> None:
    track.process(happened("e1"), happened("s", MINUTE, type="status_changed", status=status, text="", score=None))
    assert escalated(track.tick(NINE + 2 * HOUR)) == []


def test_a_change_of_status_that_nobody_decides_on_is_looked_at_by_the_clock(track: Partition) -> None:
    waits: dict[str, Any] = {"type": "status_changed", "status": "awaiting_customer", "text": "", "score": None}
    track.process(happened("e1"), happened("s", MINUTE, **waits))
    assert escalated(track.tick(NINE + HOUR)) == []
    assert escalated(track.process(happened("b", HOUR, author="bot", status="open"))) == []
    assert [one.rule for one in escalated(track.tick(NINE + HOUR + 5 * SECOND))] == ["waiting"]


@pytest.mark.parametrize("days", [2, 3, 30])
def test_an_import_of_old_messages_wakes_nobody(track: Partition, days: int) -> None:
    behind = days * DAY + SECOND
    track.process(*(happened(f"e{number}", behind=behind, ticket=f"t{number}") for number in range(20)))
    assert escalated(track.tick(NINE + SECOND) + track.tick(NINE + 2 * HOUR)) == []


def test_a_message_that_is_a_little_late_waits_from_its_append(track: Partition) -> None:
    track.process(happened("e1", behind=DAY))
    assert escalated(track.tick(NINE + HOUR - 1)) == []
    assert len(escalated(track.tick(NINE + HOUR))) == 1


@pytest.mark.parametrize(("span", "due"), [(10 * MINUTE, 10 * MINUTE), (3 * HOUR, 3 * HOUR)])
def test_a_policy_with_another_span_counts_at_once(stage: TrackStage, track: Partition, span: int, due: int) -> None:
    track.process(happened("e1"))
    stage.adopt(watched(span))
    assert escalated(track.tick(NINE + due - 1)) == []
    assert len(escalated(track.tick(NINE + due))) == 1
    stage.adopt(watched(MINUTE))
    assert escalated(track.tick(NINE + due + HOUR)) == []


def test_a_policy_under_which_somebody_waits_too_long_already_notices_at_the_next_tick(
    stage: TrackStage, track: Partition
) -> None:
    track.process(happened("e1"))
    stage.adopt(watched(DAY))
    assert escalated(track.tick(NINE + 2 * HOUR)) == []
    stage.adopt(watched(HOUR))
    assert len(escalated(track.tick(NINE + 2 * HOUR))) == 1


def test_many_that_are_due_at_once_are_looked_at_over_several_ticks(track: Partition) -> None:
    count = DUE_TICKETS + 20
    track.process(*(happened("e", ticket=f"t{number}") for number in range(count)))
    sent = [escalated(track.tick(NINE + HOUR + second * SECOND)) for second in range(3)]
    assert [len(records) for records in sent] == [DUE_TICKETS, 20, 0]
    assert len({one.escalation_id for records in sent for one in records}) == count


@pytest.mark.parametrize("cause", ["a take-over", "another policy"])
def test_after_a_take_over_the_timers_of_many_are_set_over_several_ticks(
    stage: TrackStage, track: Partition, cause: str
) -> None:
    count = TIMED_TICKETS + 30
    track.process(*(happened("e", ticket=f"t{number}") for number in range(count)))
    if cause == "a take-over":
        track.take_over()
    else:
        stage.adopt(watched(2 * HOUR))
    # Whoever writes meanwhile has a timer at once.
    track.process(happened("new", MINUTE, ticket="new"))
    track.tick(NINE + MINUTE)
    assert TIMED_TICKETS <= len(track.keys(DECISIONS.pending)) <= TIMED_TICKETS + 1
    track.tick(NINE + 2 * MINUTE)
    assert len(track.keys(DECISIONS.pending)) == count + 1
    seen = [one for tick in range(10) for one in escalated(track.tick(NINE + 3 * HOUR + tick * SECOND))]
    assert len({one.escalation_id for one in seen}) == len(seen) == count + 1


def test_a_long_conversation_has_one_timer(track: Partition) -> None:
    for number in range(100):
        track.process(
            happened(f"e{number}", number * 10 * SECOND),
            happened(f"a{number}", number * 10 * SECOND, type="agent_reply"),
        )
    assert len(track.keys(DECISIONS.due)) == 1
    assert track.keys(DECISIONS.pending) == [ticket_key("a", "t1")]

"""Once for each cause: whatever is sent twice, lost, late, reordered, or told by a wrong clock."""

import json
from collections.abc import Iterable
from itertools import chain, product
from typing import Any

import pytest

from schemas.escalations import Escalation, decode_escalation
from schemas.events import ticket_key
from schemas.registry import CustomerKnown, Numbered, encode
from streams import topics
from streams.engine.log import Outgoing
from streams.escalation.book import BookFile, PolicyBook
from streams.escalation.loading import parse_policy
from streams.scoring import scorer_of
from streams.scoring.readers import reader_of
from streams.track import TrackStage
from streams.track.tickets import CONVERSATIONS, ESCALATIONS, MESSAGES
from tests.policies import SIMPLE
from tests.unit.naive_conversations import DAY, HOUR, MINUTE, SECOND, Happened
from tests.unit.records import EVENT_IDS, FURIOUS, NINE, RULES, Appended, Partition, event, score_stage
from tests.unit.watched import answered, recorded, time_of, watched

KEY = ticket_key("a", "t1")


@pytest.fixture
def track() -> Partition:
    return Partition(TrackStage(watched(HOUR), EVENT_IDS, RULES))


def happened(id: str, after: int = 0, **fields: Any) -> Appended:
    """An event of ticket t1, appended so many milliseconds after nine; `behind` is how long before that it occurred."""
    appended = NINE + after
    occurred = appended - fields.pop("behind", 0)
    return recorded(Happened(**{"tenant": "a", "ticket": "t1"} | fields, id=id, occurred=occurred, appended=appended))


def angry(id: str, after: int = 0, **fields: Any) -> Appended:
    """A message that escalates any ticket that is new or open."""
    return happened(id, after, **{"text": f"No! {id}", "score": 1.0} | fields)


def status(id: str, status: str, after: int = 0, **fields: Any) -> Appended:
    return happened(id, after, type="status_changed", status=status, **fields)


def reply(id: str, after: int = 0, **fields: Any) -> Appended:
    return happened(id, after, type="agent_reply", text="We are on it.", **fields)


def escalations(sent: Iterable[Outgoing]) -> list[Escalation]:
    return [decode_escalation(one.value or b"") for one in sent if one.topic == topics.ESCALATIONS]


def numbers_asked(sent: Iterable[Outgoing]) -> int:
    return sum(one.topic == topics.REGISTRY and b'"number"' in (one.value or b"") for one in sent)


def conversation(track: Partition) -> Any:
    return track.row(CONVERSATIONS, KEY)


# -- sent more than once


@pytest.mark.parametrize("times", [2, 5])
@pytest.mark.parametrize("where", ["in one batch", "in batches", "to new owners"])
def test_the_same_event_again(track: Partition, times: int, where: str) -> None:
    again = [angry("e1", number * SECOND) for number in range(times)]
    if where == "in one batch":
        sent = list(track.process(*again))
    else:
        sent = []
        for record in again:
            sent += track.process(record)
            if where == "to new owners":
                track.take_over()
    assert len(escalations(sent)) == numbers_asked(sent) == 1
    assert conversation(track).customer_messages == 1


def test_the_same_event_from_two_producers_of_which_one_is_slow_and_knows_less(track: Partition) -> None:
    sent = track.process(angry("e1", customer="c1"), angry("e2"))
    sent += track.process(angry("e1", 40 * MINUTE, behind=40 * MINUTE))
    assert len(escalations(sent)) == 1
    assert track.counts["duplicates",] == 1


def test_the_same_event_under_another_kafka_key() -> None:
    score = Partition(score_stage(scorer_of("helpdesk"), reader_of("analytics")))
    track = Partition(TrackStage(SIMPLE, EVENT_IDS, RULES))
    value = json.dumps(event(text=FURIOUS)).encode()
    sent = score.process(*(Appended(n, NINE, key, value) for n, key in enumerate([b"t1", b"other", None, b""])))
    scored = [one for one in sent if one.topic == topics.SCORED]
    assert {one.key for one in scored} == {b"default/t1"}
    made = track.process(*(Appended(n, NINE, one.key, one.value) for n, one in enumerate(scored)))
    assert (len(scored), len(escalations(made)), track.counts["duplicates",]) == (4, 1, 3)


def test_two_messages_of_one_batch_that_both_qualify(track: Partition) -> None:
    (record,) = escalations(track.process(angry("e1"), angry("e2")))
    assert (record.event_id, record.revision) == ("e1", 1)


# -- episodes


def test_a_ticket_that_was_resolved_between_escalates_anew_under_an_id_of_its_own(track: Partition) -> None:
    sent = track.process(angry("e1"), status("r", "resolved", MINUTE), angry("e1", MINUTE), angry("e2", 2 * MINUTE))
    # The ticket is resolved: this policy asks for one that is open.
    told = [(one.event_id, one.state, one.revision) for one in escalations(sent)]
    assert told == [("e1", "open", 1), ("e1", "resolved", 2)]
    made = escalations(track.process(status("o", "open", 3 * MINUTE), angry("e3", 4 * MINUTE), angry("e4", 5 * MINUTE)))
    assert [(one.event_id, one.episode, one.state) for one in made] == [("e1", 0, "open"), ("e3", 1, "open")]
    assert made[0].escalation_id != made[1].escalation_id
    assert numbers_asked(sent) == 1


def test_the_record_follows_its_ticket_until_the_next_one_begins(track: Partition) -> None:
    sent = track.process(
        angry("e1"),
        status("a", "in_progress", MINUTE),
        reply("b", 2 * MINUTE),
        status("c", "resolved", 3 * MINUTE),
        status("d", "open", 4 * MINUTE),
        status("e", "closed", 5 * MINUTE),
    )
    sent += track.process(status("f", "open", 6 * MINUTE), angry("e2", 7 * MINUTE), reply("g", 8 * MINUTE))
    told = [(one.event_id, one.revision, one.state, one.reopened) for one in escalations(sent)]
    assert told == [
        ("e1", 1, "open", 0),
        ("e1", 2, "acknowledged", 0),
        ("e1", 3, "responded", 0),
        ("e1", 4, "resolved", 0),
        ("e1", 5, "responded", 1),
        ("e1", 6, "resolved", 1),
        ("e1", 7, "responded", 2),
        ("e2", 1, "open", 0),
        ("e2", 2, "responded", 0),
    ]
    last = escalations(sent)[6]
    assert (last.first_response_seconds, last.resolution_seconds) == (120.0, 300.0)


def test_a_more_urgent_rule_raises_the_record_and_adds_none(track: Partition) -> None:
    sent = track.process(happened("e1", text="Again?", score=6.0), happened("e2", SECOND, text="Again?", score=6.0))
    sent += track.process(angry("e3", MINUTE), angry("e4", 2 * MINUTE, signals=("legal_threat",)), angry("e5", HOUR))
    made = escalations(sent)
    assert [(one.revision, one.rule, one.priority, one.raised_by) for one in made] == [
        (1, "repeating", "medium", ()),
        (2, "repeating", "high", ("very_negative",)),
        (3, "repeating", "urgent", ("very_negative", "legal")),
    ]
    assert {one.escalation_id for one in made} == {made[0].escalation_id}
    assert numbers_asked(sent) == 1
    assert made[2].respond_by <= made[0].respond_by


def test_another_systems_request_raises_the_record_only_if_it_is_more_urgent(track: Partition) -> None:
    sent = track.process(angry("e1"), happened("e2", MINUTE, type="escalation_requested", author="bot"))
    assert len(escalations(sent)) == 1
    (raised,) = escalations(
        track.process(happened("e3", 2 * MINUTE, type="escalation_requested", author="bot", priority="urgent"))
    )
    assert (raised.revision, raised.priority, raised.raised_by) == (2, "urgent", ("requested",))


# -- limits


def limited(limits: str) -> Partition:
    """A stage with one rule: scored below 2."""
    text = f"""
        name = "limited"
        version = 1
        [[rules]]
        name = "low"
        when.all = [{{ fact = "score", below = 2.0 }}]
        then.priority = "high"
        then.reason = "Low."
        {limits}
    """
    book = PolicyBook({"limited": parse_policy(text, "limited.toml")}, BookFile(default="limited"))
    return Partition(TrackStage(book, EVENT_IDS, RULES))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("", ["m0", "m2", "m3", "m4", "m5"]),
        ('limits.once = "episode"', ["m0", "m2", "m3", "m4", "m5"]),
        ('limits.once = "session"', ["m0", "m3"]),
        ('limits.once = "ticket"', ["m0"]),
        ('limits.cool_down = "40m"', ["m0", "m2", "m4"]),
        ('limits = { once = "session", cool_down = "4h" }', ["m0"]),
    ],
)
def test_how_often_a_rule_may(limits: str, expected: list[str]) -> None:
    track = limited(limits)
    made = []
    # m0 and m1 in one episode; then one message an episode, every twenty minutes; a new session from m3 on.
    for number in range(6):
        after = number * 20 * MINUTE
        session = "s1" if number < 3 else "s2"
        made += escalations(track.process(angry(f"m{number}", after, session=session)))
        if number:
            made += escalations(track.process(status(f"r{number}", "resolved", after + MINUTE)))
            made += escalations(track.process(status(f"o{number}", "open", after + 2 * MINUTE)))
        track.take_over()
    assert [one.event_id for one in made if one.revision == 1] == expected
    assert len({one.escalation_id for one in made}) == len(expected)


# -- crashes

STORY: tuple[Appended, ...] = (
    happened("c", type="created", text="It broke.", score=4.0, customer="c1"),
    angry("e1", SECOND),
    angry("e2", 2 * SECOND, signals=("legal_threat",)),
    reply("a1", MINUTE),
    status("r", "resolved", 2 * MINUTE),
    happened("late", 3 * MINUTE, behind=HOUR, text="Hello?", score=3.0),
    status("o", "open", 4 * MINUTE),
    angry("e3", 5 * MINUTE),
    happened("w", 6 * MINUTE, ticket="t2", text="Anybody?", score=6.0),
)


def lived(size: int, crash: int | None) -> tuple[list[list[Outgoing]], list[bytes]]:
    """What was sent batch by batch with a tick each, and which rows are left; the worker crashes in batch `crash`."""
    track = Partition(TrackStage(watched(HOUR), EVENT_IDS, RULES))
    sent = []
    for number, first in enumerate(range(0, len(STORY), size)):
        batch = STORY[first : first + size]
        if number == crash:
            track.lose(*batch, tick=batch[-1].timestamp)
        sent.append(track.process(*batch, tick=batch[-1].timestamp))
    for later in (HOUR, HOUR + 4 * MINUTE, HOUR + 6 * MINUTE, 2 * HOUR):
        sent.append(track.tick(NINE + later))
    return sent, track.rows()


@pytest.mark.parametrize("size", [1, 2, 4, len(STORY)])
def test_a_crash_before_any_commit_changes_nothing_of_what_is_sent(size: int) -> None:
    whole, rows = lived(size, None)
    assert len({one.escalation_id for one in escalations(chain(*whole))}) == 3
    for crash in range(-(-len(STORY) // size)):
        again, left = lived(size, crash)
        for before, after in zip(whole, again, strict=True):
            assert sorted(map(repr, _without_watermarks(after))) == sorted(map(repr, _without_watermarks(before)))
        assert left == rows


def _without_watermarks(sent: list[Outgoing]) -> list[Outgoing]:
    """A new owner tells the watermark again, which says nothing new."""
    return [one for one in sent if not one.everywhere]


@pytest.mark.parametrize("size", [2, 4, len(STORY)])
def test_the_cut_into_batches_changes_nothing_of_the_escalations(size: int) -> None:
    one_by_one, in_batches = (escalations(chain(*lived(each, None)[0])) for each in (1, size))
    assert in_batches == one_by_one


# -- late, and by wrong clocks


def test_an_end_that_comes_late_cannot_undo_the_escalation(track: Partition) -> None:
    track.process(status("s", "open", behind=2 * HOUR), angry("e1"))
    sent = track.process(
        status("r", "resolved", MINUTE, behind=HOUR), angry("e2", 2 * MINUTE, signals=("legal_threat",))
    )
    assert [(one.event_id, one.state, one.priority) for one in escalations(sent)] == [("e1", "open", "urgent")]
    assert (conversation(track).status, conversation(track).episode) == ("resolved", 0)
    # What is known to come after it ends it, although the ticket counts as resolved already.
    (closed,) = escalations(track.process(status("c", "closed", 3 * MINUTE)))
    assert (closed.state, conversation(track).episode) == ("resolved", 1)


def test_a_late_message_counts_and_neither_undoes_nor_repeats(track: Partition) -> None:
    track.process(angry("e1"))
    sent = track.process(
        happened("e2", MINUTE, behind=HOUR, text="Thanks!", score=9.0), angry("e3", MINUTE, behind=HOUR)
    )
    assert escalations(sent) == []
    assert (conversation(track).customer_messages, conversation(track).escalated) == (3, "high")
    assert conversation(track).scores == (100, 900, 100)


def test_a_late_reply_is_no_answer_to_what_came_after_it(track: Partition) -> None:
    assert escalations(track.process(angry("e1"), reply("a", MINUTE, behind=HOUR)))[-1].first_response_at is None


@pytest.mark.parametrize(
    ("customers", "agents"),
    [*product([-2 * MINUTE, 0, 2 * MINUTE], repeat=2), (-DAY, 0), (-DAY, -4 * MINUTE), (4 * MINUTE, -DAY)],
)
def test_clocks_of_producers_that_differ_make_no_difference(track: Partition, customers: int, agents: int) -> None:
    """By how much the customers' clock is behind, and the agents'. What is a day ahead is cut to five minutes."""
    sent = []
    for record in (
        angry("e1", behind=customers),
        reply("a1", MINUTE, behind=agents),
        status("r", "resolved", 2 * MINUTE, behind=agents),
        status("o", "open", 10 * MINUTE, behind=agents),
        angry("e2", 11 * MINUTE, behind=customers),
        angry("e3", 12 * MINUTE, behind=customers),
    ):
        sent += track.process(record)
    assert [(one.event_id, one.episode, one.state) for one in escalations(sent)] == [
        ("e1", 0, "open"),
        ("e1", 0, "responded"),
        ("e1", 0, "resolved"),
        ("e1", 0, "responded"),
        ("e2", 1, "open"),
    ]
    assert all((one.first_response_seconds or 0) >= 0 for one in escalations(sent))


def test_a_clock_that_is_a_day_ahead_does_not_hold_up_the_waiting_rule(track: Partition) -> None:
    track.process(happened("e1", behind=-DAY, text="Hello?", score=6.0))
    assert conversation(track).waiting_since == NINE + 5 * MINUTE
    (record,) = escalations(track.tick(NINE + HOUR + 5 * MINUTE))
    assert record.rule == "waiting"


# -- forgotten


def test_a_conversation_that_is_forgotten_leaves_no_row(track: Partition) -> None:
    for episode in range(3):
        after = episode * HOUR
        track.process(
            angry(f"m{episode}", after), status(f"r{episode}", "resolved", after), status(f"o{episode}", "open", after)
        )
    # The episode that runs has none, the one before has, and so has the one before that.
    assert len(track.keys(ESCALATIONS)) == 2
    track.process(happened("far", 10 * DAY, ticket="other"), tick=NINE + 10 * DAY)
    track.tick(NINE + 10 * DAY)
    assert [key for table in (CONVERSATIONS, MESSAGES, ESCALATIONS) for key in track.keys(table) if KEY in key] == []
    assert [row for row in track.rows() if KEY in row] == []


def test_a_ticket_that_comes_back_after_seven_days_is_a_new_session_with_new_ids(track: Partition) -> None:
    first = escalations(track.process(angry("e1"), status("r", "resolved"), status("o", "open"), angry("e2")))
    made = escalations(track.process(angry("e9", 8 * DAY), reply("a", 8 * DAY)))
    assert [(one.event_id, one.episode, one.revision) for one in made] == [("e9", 0, 1), ("e9", 0, 2)]
    assert made[0].escalation_id not in {one.escalation_id for one in first}
    assert made[0].session != first[0].session
    assert [said.text for said in made[0].messages] == ["No! e9"]
    assert (len(track.keys(MESSAGES)), len(track.keys(ESCALATIONS))) == (2, 1)


def test_a_ticket_that_comes_back_in_the_transaction_that_would_forget_it_is_kept(track: Partition) -> None:
    track.process(angry("e1"))
    sent = track.process(angry("e2", 8 * DAY), tick=NINE + 8 * DAY)
    sent += track.process(angry("e3", 8 * DAY + SECOND), tick=NINE + 8 * DAY + SECOND)
    assert [one.event_id for one in escalations(sent)] == ["e2"]
    assert conversation(track).customer_messages == 2


def test_answers_of_the_registry_to_a_ticket_that_is_forgotten_do_nothing(track: Partition) -> None:
    (record,) = escalations(track.process(angry("e1")))
    track.process(happened("far", 8 * DAY, ticket="other"), tick=NINE + 8 * DAY)
    track.tick(NINE + 8 * DAY)
    rows = track.rows()
    answers = Numbered(record.escalation_id, "TKT-2026-0001"), CustomerKnown(9)
    assert track.process(*(answered(KEY, encode(answer), NINE + 8 * DAY) for answer in answers)) == []
    assert track.rows() == rows


def test_the_number_of_an_older_session_is_not_given_to_the_new_one(track: Partition) -> None:
    (first,) = escalations(track.process(angry("e1")))
    (second,) = escalations(track.process(angry("e9", 8 * DAY)))
    answer = answered(KEY, encode(Numbered(first.escalation_id, "TKT-2026-0001")), NINE + 8 * DAY)
    assert track.process(answer) == []
    answer = answered(KEY, encode(Numbered(second.escalation_id, "TKT-2026-0002")), NINE + 8 * DAY)
    (numbered,) = escalations(track.process(answer))
    assert (numbered.escalation_id, numbered.number, numbered.revision) == (second.escalation_id, "TKT-2026-0002", 2)


def test_the_time_of_the_escalation_is_the_events(track: Partition) -> None:
    (record,) = escalations(track.process(angry("e1", behind=MINUTE)))
    assert record.occurred_at == time_of(NINE - MINUTE)


@pytest.mark.parametrize(("with_status", "state"), [("in_progress", "responded"), ("resolved", "resolved")])
def test_an_answer_and_a_status_in_one_event_are_one_revision(track: Partition, with_status: str, state: str) -> None:
    made = escalations(track.process(angry("e1"), reply("a", MINUTE, status=with_status)))
    assert [(one.revision, one.state, one.first_response_seconds) for one in made[1:]] == [(2, state, 60.0)]

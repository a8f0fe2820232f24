"""What `track` tells of tickets that are to be given to agents: how they stand, once each time that changes."""

from collections.abc import Sequence
from typing import Any

import pytest

from schemas import registry
from schemas.assignments import Assigned
from schemas.escalations import Escalation, decode_escalation
from schemas.notices import Escalated, decode_notice
from schemas.routing import Standing, decode_standing
from streams import topics
from streams.engine.log import Outgoing
from streams.escalation.book import BookFile, PolicyBook
from streams.escalation.loading import parse_policy
from streams.track import TrackStage
from streams.track.routed import ROUTED
from tests.routing.standings import routes
from tests.unit.naive_conversations import DAY, HOUR, MINUTE
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition
from tests.unit.test_track_notices import HEAD, KEY, RULE, angry, happened, reply, status

OTHER_DAYS = 9 * DAY


def stage_of(**rule: Any) -> TrackStage:
    return TrackStage(book(routes(tenant="acme", **rule)), EVENT_IDS, RULES)


def book(routing: Any) -> PolicyBook:
    return PolicyBook({"shop": parse_policy(HEAD + RULE, "shop.toml")}, BookFile(default="shop"), routes=routing)


@pytest.fixture
def track() -> Partition:
    made = Partition(stage_of())
    made.tick(NINE)
    return made


def told(sent: Sequence[Outgoing]) -> list[Standing]:
    assert all(each.key == b"acme" for each in sent if each.topic == topics.ROUTING)
    return [decode_standing(each.value or b"") for each in sent if each.topic == topics.ROUTING]


def escalations(sent: Sequence[Outgoing]) -> list[Escalation]:
    return [decode_escalation(each.value or b"") for each in sent if each.topic == topics.ESCALATIONS]


def assigned(session: str, revision: int = 1, agent: str = "ann", after: int = 0, state: Any = "assigned") -> Appended:
    answer = registry.encode(Assigned(session, revision, state, agent, "billing"))
    return Appended(0, NINE + after, KEY, answer, ((registry.ANSWER_HEADER, b"1"),))


def test_a_ticket_is_told_from_its_first_words_to_its_end(track: Partition) -> None:
    [due] = told(track.process(happened("e1", language="de", priority="high")))
    assert (due.work, due.since, due.at, due.category, due.language, due.priority) == (
        *("due", NINE, NINE, "delivery", "de", "high"),
    )
    # Nothing that concerns an agent.
    assert told(track.process(happened("e2", MINUTE))) == []
    [answered] = told(track.process(reply("e3", 2 * MINUTE, agent_id="77")))
    assert (answered.work, answered.agent, answered.agent_at) == ("answered", "77", NINE + 2 * MINUTE)
    [asked] = told(track.process(status("e4", "awaiting_customer", 3 * MINUTE)))
    assert asked.work == "customer"
    [again] = told(track.process(happened("e5", 4 * MINUTE)))
    assert (again.work, again.since) == ("due", NINE + 4 * MINUTE)
    [over] = told(track.process(status("e6", "resolved", 5 * MINUTE)))
    assert over.work == "over"
    assert told(track.process(status("e7", "closed", 6 * MINUTE))) == []
    [reopened] = told(track.process(status("e8", "open", 7 * MINUTE)))
    assert (reopened.work, reopened.session) == ("due", due.session)


def test_the_same_is_told_once_whatever_is_lost_and_whoever_owns_the_partition(track: Partition) -> None:
    track.lose(happened("e1"))
    assert len(told(track.process(happened("e1")))) == 1
    track.take_over()
    assert told(track.process(happened("e1"), tick=NINE + 1_000)) == []
    assert told(track.tick(NINE + 2_000)) == []


def test_an_assignment_is_kept_and_told_back_once(track: Partition) -> None:
    [due] = told(track.process(happened("e1")))
    [confirmed] = told(track.process(assigned(due.session)))
    assert (confirmed.assigned, confirmed.revision) == ("ann", 1)
    assert told(track.process(assigned(due.session), assigned("0123456789abcdef", 9))) == []
    row = track.row(ROUTED, KEY)
    assert row is not None
    assert (row.assigned, row.revision) == ("ann", 1)


def test_an_escalation_is_told_at_once_and_with_its_priority(track: Partition) -> None:
    track.process(happened("e1"))
    [escalated] = told(track.process(angry("e2", MINUTE)))
    assert (escalated.is_escalated, escalated.priority) == (True, "high")


def test_an_escalation_names_who_has_the_ticket(track: Partition) -> None:
    [due] = told(track.process(happened("e1")))
    assert [each.assignee for each in escalations(track.process(angry("e2", MINUTE)))] == [""]
    sent = track.process(assigned(due.session, after=MINUTE))
    [named] = escalations(sent)
    assert (named.assignee, named.revision) == ("ann", 2)
    [notice] = [decode_notice(each.value or b"") for each in sent if each.topic == topics.NOTICES]
    assert isinstance(notice, Escalated)
    assert notice.escalation.assignee == "ann"
    # Nobody is no name, and an end is none of anybody's.
    assert escalations(track.process(assigned(due.session, 2, "", state="waiting"))) == []
    [moved] = escalations(track.process(assigned(due.session, 3, "bob")))
    assert (moved.assignee, moved.revision) == ("bob", 3)
    track.process(status("e3", "resolved", 2 * MINUTE))
    assert escalations(track.process(assigned(due.session, 4, "bob", state="over"))) == []


def test_where_tickets_are_given_to_nobody_an_escalation_says_nothing_of_it() -> None:
    track = Partition(TrackStage(book({}), EVENT_IDS, RULES))
    assert [each.assignee for each in escalations(track.process(angry("e1")))] == [None]


def let_go(session: str, after: int = MINUTE) -> Appended:
    return assigned(session, 2, after=after, state="over")


def test_a_ticket_that_is_let_go_of_is_told_of_again_with_its_next_event() -> None:
    stage = stage_of()
    track = Partition(stage)
    [due] = told(track.process(happened("e1")))
    track.process(assigned(due.session))
    assert told(track.process(let_go(due.session))) == []
    # Neither a new owner nor other policies make it wait for somebody.
    track.take_over()
    assert told(track.tick(NINE + 2 * MINUTE)) == []
    stage.adopt(book(routes(tenant="acme", wait_within="1h")))
    assert told(track.tick(NINE + 3 * MINUTE)) == []
    [again] = told(track.process(happened("e2", HOUR)))
    assert (again.work, again.assigned, again.revision, again.is_let_go) == ("due", "ann", 2, True)
    [given] = told(track.process(assigned(due.session, 3, "bob", after=HOUR)))
    assert (given.assigned, given.revision, given.is_let_go) == ("bob", 3, False)
    assert told(track.process(happened("e3", 2 * HOUR))) == []


def test_nobody_is_named_who_had_a_ticket_that_was_let_go_of(track: Partition) -> None:
    [due] = told(track.process(happened("e1")))
    track.process(assigned(due.session), let_go(due.session))
    sent = track.process(angry("e2", HOUR))
    assert [each.assignee for each in escalations(sent)] == [""]
    assert [each.is_escalated for each in told(sent)] == [True]


def test_of_escalated_tickets_only() -> None:
    track = Partition(stage_of(tickets="escalated"))
    assert told(track.process(happened("e1"))) == []
    assert [each.work for each in told(track.process(angry("e2", MINUTE)))] == ["due"]


def test_old_tickets_that_are_imported_wait_for_nobody(track: Partition) -> None:
    assert told(track.process(happened("e1", behind=30 * DAY))) == []


def test_what_is_switched_on_or_off_is_told_of_all_open_tickets() -> None:
    stage = TrackStage(book({}), EVENT_IDS, RULES)
    track = Partition(stage)
    assert (
        told(track.process(happened("e1"), happened("e2", ticket_id="t2"), status("e3", "closed", ticket_id="t3")))
        == []
    )
    track.tick(NINE)
    stage.adopt(book(routes(tenant="acme")))
    assert sorted((each.ticket_id, each.work) for each in told(track.tick(NINE + 1_000))) == [
        ("t1", "due"),
        ("t2", "due"),
    ]
    assert told(track.tick(NINE + 2_000)) == []
    stage.adopt(book({}))
    assert sorted((each.ticket_id, each.work) for each in told(track.tick(NINE + 3_000))) == [
        ("t1", "over"),
        ("t2", "over"),
    ]
    assert told(track.process(happened("e9", HOUR))) == []


def test_a_ticket_that_is_forgotten_is_over_and_may_begin_anew(track: Partition) -> None:
    [first] = told(track.process(happened("e1")))
    over, anew = told(track.process(happened("e2", OTHER_DAYS)))
    assert (over.work, over.session, anew.work) == ("over", first.session, "due")
    assert anew.session != first.session
    # By the clock as well: another ticket moves the watermark on.
    sent = track.process(happened("e3", 2 * OTHER_DAYS, ticket_id="t2"))
    for second in range(3):
        sent += track.tick(NINE + 2 * OTHER_DAYS + second * 1_000)
    assert [each.work for each in told(sent) if each.ticket_id == "t1"] == ["over"]
    assert track.row(ROUTED, KEY) is None


def test_tenants_without_a_roster_cost_nothing(track: Partition) -> None:
    key = b"else/t1"
    sent = track.process(happened("e1", tenant="else")._replace(key=key))
    assert told(sent) == []
    assert track.row(ROUTED, key) is None

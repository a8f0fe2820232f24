"""The stage: who gets a ticket, when he loses it, and what is told of that; exactly once, whatever is lost."""

from collections import Counter, defaultdict
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas import registry
from schemas.assignments import Assigned, Assignment
from schemas.routing import Standing
from streams import topics
from streams.escalation.book import BookFile, PolicyBook
from streams.escalation.loading import parse_policy
from streams.routing.deciding import agent_for
from streams.routing.giving import _ticket
from streams.routing.stage import BEHIND_MS, KEPT_MS, SETTLE_MS, STALE_MS, RoutingStage
from streams.routing.tickets import TICKETS, loads_of
from streams.track import TrackStage
from tests.routing.standings import AGENTS, MINUTE, appended, assignments, given, roster, routes, standing
from tests.unit.records import EVENT_IDS, NINE, RULES, Appended, Partition
from tests.unit.test_track_notices import HEAD, RULE, happened, reply, status

HOUR = 60 * MINUTE


@pytest.fixture
def desk() -> Partition:
    return Partition(RoutingStage(routes(reassign_after="20m", busy_for="10m")))


def test_a_ticket_is_given_once_and_the_ticket_is_told(desk: Partition) -> None:
    assert desk.process(appended(standing())) == []
    first, answer = desk.tick(NINE + 1_000)
    [record] = assignments([first])
    assert (record.state, record.reason, record.agent, record.queue, record.revision) == (
        *("assigned", "routed", "ann", "billing", 1),
    )
    assert (answer.topic, answer.key, answer.headers) == (
        *(topics.SCORED, b"shop/T-1", [(registry.ANSWER_HEADER, b"1")]),
    )
    assert registry.decode_answer(answer.value or b"") == Assigned("aa", 1, "assigned", "ann", "billing")
    assert desk.counts["assignments", "assigned", "routed"] == 1
    desk.process(appended(standing(assigned="ann", revision=1)))
    assert desk.tick(NINE + 9_000) == []


def test_nobody_gets_more_than_fits_and_who_waits_gets_room_when_there_is_some(desk: Partition) -> None:
    desk.process(*(appended(standing(f"T-{n}", NINE + n)) for n in range(5)))
    told = desk.tick(NINE + 1_000)
    assert sorted(given(told).values()) == ["ann", "ann", "bob"]
    waiting = [each for each in assignments(told) if each.state == "waiting"]
    assert [(each.ticket_id, each.reason) for each in waiting] == [("T-3", "no room"), ("T-4", "no room")]
    assert desk.standing["tickets_waiting"] == {("shop", "billing"): 2}
    desk.process(appended(standing("T-0", NINE + MINUTE, work="over")))
    told = desk.tick(NINE + MINUTE)
    assert list(given(told)) == ["T-3"]
    assert [each.ticket_id for each in assignments(told) if each.state == "over"] == ["T-0"]


def test_an_answer_makes_room_after_a_while_and_the_customers_next_words_go_to_who_knows_the_ticket(
    desk: Partition,
) -> None:
    desk.process(appended(standing()))
    desk.tick(NINE)
    answered = standing(at=NINE + MINUTE, work="answered", agent="77", agent_at=NINE + MINUTE)
    desk.process(appended(answered))
    assert desk.tick(NINE + 2 * MINUTE) == []
    assert load(desk) == {"ann": 1}
    desk.tick(NINE + 12 * MINUTE, idle=True)
    assert load(desk) == {}
    again = standing(at=NINE + HOUR, agent="77", agent_at=NINE + MINUTE, assigned="ann", revision=1)
    desk.process(appended(again), tick=NINE + HOUR)
    assert load(desk) == {"ann": 1}


def test_who_does_not_answer_loses_the_ticket_to_somebody_who_was_not_asked_before(desk: Partition) -> None:
    desk.process(appended(standing()))
    assert given(desk.tick(NINE)) == {"T-1": "ann"}
    assert desk.tick(NINE + 19 * MINUTE, idle=True) == []
    [moved] = assignments(desk.tick(NINE + 20 * MINUTE, idle=True))
    assert (moved.agent, moved.previous, moved.reason, moved.tried) == ("bob", "ann", "moved", ("ann",))
    # Nobody is left, so bob keeps it.
    assert desk.tick(NINE + 50 * MINUTE, idle=True) == []
    assert load(desk) == {"bob": 1}


def test_whom_the_helpdesk_names_has_it_and_somebody_else_s_ticket_counts_for_nobody(desk: Partition) -> None:
    desk.process(appended(standing()), appended(standing("T-2")))
    desk.tick(NINE)
    desk.process(
        appended(standing(at=NINE + MINUTE, agent="bob", agent_at=NINE + MINUTE)),
        appended(standing("T-2", at=NINE + MINUTE, agent="someone@else.example", agent_at=NINE + MINUTE)),
    )
    by = {each.ticket_id: each for each in assignments(desk.tick(NINE + MINUTE))}
    assert (by["T-1"].state, by["T-1"].agent, by["T-1"].reason) == ("assigned", "bob", "helpdesk")
    assert (by["T-2"].state, by["T-2"].agent) == ("handled", "someone@else.example")
    assert load(desk) == {"bob": 1}
    # What a person decided is not undone by the clock.
    assert desk.tick(NINE + 2 * HOUR, idle=True) == []


def test_a_ticket_that_nobody_can_take_is_told_and_counted(desk: Partition) -> None:
    only = roster([AGENTS[2] | {"queues": ["billing", "general"]}])
    desk = Partition(RoutingStage(routes(only, wait_within="15m")))
    desk.process(appended(standing()))
    [told] = assignments(desk.tick(NINE))
    assert (told.state, told.reason) == ("waiting", "nobody can")
    assert desk.standing["tickets_unassignable"] == {("shop",): 1}
    desk.tick(NINE + 16 * MINUTE, idle=True)
    assert desk.standing["tickets_wait_long"] == {("shop",): 1}


def test_what_is_never_heard_of_again_occupies_nobody_for_ever() -> None:
    desk = Partition(RoutingStage(routes(forget_after="2d")))
    desk.process(appended(standing()))
    desk.tick(NINE)
    assert desk.tick(NINE + 48 * HOUR, idle=True) == []
    [told] = assignments(desk.tick(NINE + 48 * HOUR + 1, idle=True))
    assert (told.state, told.reason, told.agent) == ("over", "expired", "ann")
    assert load(desk) == {}
    desk.tick(NINE + 48 * HOUR + KEPT_MS + 2, idle=True)
    assert desk.keys(TICKETS) == []


class Pair:
    """Both stages of a ticket, each with the other's answers within a second."""

    def __init__(self) -> None:
        made = routes(tenant="acme", forget_after="2d")
        policy = parse_policy(HEAD + RULE, "shop.toml")
        self.book = PolicyBook({"shop": policy}, BookFile(default="shop"), routes=made)
        self.stage = TrackStage(self.book, EVENT_IDS, RULES)
        self.track, self.desk = Partition(self.stage), Partition(RoutingStage(made))
        self.track.tick(NINE)

    def at(self, after: int, *events: Appended) -> list[tuple[str, str, str]]:
        """State, reason and agent of what is assigned within ten seconds, from so long after nine on."""
        found: list[Assignment] = []
        answers: list[Appended] = list(events)
        for now in range(NINE + after, NINE + after + 10_000, 1_000):
            sent = self.track.process(*answers, tick=now)
            news = [Appended(0, now, one.key, one.value) for one in sent if one.topic == topics.ROUTING]
            given = [*self.desk.process(*news), *self.desk.tick(now, idle=True)]
            answers = [
                Appended(0, now, one.key, one.value, ((registry.ANSWER_HEADER, b"1"),))
                for one in given
                if one.topic == topics.SCORED
            ]
            found += assignments(given)
        return [(each.state, each.reason, each.agent) for each in found]


@pytest.mark.parametrize("quiet", [MINUTE, KEPT_MS + HOUR], ids=["soon", "when it is forgotten"])
def test_what_has_expired_stays_so_until_something_happens_to_the_ticket(quiet: int) -> None:
    pair = Pair()
    assert pair.at(0, happened("e1", category="billing")) == [("assigned", "routed", "ann")]
    # That the source named her before is no news when the ticket is given anew.
    replied = reply("e2", MINUTE, category="billing", agent_id="77")
    assert pair.at(MINUTE, replied, happened("e3", MINUTE, category="billing")) == []
    assert pair.at(47 * HOUR) == []
    assert pair.at(49 * HOUR) == [("over", "expired", "ann")]
    assert pair.at(49 * HOUR + quiet // 2) == []
    # Policies that are loaded again tell of all tickets that stand otherwise than told.
    pair.stage.adopt(pair.book)
    assert pair.at(49 * HOUR + quiet) == []
    assert load(pair.desk) == {}
    pair.at(49 * HOUR + quiet + KEPT_MS * (quiet > KEPT_MS))
    assert len(pair.desk.keys(TICKETS)) == (quiet < KEPT_MS)
    again = 49 * HOUR + 2 * quiet
    assert pair.at(again, happened("e4", again, category="billing")) == [("assigned", "knows", "ann")]
    assert load(pair.desk) == {"ann": 1}
    assert pair.at(again + 49 * HOUR) == [("over", "expired", "ann")]


@pytest.mark.parametrize(
    ("names", "expected"),
    [({}, ("assigned", "knows", "ann")), ({"agent_id": "bob"}, ("assigned", "helpdesk", "bob"))],
    ids=["by nobody", "by an agent"],
)
def test_what_is_opened_again_long_after_its_end_is_given_anew(
    names: dict[str, str], expected: tuple[str, str, str]
) -> None:
    pair = Pair()
    pair.at(0, happened("e1", category="billing"))
    assert pair.at(MINUTE, status("e2", "resolved", MINUTE)) == [("over", "over", "ann")]
    pair.at(3 * HOUR)
    assert pair.desk.keys(TICKETS) == []
    assert pair.at(4 * HOUR, status("e3", "open", 4 * HOUR, **names)) == [expected]
    assert sum(load(pair.desk).values()) == 1


def test_a_history_that_is_played_again_gives_nobody_anything_anew() -> None:
    """The stage's own: what the ticket knew of its assignment stays. That of `track`: its news are old."""
    desk = Partition(RoutingStage(routes()))
    week_ago = NINE - 100 * HOUR
    desk.process(
        appended(standing("T-1", week_ago)),
        appended(standing("T-1", week_ago + MINUTE, assigned="bob", revision=4)),
        appended(standing("T-2", week_ago)),
        appended(standing("T-2", week_ago + MINUTE, work="over")),
    )
    assert desk.tick(NINE) == []
    assert assignments(desk.tick(NINE, idle=True)) == []
    assert load(desk) == {"bob": 1}
    late = standing("T-3", at=NINE)
    desk.process(appended(late, at=NINE + STALE_MS + 1))
    assert desk.tick(NINE + STALE_MS + SETTLE_MS, idle=True) == []
    assert given(desk.tick(NINE + STALE_MS + SETTLE_MS + 1, idle=True)) == {"T-3": "ann"}


def test_nothing_is_decided_while_newer_news_wait_in_the_log(desk: Partition) -> None:
    # The clock of the test's batches stands at nine.
    desk.process(appended(standing(at=NINE - BEHIND_MS - 1)))
    assert desk.tick(NINE - BEHIND_MS) == []
    assert given(desk.tick(NINE, idle=True)) == {"T-1": "ann"}
    desk.process(appended(standing("T-2")))
    assert list(given(desk.tick(NINE))) == ["T-2"]


def test_another_roster_takes_tickets_from_who_is_gone() -> None:
    stage = RoutingStage(routes())
    desk = Partition(stage)
    desk.process(appended(standing()))
    desk.tick(NINE)
    stage.adopt(routes(roster(AGENTS[1:])))
    [told] = assignments(desk.tick(NINE + 10_000))
    assert (told.agent, told.previous) == ("bob", "ann")
    # Without any roster nothing is decided, and nothing is lost.
    stage.adopt({})
    assert desk.tick(NINE + MINUTE, idle=True) == []


def load(desk: Partition) -> dict[str, int]:
    """What everybody has to do, by the rows themselves."""
    rows = [desk.row(TICKETS, key) for key in desk.keys(TICKETS)]
    return dict(Counter(row.agent for row in rows if row and row.phase == "busy" and row.is_ours))


class DeskMachine(RuleBasedStateMachine):
    """Any news in any order, crashes and other owners: what is published is a history without a gap."""

    def __init__(self) -> None:
        super().__init__()
        self.routing = routes(reassign_after="5m", busy_for="3m")
        self.desk = Partition(RoutingStage(self.routing))
        self.now = NINE
        self.offset = 0
        self.latest: dict[str, Standing] = {}
        self.published: dict[tuple[str, str], list[Assignment]] = defaultdict(list)
        self.queued: list[Any] = []
        self.given: set[str] = set()

    @rule(
        ticket=st.sampled_from("abcdef"),
        work=st.sampled_from(("due", "due", "answered", "customer", "over")),
        agent=st.sampled_from(("", "", "ann", "77", "bob", "stranger")),
        category=st.sampled_from(("billing", "technical")),
        language=st.sampled_from(("", "en", "de")),
        anew=st.sampled_from((False, False, False, True)),
        is_escalated=st.booleans(),
    )
    def tell(
        self, ticket: str, work: Any, agent: str, category: str, language: str, anew: bool, is_escalated: bool
    ) -> None:
        before = self.latest.get(ticket)
        session = before.session if before and not anew else f"{self.offset:x}"
        facts: dict[str, Any] = {"agent": agent, "agent_at": self.now} if agent else {}
        history = self.published[ticket, session]
        if history:
            facts |= {"assigned": history[-1].agent, "revision": history[-1].revision}
        told = standing(
            *(ticket, self.now),
            **facts,
            work=work,
            session=session,
            category=category,
            language=language,
            is_escalated=is_escalated,
        )
        self.latest[ticket] = told
        self.queued.append(appended(told, offset=self.offset))
        self.offset += 1

    @rule(seconds=st.sampled_from((1, 7, 200, 400)))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds * 1_000

    @rule(is_lost=st.booleans())
    def commit(self, is_lost: bool) -> None:
        if is_lost:
            self.desk.lose(*self.queued, tick=self.now)
        records = self.desk.process(*self.queued, tick=None)
        self.queued = []
        assert records == []
        told = assignments(self.desk.tick(self.now, idle=True))
        for each in told:
            history = self.published[each.ticket_id, each.session]
            assert each.revision == len(history) + 1
            if history:
                assert (history[-1].state, history[-1].agent) != (each.state, each.agent)
            history.append(each)
        self.given = {each.agent for each in told if each.reason in ("routed", "knows", "moved")}
        self.check()

    @rule()
    def take_over(self) -> None:
        self.desk.take_over()
        self.queued = []

    def check(self) -> None:
        routing = self.routing["shop"]
        loads = Counter(load(self.desk))
        for agent in routing.roster.agents:
            if agent.name in self.given:
                assert loads[agent.name] <= agent.capacity
        here = [agent.name for agent in routing.roster.agents]
        for key in self.desk.keys(TICKETS):
            known = self.desk.row(TICKETS, key)
            assert known is not None
            assert not known.is_untold
            if known.phase == "waits":
                assert agent_for(_ticket(key, known), routing.roster, here, loads) is None

    @invariant()
    def loads_are_those_of_a_recount(self) -> None:
        names = [str(agent["name"]) for agent in AGENTS]
        state = self.desk.view()
        assert +loads_of("shop", iter(names), state) == Counter(load(self.desk))


TestDesk = DeskMachine.TestCase
TestDesk.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

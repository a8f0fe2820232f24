"""The simulated desk: against what is known of queues, and the ways against each other."""

import json
import math
import random
from datetime import UTC, datetime

import pytest

from streams.routing.comparing import compare
from streams.routing.deciding import Ticket
from streams.routing.roster import Roster
from streams.routing.simulating import WAYS, Arrival, Desk, World, arrivals, shifts_of
from tests.routing.test_deciding import DESK, ROSTER
from tests.unit.conftest import Run

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WORLD = World(
    MONDAY,
    days=3,
    tickets_a_day=300,
    categories={"billing": 2, "technical": 2, "general": 1},
    languages={"en": 4, "de": 1},
)


def erlang_c(servers: int, load: float) -> float:
    """The probability of having to wait in M/M/c (Erlang 1917); `load` is in servers."""
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / math.factorial(k) for k in range(servers)) + last)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.6), (4, 3.0), (8, 6.8)])
def test_waiting_is_what_erlang_says(servers: int, load: float) -> None:
    """Equal agents who are always there: whoever is free takes the oldest, so the way cannot matter."""
    fields = {
        "fallback": "all",
        "queues": [{"name": "all"}],
        "agents": [{"name": f"a{n}", "queues": ["all"], "categories": ["x"]} for n in range(servers)],
    }
    roster, handling, tickets = Roster.model_validate(fields), 600.0, 40_000
    chance = random.Random(4)
    at, came = MONDAY.timestamp(), []
    for number in range(tickets):
        at += chance.expovariate(load / handling)
        came.append(Arrival(Ticket(f"t{number}", "x", "en", "email", at), chance.expovariate(1 / handling), math.inf))
    everybody = frozenset(agent.name for agent in roster.agents)
    outcome = Desk(roster, WORLD, "skills", 1).run(came, [(MONDAY.timestamp(), everybody)])
    had_to_wait = sum(wait > 0 for wait in outcome.waits) / tickets
    # By the load that there was: of so few tickets it differs by some percent, and waiting by much more.
    worked = sum(each.handling for each in came)
    load = worked / (at - MONDAY.timestamp())
    expected = erlang_c(servers, load)
    assert all(outcome.answered)
    assert had_to_wait == pytest.approx(expected, rel=0.08)
    assert sum(outcome.waits) / tickets == pytest.approx(expected * worked / tickets / (servers - load), rel=0.12)


def test_tickets_come_by_the_hours_of_the_day_and_are_the_same_for_a_seed() -> None:
    many = arrivals(WORLD._replace(days=200), 5)
    assert len(many) == pytest.approx(200 * 300, rel=0.02)
    hours = [int(each.ticket.since / 3_600 % 24) for each in many]
    # 1.8 and 0.2 times the mean of 12.5 an hour.
    assert hours.count(11) / 200 == pytest.approx(1.8 * 12.5, rel=0.06)
    assert hours.count(23) / 200 == pytest.approx(0.2 * 12.5, rel=0.2)
    assert arrivals(WORLD, 5) == arrivals(WORLD, 5) != arrivals(WORLD, 6)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_waits_longer_than_he_will_and_a_run_can_be_played_again(way: str) -> None:
    came, shifts = arrivals(WORLD, 9), shifts_of(ROSTER, WORLD)
    one, again = (Desk(ROSTER, WORLD, way, 1).run(came, shifts) for _ in range(2))  # type: ignore[arg-type]
    assert one == again
    assert len(one.waits) == len(came)
    for arrival, wait, answered in zip(came, *one, strict=True):
        assert wait <= arrival.patience
        assert answered or wait == arrival.patience
    assert 0.3 < sum(one.answered) / len(came) < 1


def test_by_skills_customers_wait_less_than_by_round_robin() -> None:
    found = {each.way: each for each in compare(ROSTER, WORLD, 10, 900)}
    assert set(found) == set(WAYS)
    saved = found["skills"].less["mean"]
    assert saved.value - saved.half > 60
    assert found["skills"].figures["left"].value < found["round robin"].figures["left"].value
    assert found["round robin"].less["mean"].value == 0


def test_the_commands_tell_it(run: Run) -> None:
    told = run("routing", "check", str(DESK))
    assert told.code == 0
    assert [line.partition(";")[0] for line in told.out.splitlines()] == [
        "billing: 3 agents",
        "technical: 4 agents",
        "general: 8 agents",
    ]
    told = run("routing", "simulate", str(DESK), "--runs", "2", "--days", "1", "--language", "de=1", "-o", "json")
    assert [each["way"] for each in json.loads(told.out)] == list(WAYS)
    wrong = run("routing", "simulate", str(DESK), "--category", "billing")
    assert (wrong.code, wrong.err) == (2, "ticketpulse: 'billing' is no name with a weight, as in billing=3\n")

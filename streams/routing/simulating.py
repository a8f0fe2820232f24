"""A desk as a sequence of events: tickets come, agents take them by one way or another, customers lose patience. Pure.

Every way gets the same tickets (common random numbers): when each comes, what it is, how long it takes whom, and how
long its customer waits. What differs between ways is then the way and not the luck.
"""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from math import cos, exp, pi
from typing import Final, Literal, NamedTuple, get_args

from schemas.events import Priority
from streams.routing.deciding import Ticket, agent_for, can, in_turn, skills
from streams.routing.roster import Agent, Roster

# skills: `agent_for`. pooled: whoever is free takes the oldest. The others push a ticket to somebody as it comes, where
# it waits for him: round robin, at random, or whoever has the fewest.
Way = Literal["skills", "pooled", "round robin", "random", "shortest"]
WAYS: Final[tuple[Way, ...]] = get_args(Way)
_LOOK: Final = 900.0


class World(NamedTuple):
    """What is assumed. Times are in seconds. A ticket takes `handling` in the mean (lognormal, deviation of its
    logarithm `spread`) of somebody who is good at its category, `unskilled` times that of another, and `foreign` times
    of one who does not work in its language or channel.
    """

    begin: datetime
    days: int = 5
    tickets_a_day: float = 100.0
    # So much more than the mean at the busiest hour (UTC), and so much less twelve hours from it.
    rhythm: float = 0.8
    busiest: float = 11.0
    handling: float = 1_200.0
    spread: float = 0.6
    unskilled: float = 1.6
    foreign: float = 2.5
    patience: float = 28_800.0
    categories: Mapping[str, float] = {"general": 1.0}
    languages: Mapping[str, float] = {"en": 1.0}
    channels: Mapping[str, float] = {"email": 1.0}
    urgent: float = 0.1


class Arrival(NamedTuple):
    """A ticket, how long somebody who is good at it needs, and how long its customer waits for the first answer."""

    ticket: Ticket
    handling: float
    patience: float


class Outcome(NamedTuple):
    """Of each ticket that came: seconds until its customer was answered or left, and whether he was answered. So a
    way does not gain by losing those who wait longest.
    """

    waits: tuple[float, ...]
    answered: tuple[bool, ...]

    def within(self, target: float) -> float:
        """The share of all tickets that were answered within so many seconds."""
        good = sum(is_answered and wait <= target for wait, is_answered in zip(*self, strict=True))
        return good / max(len(self.waits), 1)


def arrivals(world: World, seed: int) -> list[Arrival]:
    """The tickets of one run: Poisson, with a daily rhythm (thinned, Lewis and Shedler 1979)."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    highest = world.tickets_a_day / 86_400 * (1 + world.rhythm)
    start = world.begin.astimezone(UTC).timestamp()
    at = start
    made: list[Arrival] = []
    while True:
        at += chance.expovariate(highest)
        if at >= start + world.days * 86_400:
            return made
        hour = at / 3_600 % 24
        if chance.random() * (1 + world.rhythm) > 1 + world.rhythm * cos((hour - world.busiest) * pi / 12):
            continue
        priority: Priority = "urgent" if chance.random() < world.urgent else "medium"
        ticket = Ticket(
            f"t{len(made)}",
            _drawn(chance, world.categories),
            _drawn(chance, world.languages),
            _drawn(chance, world.channels),
            at,
            priority,
        )
        handling = world.handling * exp(chance.gauss(0, 1) * world.spread - world.spread**2 / 2)
        made.append(Arrival(ticket, handling, chance.expovariate(1 / world.patience)))


class Desk:
    """One run of one way over the tickets that come."""

    def __init__(self, roster: Roster, world: World, way: Way, seed: int) -> None:
        self._roster, self._world, self._way = roster, world, way
        self._chance = random.Random(seed)  # noqa: S311 - a simulation
        self._agents = {agent.name: agent for agent in roster.agents}
        self._loads = dict.fromkeys(self._agents, 0)
        self._waiting: dict[str, Arrival] = {}
        self._pushed: dict[str, deque[Arrival]] = {name: deque() for name in self._agents}
        self._next = 0
        self._waits: dict[str, float] = {}
        self._here: frozenset[str] = frozenset()
        # Time, order, what: an arrival, an agent who is done, or None for a look at the clock.
        self._events: list[tuple[float, int, Arrival | str | None]] = []
        self._order = 0

    def run(self, came: Sequence[Arrival], shifts: Sequence[tuple[float, frozenset[str]]]) -> Outcome:
        """`shifts` tell who is there from each time on, in order."""
        for arrival in came:
            self._later(arrival.ticket.since, arrival)
        for at, _ in shifts:
            self._later(at, None)
        place = 0
        while self._events:
            now, _, what = heappop(self._events)
            while place < len(shifts) and shifts[place][0] <= now:
                self._here = shifts[place][1]
                place += 1
            if isinstance(what, Arrival):
                self._comes(what)
            elif what is not None:
                self._loads[what] -= 1
            self._take(now)
        return Outcome(
            tuple(self._waits.get(each.ticket.ticket_id, each.patience) for each in came),
            tuple(each.ticket.ticket_id in self._waits for each in came),
        )

    def _later(self, at: float, what: Arrival | str | None) -> None:
        self._order += 1
        heappush(self._events, (at, self._order, what))

    def _comes(self, arrival: Arrival) -> None:
        if self._way in ("skills", "pooled"):
            self._waiting[arrival.ticket.ticket_id] = arrival
            return
        # To those who are there; at night to anybody.
        names = [name for name in self._agents if name in self._here] or list(self._agents)
        if self._way == "round robin":
            name = names[self._next % len(names)]
            self._next += 1
        elif self._way == "random":
            name = self._chance.choice(names)
        else:
            name = min(names, key=lambda each: self._loads[each] + len(self._pushed[each]))
        self._pushed[name].append(arrival)

    def _take(self, now: float) -> None:
        if self._way == "skills":
            self._take_by_skills(now)
        elif self._way == "pooled":
            for name in sorted(self._here, key=lambda each: (self._loads[each], each)):
                while self._waiting and self._loads[name] < self._agents[name].capacity:
                    ticket, arrival = next(iter(self._waiting.items()))
                    del self._waiting[ticket]
                    self._begin(arrival, self._agents[name], now)
        else:
            for name in self._here:
                while self._pushed[name] and self._loads[name] < self._agents[name].capacity:
                    self._begin(self._pushed[name].popleft(), self._agents[name], now)

    def _take_by_skills(self, now: float) -> None:
        if not any(self._loads[name] < self._agents[name].capacity for name in self._here):
            return
        for ticket in in_turn([each.ticket for each in self._waiting.values()], now):
            agent = agent_for(ticket, self._roster, self._here, self._loads)
            if agent is not None:
                self._begin(self._waiting.pop(ticket.ticket_id), agent, now)

    def _begin(self, arrival: Arrival, agent: Agent, now: float) -> None:
        """The agent answers and has the ticket until it is done; a customer who has left costs nothing."""
        wait = now - arrival.ticket.since
        if wait > arrival.patience:
            return
        self._waits[arrival.ticket.ticket_id] = wait
        self._loads[agent.name] += 1
        self._later(now + arrival.handling * self._factor(agent, arrival.ticket), agent.name)

    def _factor(self, agent: Agent, ticket: Ticket) -> float:
        if not can(agent, ticket):
            return self._world.foreign
        return 1.0 if skills(agent, ticket) else self._world.unskilled


def shifts_of(roster: Roster, world: World) -> list[tuple[float, frozenset[str]]]:
    """Who is there from when on, looked at every quarter of an hour, until a day after the last ticket came."""
    found: list[tuple[float, frozenset[str]]] = []
    for step in range(int((world.days + 1) * 86_400 / _LOOK)):
        now = world.begin + timedelta(seconds=step * _LOOK)
        here = frozenset(agent.name for agent in roster.agents if agent.is_here(now))
        if not found or found[-1][1] != here:
            found.append((now.timestamp(), here))
    return found


def _drawn(chance: random.Random, shares: Mapping[str, float]) -> str:
    return chance.choices(list(shares), list(shares.values()))[0]

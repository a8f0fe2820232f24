"""Who gets what now, of all that waits at one tenant. Pure; times are Unix milliseconds."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from streams.routing.deciding import Ticket, agent_for, can, in_turn
from streams.routing.roster import Roster
from streams.routing.rules import Routing, RoutingRule
from streams.routing.tickets import Known


class Given(NamedTuple):
    """Tickets that have changed, by key, and those that nobody of the roster could take whatever he had to do."""

    changed: dict[bytes, Known]
    unassignable: int


def here_at(roster: Roster, now: int) -> frozenset[str]:
    """Who is there."""
    at = datetime.fromtimestamp(now / 1000, UTC)
    return frozenset(agent.name for agent in roster.agents if agent.is_here(at))


def rested(known: Known, routing: Routing, now: int) -> Known:
    """A ticket that somebody is busy with, after time has passed and perhaps another roster has come."""
    if routing.roster.agent(known.agent) is None:
        # He is gone. What a person decided stays so.
        if known.by_hand:
            return replace(known, phase="rests", is_ours=False)
        return replace(known, phase="waits", why="no room", answered_at=0)
    if known.answered_at and now - known.answered_at >= routing.rule.busy_for:
        return replace(known, phase="rests")
    return known


def give(
    waiting: Mapping[bytes, Known],
    busy: Mapping[bytes, Known],
    routing: Routing,
    here: Collection[str],
    loads: Counter[str],
    now: int,
) -> Given:
    """Each ticket that waits, and each that nobody has answered in time, to whoever should take it; those that nobody
    can take stay where they are. `loads` are counted on. Nobody gets more than his capacity.
    """
    open_ones = {**waiting, **{key: known for key, known in busy.items() if _is_late(known, routing.rule, now)}}
    tickets = {_ticket(key, known): (key, known) for key, known in open_ones.items()}
    changed: dict[bytes, Known] = {}
    nobody: set[tuple[object, ...]] = set()
    unassignable = 0
    for ticket in in_turn(tickets, now / 1000):
        key, known = tickets[ticket]
        alike = (ticket.category, ticket.channel, ticket.language, ticket.tried)
        # Loads only rise here: who is like one that nobody could take finds nobody either.
        agent = None if alike in nobody else agent_for(ticket, routing.roster, here, loads)
        if agent is None:
            nobody.add(alike)
        if known.phase == "busy":
            if agent is not None and agent.name not in ticket.tried:
                loads[known.agent] -= 1
                loads[agent.name] += 1
                changed[key] = replace(_taken(known, agent.name, now), why="moved", tried=ticket.tried)
        elif agent is not None:
            loads[agent.name] += 1
            changed[key] = _taken(known, agent.name, now)
        else:
            is_possible = _could(ticket, routing.roster)
            unassignable += not is_possible
            changed[key] = replace(known, why="no room" if is_possible else "nobody can")
    return Given(changed, unassignable)


def _is_late(known: Known, rule: RoutingRule, now: int) -> bool:
    if rule.reassign_after is None or known.by_hand or known.answered_at:
        return False
    return now - known.assigned_at >= rule.reassign_after


def _taken(known: Known, name: str, now: int) -> Known:
    why = "knows" if name == known.agent else "routed"
    return replace(
        known, phase="busy", why=why, agent=name, is_ours=True, by_hand=False, assigned_at=now, answered_at=0
    )


def _ticket(key: bytes, known: Known) -> Ticket:
    is_late = known.phase == "busy"
    return Ticket(
        ticket_id=key.decode(),
        category=known.category,
        language=known.language,
        channel=known.channel,
        since=known.since / 1000,
        priority=known.priority,
        is_escalated=known.is_escalated,
        knows="" if is_late else known.agent,
        tried=(*known.tried, known.agent) if is_late else known.tried,
    )


def _could(ticket: Ticket, roster: Roster) -> bool:
    queues = {roster.queue_of(ticket.category, ticket.channel), roster.fallback}
    return any(not queues.isdisjoint(agent.queues) and can(agent, ticket) for agent in roster.agents)

"""Which agent takes which ticket. Pure and deterministic: the same tickets, loads and time give the same answer."""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from schemas.events import PRIORITIES, Priority
from streams.routing.roster import Agent, Roster

# A ticket that has waited so long (seconds) goes with those of the next higher priority, and so on.
RISES_AFTER: Final = 3_600.0


class Ticket(NamedTuple):
    """A ticket that waits since a time (Unix seconds). `knows` is the agent who knows it or its customer; `tried` are
    agents who had it and did not answer.
    """

    ticket_id: str
    category: str
    language: str
    channel: str
    since: float
    priority: Priority = "medium"
    is_escalated: bool = False
    tier: str = ""
    knows: str = ""
    tried: tuple[str, ...] = ()


def in_turn(tickets: Iterable[Ticket], now: float) -> list[Ticket]:
    """Who is served first: the escalated, then by priority, which rises with the time of waiting; then the oldest."""
    return sorted(tickets, key=lambda ticket: (-_rank(ticket, now), ticket.since, ticket.ticket_id))


def agent_for(ticket: Ticket, roster: Roster, here: Collection[str], loads: Mapping[str, int]) -> Agent | None:
    """Who takes a ticket: of those who can, are here and have room, whoever knows it, else who is best at it, else who
    has least to do for what he can carry, else by a hash. None where it has to wait. `loads` are tickets by agent.
    """
    own = roster.queue_of(ticket.category, ticket.channel)
    for queue in dict.fromkeys((own, roster.fallback)):
        able = [agent for agent in roster.agents if queue in agent.queues and can(agent, ticket)]
        # Who has not answered before is asked again only where there is nobody else.
        fresh = [agent for agent in able if agent.name not in ticket.tried] or able
        free = [agent for agent in fresh if agent.name in here and loads.get(agent.name, 0) < agent.capacity]
        if free:
            return min(free, key=lambda agent: _preference(agent, ticket, loads))
    return None


def can(agent: Agent, ticket: Ticket) -> bool:
    """Whether an agent works in the ticket's language, if that is known, and channel."""
    return (not agent.languages or not ticket.language or ticket.language in agent.languages) and (
        not agent.channels or ticket.channel in agent.channels
    )


def skills(agent: Agent, ticket: Ticket) -> int:
    """How many of the ticket's properties an agent is good at."""
    return (ticket.category in agent.categories) + (ticket.tier != "" and ticket.tier in agent.tiers)


def _preference(agent: Agent, ticket: Ticket, loads: Mapping[str, int]) -> tuple[bool, int, float, int]:
    load = loads.get(agent.name, 0) / agent.capacity
    return agent.name != ticket.knows, -skills(agent, ticket), load, _tie(agent.name, ticket.ticket_id)


def _rank(ticket: Ticket, now: float) -> int:
    if ticket.is_escalated:
        return len(PRIORITIES)
    risen = int(max(now - ticket.since, 0.0) // RISES_AFTER)
    return min(PRIORITIES.index(ticket.priority) + risen, len(PRIORITIES) - 1)


def _tie(agent: str, ticket: str) -> int:
    # Another order for each ticket, so that nobody is always the first of equals.
    return int.from_bytes(blake2b(f"{ticket}/{agent}".encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")

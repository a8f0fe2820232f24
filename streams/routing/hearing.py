"""How a ticket stands after `track` has told of it. Pure; nothing is decided here."""

from typing import Any

from msgspec.structs import replace

from schemas.routing import Standing
from streams.routing.roster import Roster
from streams.routing.tickets import Known, Told


def heard(before: Known | None, told: Standing, appended: int, roster: Roster | None) -> Known | None:
    """The ticket as it is known after `told`, which was appended then (Unix milliseconds). None where there is nothing
    to know. The same again changes nothing but the time. Without a roster nobody is one of its agents.
    """
    if before is None or before.session != told.session:
        if told.work == "over":
            return before
        before = _begun(told, appended, roster)
    elif told.revision > before.revision:
        # The ticket knows more of its assignment than is known here: a history is played again.
        before = _begun(told, appended, roster)
    facts: dict[str, Any] = {name: getattr(told, name) for name in _FACTS}
    known = replace(before, **facts, since=told.since or before.since, heard_at=max(appended, before.heard_at))
    return _worked(_named(known, told, appended, roster), told, appended)


_FACTS = ("channel", "category", "language", "priority", "is_escalated")


def _begun(told: Standing, appended: int, roster: Roster | None) -> Known:
    """A ticket of which nothing is known here. What it knows of its own assignment stays so: a history that is played
    again gives nobody anything anew. One that was let go of is to be given anew, best to whoever had it.
    """
    known = Known(session=told.session, since=told.since, revision=told.revision)
    if not told.assigned:
        return known
    if told.is_let_go:
        # Whom the source named before is no news, but whom it names with this event is.
        named = told.agent_at if told.agent_at < told.at else 0
        return replace(known, agent=told.assigned, agent_at=named, told=Told("over", told.assigned))
    is_ours = roster is not None and roster.agent(told.assigned) is not None
    return replace(
        known,
        phase="busy" if is_ours else "rests",
        why="routed",
        agent=told.assigned,
        is_ours=is_ours,
        assigned_at=appended,
        agent_at=told.agent_at,
        told=Told("assigned" if is_ours else "handled", told.assigned),
    )


def _named(known: Known, told: Standing, appended: int, roster: Roster | None) -> Known:
    """Whoever the source names has it, if that is news."""
    if not told.agent or told.agent_at <= known.agent_at:
        return known
    known = replace(known, agent_at=told.agent_at)
    agent = roster.agent(told.agent) if roster else None
    name = agent.name if agent else told.agent
    if name == known.agent and known.phase != "waits":
        return known
    return replace(
        known,
        phase="busy" if agent else "rests",
        why="helpdesk",
        agent=name,
        is_ours=agent is not None,
        by_hand=True,
        assigned_at=appended,
        answered_at=0,
        tried=(),
    )


def _worked(known: Known, told: Standing, appended: int) -> Known:
    if told.work == "over":
        return known if known.phase == "over" else replace(known, phase="over", why="over")
    if told.work == "due":
        return _due(known, appended)
    if known.phase in ("waits", "over"):
        # Somebody has answered whom nobody names, or a person asked the customer something.
        return replace(known, phase="rests", why="helpdesk", agent="", is_ours=False, by_hand=True)
    if told.work == "customer":
        return replace(known, phase="rests")
    return replace(known, answered_at=known.answered_at or appended)


def _due(known: Known, appended: int) -> Known:
    """Something is to be done. Whoever is busy with it goes on; whom the roster does not know has it still; else it
    waits for somebody, best for whoever had it.
    """
    if known.phase == "busy":
        return replace(known, answered_at=0, assigned_at=appended) if known.answered_at else known
    if known.phase == "waits" or (known.phase == "rests" and known.agent and not known.is_ours):
        return known
    return replace(known, phase="waits", why="no room", answered_at=0, by_hand=False, tried=())

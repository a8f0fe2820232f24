"""What `track` tells whoever gives tickets to agents: how a ticket stands, whenever that has changed."""

import msgspec
from msgspec.structs import replace

from schemas.assignments import Assigned
from schemas.routing import Standing, Work, encode_standing, standing_key
from schemas.scored import ScoredEvent
from streams import topics
from streams.conversations import CLOSED, Conversation, fingerprint, is_spoken
from streams.engine.stage import Output
from streams.engine.state import Overlay, Table
from streams.routing.rules import Routing
from streams.scoring.readings import GENERAL
from streams.track.tickets import Ticket


class Routed(msgspec.Struct, frozen=True, array_like=True):
    """Of a ticket: what only its events say, its assignment as it was answered, and what was told last, as a
    fingerprint; 0 for nothing. `is_over` tells that nobody is wanted any more by what was told, `is_let_go` that
    whoever gives tickets has let go of this one.
    """

    session: int
    language: str = ""
    agent: str = ""
    agent_at: int = 0
    assigned: str = ""
    revision: int = 0
    told: int = 0
    is_over: bool = True
    is_let_go: bool = False


ROUTED = Table(b"r", Routed)


def tell_standing(
    ticket: Ticket,
    known: Conversation,
    routing: Routing | None,
    at: int,
    state: Overlay,
    output: Output,
    *,
    event: ScoredEvent | None = None,
) -> None:
    """Tell how a ticket stands, if that is news. `at` is the append of what may have changed it. Where nobody is to be
    given the tenant's tickets (no more), nothing is told but that. Any event tells of a ticket that was let go of.
    """
    before = state.get(ROUTED, ticket.key)
    if routing is None and before is None:
        return
    row = before if before is not None and before.session == known.opened_by else Routed(known.opened_by)
    if event is not None:
        row = _read(row, event, known, at)
    work = _work_of(known) if routing is not None and _is_routed(known, routing) else "over"
    if work == "over" and row.is_over:
        # What is never given to anybody needs no row: it is looked at again with its next event.
        if before is not None and row != before:
            state.put(ROUTED, ticket.key, row)
        return
    standing = _standing(ticket, known, row, work)
    told = fingerprint(repr(standing))
    is_news = told != row.told or (row.is_let_go and event is not None)
    if is_news:
        output.send(topics.ROUTING, standing_key(standing), encode_standing(replace(standing, at=at)))
    if is_news or row != before:
        state.put(ROUTED, ticket.key, replace(row, told=told, is_over=work == "over"))


def take_assignment(key: bytes, answer: Assigned, state: Overlay) -> bool:
    """Keep who has a ticket; returns whether that is news. What was answered to an earlier conversation is none."""
    row = state.get(ROUTED, key)
    if row is None or f"{row.session:016x}" != answer.session or answer.revision <= row.revision:
        return False
    is_let_go = answer.state == "over"
    state.put(ROUTED, key, replace(row, assigned=answer.agent, revision=answer.revision, is_let_go=is_let_go))
    return True


def let_go(ticket: Ticket, known: Conversation, state: Overlay) -> None:
    """Have nothing to tell of a ticket that is let go of before something happens to it: told that it is still open,
    whoever gives tickets would give it again.
    """
    row = state.get(ROUTED, ticket.key)
    if row is not None and not row.is_over and row.session == known.opened_by:
        told = fingerprint(repr(_standing(ticket, known, row, _work_of(known))))
        state.put(ROUTED, ticket.key, replace(row, told=told))


def assignee_of(key: bytes, known: Conversation, routing: Routing | None, state: Overlay) -> str | None:
    """Who has a ticket: empty while nobody has, None where the tenant's tickets are given to nobody."""
    row = state.get(ROUTED, key)
    if routing is None:
        return None
    if row is None or row.session != known.opened_by or row.is_over or row.is_let_go:
        return ""
    return row.assigned


def forget(ticket: Ticket, known: Conversation, at: int, state: Overlay, output: Output) -> None:
    """Drop what is kept of a ticket that is forgotten; nobody needs to have it any more."""
    if state.get(ROUTED, ticket.key) is not None:
        tell_standing(ticket, known, None, at, state, output)
        state.delete(ROUTED, ticket.key)


def _read(row: Routed, event: ScoredEvent, known: Conversation, at: int) -> Routed:
    is_words = is_spoken(event)
    if is_words and known.spoke == "customer" and event.language and event.language != row.language:
        row = replace(row, language=event.language)
    if event.agent_id and (event.agent_id != row.agent or (is_words and known.spoke == "agent")):
        row = replace(row, agent=event.agent_id, agent_at=at)
    return row


def _is_routed(known: Conversation, routing: Routing) -> bool:
    return routing.rule.tickets == "all" or known.escalated is not None


def _work_of(known: Conversation) -> Work:
    """What is to be done with a ticket. What asks for no work, as an import of old ones, is over."""
    if known.status in CLOSED or not known.open_since:
        return "over"
    is_asked = known.status == "awaiting_customer"
    if known.waiting_since:
        return "customer" if is_asked and known.waiting_since <= known.status_at else "due"
    if is_asked:
        return "customer"
    return "answered" if known.spoke == "agent" else "due"


def _standing(ticket: Ticket, known: Conversation, row: Routed, work: Work) -> Standing:
    return Standing(
        tenant=ticket.tenant,
        ticket_id=ticket.ticket_id,
        session=f"{known.opened_by:016x}",
        work=work,
        since=known.waiting_since or known.open_since,
        channel=known.channel,
        category=known.category or GENERAL,
        language=row.language,
        priority=known.escalated or known.priority,
        is_escalated=known.escalated is not None,
        agent=row.agent,
        agent_at=row.agent_at,
        assigned=row.assigned,
        revision=row.revision,
        is_let_go=row.is_let_go,
    )

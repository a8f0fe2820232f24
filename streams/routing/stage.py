"""routing: keeps what each agent has to do, and gives tickets that wait to agents. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Final

import msgspec
from msgspec.structs import replace

from schemas.assignments import Assigned, Assignment, assignment_id, encode_assignment
from schemas.events import tenant_of, ticket_key
from schemas.registry import ANSWER_HEADER, encode
from schemas.routing import decode_standing
from streams import topics
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay, Table
from streams.privacy.forgetting import Forgetter, is_erasure
from streams.privacy.keys import NO_KEYS, Keys
from streams.routing.forgetting import forget_ticket
from streams.routing.giving import give, here_at, rested
from streams.routing.hearing import heard
from streams.routing.rules import Routes, Routing
from streams.routing.tickets import (
    BUSY,
    CHANGED,
    TICKETS,
    UNTOLD,
    WAITING,
    Known,
    drop,
    keep,
    loads_of,
    restore,
)

SWEEP_ROWS: Final = 250
# What is over is known for so long, so that one that is opened again at once goes on counting its revisions.
KEPT_MS: Final = 3_600_000
# Where nothing changes, time alone may: hours begin, somebody does not answer.
LOOK_MS: Final = 5_000
# News that are so much older than their append come from a history that is played again, or from a stage that was away:
# what was open then may be over with the next of them. So nothing is decided until none have come for a while.
STALE_MS: Final = 300_000
SETTLE_MS: Final = 30_000
# What is read so long after its append may have newer news of the same tickets behind it in the log.
BEHIND_MS: Final = 60_000
# Records of one transaction.
TOLD_A_TICK: Final = 1_000
# A helpdesk's name for an agent may be anything.
_AGENT_CHARS: Final = 256


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """Before when nothing is decided, and whether the newest record was read long after its append."""

    settles_at: int = 0
    is_behind: bool = False


class Figures(msgspec.Struct, frozen=True, array_like=True):
    """Of a tenant: when its tickets were last looked at; how many wait by queue, for too long, and for nobody."""

    at: int
    waiting: dict[str, int]
    overdue: int
    unassignable: int


PROGRESS = Table(b"p", Progress)
FIGURES = Table(b"f", Figures, derived=True)
ONLY: Final = b""


class RoutingStage:
    """Reads `tickets.routing.v1`, keyed by tenant. What is told of tickets is folded as it comes; who gets what is
    decided on the tick, so that news that lie in the log together count together.

    Each change of who has a ticket is one record on `tickets.assignments.v1`, and one answer to the ticket.
    """

    name = "routing"
    input = topics.ROUTING
    outputs: Sequence[str] = (topics.ASSIGNMENTS, topics.SCORED, topics.ERASURES, topics.DEAD_LETTERS)
    patience = 0.05

    def __init__(self, routes: Routes, keys: Keys = NO_KEYS) -> None:
        self._routes = routes
        self._forgetter = Forgetter(self.name, keys, ((TICKETS, forget_ticket),))

    def adopt(self, routes: Routes) -> None:
        """Decide by other rosters from the next look on."""
        self._routes = routes

    def restore(self, state: Overlay) -> Iterator[None]:
        """Count what everybody has to do."""
        return restore(state)

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """Take note of how tickets stand."""
        output = Output()
        settles_at = (state.get(PROGRESS, ONLY) or Progress()).settles_at
        for record in batch.records:
            if record.headers and is_erasure(record):
                self._forgetter.take(record, state, output)
                continue
            told = decode_standing(record.value or b"")
            told = replace(told, agent=told.agent[:_AGENT_CHARS])
            key = ticket_key(told.tenant, told.ticket_id)
            routing = self._routes.get(told.tenant)
            after = heard(state.get(TICKETS, key), told, record.timestamp, routing.roster if routing else None)
            if after is not None:
                keep(key, after, state)
            if record.timestamp - told.at > STALE_MS:
                settles_at = max(settles_at, record.timestamp + SETTLE_MS)
        is_behind = bool(batch.records) and now - batch.records[-1].timestamp > BEHIND_MS
        progress = Progress(settles_at, is_behind)
        if progress != state.get(PROGRESS, ONLY):
            state.put(PROGRESS, ONLY, progress)
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Give what waits to whoever can take it, tell what has changed, and let go of what is long over."""
        output = Output()
        self._forgetter.tick(state, output)
        progress = state.get(PROGRESS, ONLY) or Progress()
        if now < progress.settles_at or (progress.is_behind and not idle):
            return output
        self._look(now, state, output)
        self._expire(now, state)
        for key, _ in list(islice(state.rows(UNTOLD), TOLD_A_TICK)):
            self._tell(key, now, state, output)
        return output

    # -- who gets what

    def _look(self, now: int, state: Overlay, output: Output) -> None:
        """At the tenants of whom something has changed, and at each now and then."""
        looking = {tenant for tenant in self._routes if _is_due(tenant, now, state)}
        if not looking:
            return
        waiting, busy = (_by_tenant(table, looking, state) for table in (WAITING, BUSY))
        for tenant in looking:
            waits, works = waiting[tenant], dict[bytes, Known]()
            for key, known in busy[tenant].items():
                after = rested(known, self._routes[tenant], now)
                keep(key, after, state)
                if after.phase != "rests":
                    (waits if after.phase == "waits" else works)[key] = after
            state.put(FIGURES, tenant.encode(), self._give(tenant, waits, works, now, state))
            if state.get(CHANGED, tenant.encode()):
                state.delete(CHANGED, tenant.encode())
        figures = {key.decode(): row for key, row in state.rows(FIGURES)}
        _stand({tenant: figures[tenant] for tenant in self._routes}, output)

    def _give(
        self, tenant: str, waits: dict[bytes, Known], works: dict[bytes, Known], now: int, state: Overlay
    ) -> Figures:
        routing = self._routes[tenant]
        roster, patience = routing.roster, routing.rule.wait_within
        loads = loads_of(tenant, (agent.name for agent in roster.agents), state)
        given = give(waits, works, routing, here_at(roster, now), loads, now)
        for key, after in given.changed.items():
            keep(key, after, state)
        left = [after for after in given.changed.values() if after.phase == "waits"]
        queues = Counter(roster.queue_of(known.category, known.channel) for known in left)
        return Figures(now, queues, sum(now - known.since > patience for known in left), given.unassignable)

    # -- what is told of it

    def _tell(self, key: bytes, now: int, state: Overlay, output: Output) -> None:
        known = state.get(TICKETS, key)
        if known is None or not known.is_untold:
            return
        tenant, _, ticket_id = key.decode().partition("/")
        shown, revision = known.shown, known.revision + 1
        queue = _queue_of(known, self._routes.get(tenant))
        record = Assignment(
            assignment_id=assignment_id(tenant, ticket_id, known.session, revision),
            revision=revision,
            tenant=tenant,
            ticket_id=ticket_id,
            session=known.session,
            state=shown.state or "waiting",
            reason=known.why,
            queue=queue,
            agent=shown.agent,
            previous=known.told.agent if known.told.agent != shown.agent else "",
            **{name: getattr(known, name) for name in _FACTS},
            since=_time(known.since),
            at=_time(now),
            tried=known.tried,
        )
        output.send(topics.ASSIGNMENTS, key, encode_assignment(record))
        answer = Assigned(known.session, revision, record.state, record.agent, queue)
        output.send(topics.SCORED, key, encode(answer), [(ANSWER_HEADER, b"1")])
        output.count("assignments", record.state, record.reason)
        keep(key, replace(known, revision=revision, told=shown), state)

    # -- what is over

    def _expire(self, now: int, state: Overlay) -> None:
        for key, known in state.sweep(TICKETS, SWEEP_ROWS):
            routing = self._routes.get(tenant_of(key))
            quiet = now - known.heard_at
            if known.phase != "over" and quiet > (routing.rule.forget_after if routing else _FORGET_MS):
                keep(key, replace(known, phase="over", why="expired", heard_at=now), state)
            elif known.phase == "over" and not known.is_untold and quiet > KEPT_MS:
                drop(key, state)


_FACTS: Final = ("channel", "category", "language", "priority", "is_escalated")
_FORGET_MS: Final = 7 * 86_400_000


def _is_due(tenant: str, now: int, state: Overlay) -> bool:
    looked = state.get(FIGURES, tenant.encode())
    return looked is None or now - looked.at >= LOOK_MS or state.get(CHANGED, tenant.encode()) is not None


def _by_tenant(table: Table[bool], tenants: Iterable[str], state: Overlay) -> dict[str, dict[bytes, Known]]:
    """The tickets of a derived table, of these tenants."""
    found: dict[str, dict[bytes, Known]] = {tenant: {} for tenant in tenants}
    for key, _ in state.rows(table):
        tenant = tenant_of(key)
        if tenant in found and (known := state.get(TICKETS, key)) is not None:
            found[tenant][key] = known
    return found


def _stand(figures: dict[str, Figures], output: Output) -> None:
    by_tenant: dict[str, Counter[tuple[str, ...]]] = {
        "tickets_waiting": Counter(),
        "tickets_wait_long": Counter(),
        "tickets_unassignable": Counter(),
    }
    for tenant, each in figures.items():
        for queue, number in each.waiting.items():
            by_tenant["tickets_waiting"][tenant, queue] = number
        by_tenant["tickets_wait_long"][(tenant,)] = each.overdue
        by_tenant["tickets_unassignable"][(tenant,)] = each.unassignable
    for name, counts in by_tenant.items():
        output.stand(name, counts)


def _queue_of(known: Known, routing: Routing | None) -> str:
    return routing.roster.queue_of(known.category, known.channel) if routing else ""


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)

"""What is kept of each ticket that is routed, and what follows from it: who has how much to do, and who waits."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from schemas.assignments import Reason, State
from schemas.events import Channel, Priority, tenant_of
from streams.engine.state import Overlay, Table

# waits: for somebody who takes it. busy: somebody has it, and it counts for him. rests: somebody has it, and has
# nothing to do with it now. over: see schemas/assignments.py.
Phase = Literal["waits", "busy", "rests", "over"]


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What was published of a ticket last."""

    state: State | Literal[""] = ""
    agent: str = ""


class Known(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A ticket as it stands here. Times are Unix milliseconds, 0 for never.

    `agent` has it, or had it last; `is_ours` tells whether the roster names him. `by_hand` says that he has it because
    the source says so. `agent_at` is the newest time at which the source named somebody. `heard_at` is the append of
    the newest news.
    """

    session: str
    phase: Phase = "waits"
    why: Reason = "no room"
    since: int
    channel: Channel = "web"
    category: str = "general"
    language: str = ""
    priority: Priority = "medium"
    is_escalated: bool = False
    agent: str = ""
    is_ours: bool = False
    by_hand: bool = False
    agent_at: int = 0
    assigned_at: int = 0
    answered_at: int = 0
    tried: tuple[str, ...] = ()
    revision: int = 0
    told: Told = Told()
    heard_at: int = 0

    @property
    def shown(self) -> Told:
        """What is to be published of it."""
        if self.phase == "waits":
            return Told("waiting")
        if self.phase == "over":
            return Told("over", self.agent)
        return Told("assigned" if self.is_ours else "handled", self.agent)

    @property
    def is_untold(self) -> bool:
        """Whether that is news. What is over before anything was said of it is none."""
        shown = self.shown
        return shown != self.told and not (shown.state == "over" and not self.told.state)


TICKETS = Table(b"t", Known)
# Derived: tickets that wait and that somebody is busy with, those of which news is to be published, what each agent has
# to do, by "tenant/agent", and tenants of whom something has changed.
WAITING = Table(b"W", bool, derived=True)
BUSY = Table(b"B", bool, derived=True)
UNTOLD = Table(b"U", bool, derived=True)
LOADS = Table(b"L", int, derived=True)
CHANGED = Table(b"C", bool, derived=True)

_OF_PHASE: Final = {"waits": WAITING, "busy": BUSY}


def keep(key: bytes, after: Known, state: Overlay) -> None:
    """Keep a ticket, and with it all that follows from it."""
    before = state.get(TICKETS, key)
    if before == after:
        return
    state.put(TICKETS, key, after)
    _turn(key, before, after, state)


def drop(key: bytes, state: Overlay) -> None:
    """Forget a ticket."""
    before = state.get(TICKETS, key)
    if before is not None:
        state.delete(TICKETS, key)
        _turn(key, before, None, state)


def restore(state: Overlay) -> Iterator[None]:
    """Find out anew what follows from the tickets, one ticket with each step."""
    for key, known in state.rows(TICKETS):
        yield
        _turn(key, None, known, state)


def loads_of(tenant: str, names: Iterator[str], state: Overlay) -> Counter[str]:
    """How many tickets each agent has to do."""
    return Counter({name: state.get(LOADS, _agent_key(tenant, name)) or 0 for name in names})


def _turn(key: bytes, before: Known | None, after: Known | None, state: Overlay) -> None:
    was, now = (each.phase if each else "" for each in (before, after))
    tenant = tenant_of(key)
    for known, by in ((before, -1), (after, 1)):
        if known is not None and known.phase == "busy" and known.is_ours:
            place = _agent_key(tenant, known.agent)
            state.put(LOADS, place, (state.get(LOADS, place) or 0) + by)
    if was != now:
        if was in _OF_PHASE:
            state.delete(_OF_PHASE[was], key)
        if now in _OF_PHASE:
            state.put(_OF_PHASE[now], key, True)
    if after is not None and after.is_untold:
        state.put(UNTOLD, key, True)
    elif state.get(UNTOLD, key):
        state.delete(UNTOLD, key)
    if before is None or after is None or _weighs(before) != _weighs(after):
        state.put(CHANGED, tenant.encode(), True)


def _weighs(known: Known) -> tuple[object, ...]:
    """What of a ticket a decision depends on."""
    return known.phase, known.since, known.agent, known.category, known.language, known.priority, known.is_escalated


def _agent_key(tenant: str, name: str) -> bytes:
    return f"{tenant}/{name}".encode()

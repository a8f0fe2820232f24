"""When the clock alone may change something for a ticket: which to look at, by the time at which it is due.

There are two sets, for decisions and for notices, so that what is told never changes when is decided.

Derived from the conversations, so a new owner of the partition has the same timers. A ticket has one timer, the
earliest that it was given: whoever looks at it decides by what is known then, and sets the next. So a conversation of
any length costs one.
"""

import struct
from typing import Any, Final, NamedTuple

import msgspec

from streams.engine.state import Overlay, Table

# Timers are due at the end of their five seconds: some thousand rows for a day, whatever the number of tickets.
STEP_MS: Final = 5_000


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """A ticket that is due, and those that are due with it."""

    key: bytes
    next: "Waiting | None"


class Timers(NamedTuple):
    """A set of timers. `pending` tells when each ticket is due: one that was due later before stands in `due` still
    and is passed over. Before `first` nobody is.
    """

    due: Table[Waiting]
    pending: Table[int]
    first: Table[int]


def _timers(tags: str) -> Timers:
    due, pending, first = (tag.encode() for tag in tags)
    return Timers(Table(due, Waiting, derived=True), Table(pending, int, derived=True), Table(first, int, derived=True))


# When the clock may make a rule hold, and when somebody is to be told that a ticket waits.
DECISIONS: Final = _timers("TPF")
NOTICES: Final = _timers("NQR")
ONLY = b""
_NEVER: Final = 2**63

_time = struct.Struct(">Q")


def set_timer(key: bytes, due: int, state: Overlay, timers: Timers = DECISIONS) -> None:
    """Look at a ticket when `due` (Unix milliseconds) has come, or before."""
    step = -(-due // STEP_MS) * STEP_MS
    pending = state.get(timers.pending, key)
    if pending is not None and pending <= step:
        return
    state.put(timers.pending, key, step)
    row = _time.pack(step)
    state.put(timers.due, row, Waiting(key, state.get(timers.due, row)))
    if step < first_due(state, timers):
        state.put(timers.first, ONLY, step)


def first_due(state: Overlay, timers: Timers = DECISIONS) -> int:
    """No ticket is due before."""
    first = state.get(timers.first, ONLY)
    return _NEVER if first is None else first


def take_due(now: int, limit: int, state: Overlay, timers: Timers = DECISIONS) -> list[bytes]:
    """At most `limit` tickets that are due now; they are due no more."""
    if now < first_due(state, timers):
        return []
    taken: list[bytes] = []
    times = sorted(row for row, _ in state.rows(timers.due))
    left = _NEVER
    for row in times:
        (due,) = _time.unpack(row)
        if due > now or len(taken) >= limit:
            left = due
            break
        waiting = state.get(timers.due, row)
        while waiting is not None and len(taken) < limit:
            if state.get(timers.pending, waiting.key) == due:
                state.delete(timers.pending, waiting.key)
                taken.append(waiting.key)
            waiting = waiting.next
        if waiting is None:
            state.delete(timers.due, row)
        else:
            state.put(timers.due, row, waiting)
            left = due
            break
    state.put(timers.first, ONLY, left)
    return taken


def clear_timers(state: Overlay, timers: Timers = DECISIONS) -> None:
    """Forget all of them."""
    tables: tuple[Table[Any], ...] = (timers.due, timers.pending)
    for table in tables:
        for row in [row for row, _ in state.rows(table)]:
            state.delete(table, row)
    state.put(timers.first, ONLY, _NEVER)

"""When the clock alone may make a rule hold: which tickets to look at, by the time at which it is due.

Derived from the conversations, so a new owner of the partition has the same timers. A ticket has one timer, the
earliest that it was given: whoever looks at it decides by what is known then, and sets the next. So a conversation of
any length costs one.
"""

import struct
from typing import Any, Final

import msgspec

from streams.engine.state import Overlay, Table

# Timers are due at the end of their five seconds: some thousand rows for a day, whatever the number of tickets.
STEP_MS: Final = 5_000


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """A ticket that is due, and those that are due with it."""

    key: bytes
    next: "Waiting | None"


DUE = Table(b"T", Waiting, derived=True)
# When each ticket is due. One that was due later before stands there still and is passed over.
PENDING = Table(b"P", int, derived=True)
FIRST = Table(b"F", int, derived=True)
ONLY = b""
_NEVER: Final = 2**63

_time = struct.Struct(">Q")


def set_timer(key: bytes, due: int, state: Overlay) -> None:
    """Look at a ticket when `due` (Unix milliseconds) has come, or before."""
    step = -(-due // STEP_MS) * STEP_MS
    pending = state.get(PENDING, key)
    if pending is not None and pending <= step:
        return
    state.put(PENDING, key, step)
    row = _time.pack(step)
    state.put(DUE, row, Waiting(key, state.get(DUE, row)))
    if step < first_due(state):
        state.put(FIRST, ONLY, step)


def first_due(state: Overlay) -> int:
    """No ticket is due before."""
    first = state.get(FIRST, ONLY)
    return _NEVER if first is None else first


def take_due(now: int, limit: int, state: Overlay) -> list[bytes]:
    """At most `limit` tickets that are due now; they are due no more."""
    if now < first_due(state):
        return []
    taken: list[bytes] = []
    times = sorted(row for row, _ in state.rows(DUE))
    left = _NEVER
    for row in times:
        (due,) = _time.unpack(row)
        if due > now or len(taken) >= limit:
            left = due
            break
        waiting = state.get(DUE, row)
        while waiting is not None and len(taken) < limit:
            if state.get(PENDING, waiting.key) == due:
                state.delete(PENDING, waiting.key)
                taken.append(waiting.key)
            waiting = waiting.next
        if waiting is None:
            state.delete(DUE, row)
        else:
            state.put(DUE, row, waiting)
            left = due
            break
    state.put(FIRST, ONLY, left)
    return taken


def clear_timers(state: Overlay) -> None:
    """Forget all of them."""
    tables: tuple[Table[Any], ...] = (DUE, PENDING)
    for table in tables:
        for row in [row for row, _ in state.rows(table)]:
            state.delete(table, row)
    state.put(FIRST, ONLY, _NEVER)

"""This partition's totals of the open windows, and what `trends` is told of them."""

from collections.abc import Iterator, Mapping

import msgspec

from schemas import windows as schema
from schemas.windows import Totals, Watermark, WindowKey, WindowPartial
from streams import topics
from streams.engine.stage import Output
from streams.engine.state import Overlay, Table
from streams.values import NONE_YET, Own, admit, group_of, other_of
from streams.windows import WindowRules, is_expired


class OpenWindow(msgspec.Struct, frozen=True, array_like=True):
    """This partition's running total of a window, and whether `trends` has been told of it. One that is `moved` has
    lost its place: its value counts as another.
    """

    totals: Totals
    sent: bool
    moved: bool = False


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """Unix milliseconds: the highest event time, and the last append, of the records applied so far."""

    watermark: int
    appended: int


WINDOWS = Table(b"w", OpenWindow)
PROGRESS = Table(b"p", Progress)
# Derived: the values that have windows of their own; the windows that trends must be told of, and the watermark that it
# was told last.
OWN = Table(b"o", Own, derived=True)
CHANGED = Table(b"d", bool, derived=True)
TOLD = Table(b"t", int, derived=True)
ONLY = b""


def restore(rules: WindowRules, state: Overlay) -> Iterator[None]:
    """Find the windows whose last change was not yet told, and the values that have windows of their own, one window
    with each step.
    """
    for key, window in state.rows(WINDOWS):
        yield
        if not window.sent:
            state.put(CHANGED, key, True)
        cell = schema.decode_key(key)
        group = group_of(cell)
        if group is not None and not window.moved:
            own, _ = admit(state.get(OWN, group) or NONE_YET, cell.value, rules.values)
            state.put(OWN, group, own)


def progress_of(state: Overlay) -> Progress:
    """How far this partition is."""
    return state.get(PROGRESS, ONLY) or Progress(0, 0)


def add(windows: Mapping[WindowKey, Totals], rules: WindowRules, state: Overlay, output: Output) -> None:
    """Add totals to the running ones."""
    for window, totals in windows.items():
        group = group_of(window)
        if group is None or _has_place(window, group, rules, state, output):
            _add(window, totals, state)
        else:
            _count_others(window, totals, rules, output)
            _add(other_of(window), totals, state)


def _has_place(window: WindowKey, group: bytes, rules: WindowRules, state: Overlay, output: Output) -> bool:
    before = state.get(WINDOWS, window.encode())
    if before is not None:
        return not before.moved
    own, loser = admit(state.get(OWN, group) or NONE_YET, window.value, rules.values)
    if loser == window.value:
        return False
    state.put(OWN, group, own)
    if loser is not None:
        _move(msgspec.structs.replace(window, value=loser), rules, state, output)
    return True


def _move(window: WindowKey, rules: WindowRules, state: Overlay, output: Output) -> None:
    """Count what a value has so far as another, because it has lost its place."""
    key = window.encode()
    before = state.get(WINDOWS, key)
    if before is not None:
        _count_others(window, before.totals, rules, output)
        _add(other_of(window), before.totals, state)
        state.put(WINDOWS, key, OpenWindow(Totals(), sent=False, moved=True))
        state.put(CHANGED, key, True)


def _count_others(window: WindowKey, totals: Totals, rules: WindowRules, output: Output) -> None:
    if window.size == rules.sizes[0]:
        output.count("others", window.dimension, by=totals.events)


def _add(window: WindowKey, totals: Totals, state: Overlay) -> None:
    key = window.encode()
    before = state.get(WINDOWS, key)
    state.put(WINDOWS, key, OpenWindow(before.totals + totals if before else totals, sent=False))
    state.put(CHANGED, key, True)


def tell(now: int, idle: bool, rules: WindowRules, state: Overlay, output: Output) -> None:
    """Tell `trends` the changed totals, then the watermark: it never arrives before what it covers."""
    for key, _ in state.rows(CHANGED):
        _tell_window(key, state, output)
    _tell_watermark(now, idle, rules, state, output)


def expire(now: int, rows: int, rules: WindowRules, state: Overlay) -> None:
    """Drop windows that no event can count in any more, looking at so many rows."""
    for key, window in state.sweep(WINDOWS, rows):
        cell = schema.decode_key(key)
        if window.sent and is_expired(cell.end, now, rules):
            state.delete(WINDOWS, key)
            group = group_of(cell)
            if group is not None:
                state.delete(OWN, group)


def _tell_window(key: bytes, state: Overlay, output: Output) -> None:
    state.delete(CHANGED, key)
    window = state.get(WINDOWS, key)
    if window is not None and not window.sent:
        cell = schema.decode_key(key)
        partial = WindowPartial(state.partition, cell, window.totals)
        output.send(topics.PARTIALS, schema.home(cell.tenant, cell.size), schema.encode(partial))
        state.put(WINDOWS, key, msgspec.structs.replace(window, sent=True))


def _tell_watermark(now: int, idle: bool, rules: WindowRules, state: Overlay, output: Output) -> None:
    progress = progress_of(state)
    watermark = progress.watermark
    pause = rules.idle_after * 1000
    if idle and now - progress.appended > pause:
        # In steps of the pause, so that a partition without events does not write every second.
        watermark = max(watermark, (now - pause) // pause * pause)
    if watermark > (state.get(TOLD, ONLY) or 0):
        state.put(TOLD, ONLY, watermark)
        message = Watermark(state.partition, state.partitions, watermark)
        output.broadcast(topics.PARTIALS, b"watermark", schema.encode(message))

"""trends: the partitions' totals of each window merged into one aggregate, which becomes final when every watermark
has passed it; and alerts on series of windows that do what chance does not explain.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial, reduce
from operator import add

import msgspec

from schemas import windows as schema
from schemas.windows import Totals, Unseen, Watermark, WindowKey, WindowPartial
from streams import topics
from streams.drift import HOURLY, DriftRules
from streams.drift.alerting import DriftWatch, add_unseen
from streams.drift.alerting import note as note_hours
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay, Table
from streams.privacy.forgetting import Forgetter, is_erasure
from streams.privacy.keys import NO_KEYS, Keys
from streams.spikes import SpikeRules
from streams.spikes.alerting import FIRING, SAMPLES, Watcher, firing, note, remember, sweep_samples
from streams.spikes.forgetting import forget_in_alert, forget_samples
from streams.values import NONE_YET, OTHER, Own, admit, group_of, other_of
from streams.windows import WindowRules, is_expired

SWEEP_ROWS = 250
# Windows are kept longer than `track` keeps them: a total that arrives late must find the others.
KEPT_LONGER_MS = 86_400_000
# What gauges show; other dimensions are told on the topic only.
SHOWN_DIMENSIONS = ("overall", "channel")
# A window is shown until the one after the next is overdue by this much: its watermark may come late, too.
OVERDUE_SECONDS = 60


class Values(msgspec.Struct, frozen=True):
    """Of one dimension at one time: the values that have windows of their own, and those that count as others."""

    own: Own = NONE_YET
    others: tuple[str, ...] = ()


class MergedWindow(msgspec.Struct, frozen=True, array_like=True):
    """The last total of each source partition. `published` says that the newest revision has been sent."""

    sources: dict[int, Totals]
    revision: int = 0
    published: bool = False
    final: bool = False


WINDOWS = Table(b"w", MergedWindow)
WATERMARKS = Table(b"m", Watermark)
# Derived: which values have windows of their own; the windows to publish, and those that are not final.
VALUES = Table(b"v", Values, derived=True)
CHANGED = Table(b"d", bool, derived=True)
OPEN = Table(b"o", int, derived=True)


class TrendsStage:
    """Reads `tickets.window-partials.v1`, keyed by tenant and size, with the watermarks of every `track` partition.

    `spikes` are the rules by which series are watched; without them the usual ones for the windows that are watched.
    Drift is watched where windows have the size that its rules name.
    """

    name = "trends"
    input = topics.PARTIALS
    outputs: Sequence[str] = (topics.WINDOWS, topics.ALERTS, topics.NOTICES, topics.ERASURES, topics.DEAD_LETTERS)
    # Nothing is published before the tick, which takes what has come by then.
    patience = 0.5

    def __init__(
        self,
        rules: WindowRules,
        spikes: SpikeRules | None = None,
        drift: DriftRules | None = HOURLY,
        keys: Keys = NO_KEYS,
    ) -> None:
        self._forgetter = Forgetter(self.name, keys, ((SAMPLES, forget_samples), (FIRING, forget_in_alert)))
        self._rules = rules
        self._drift = drift if drift is not None and drift.size in rules.sizes else None
        self._spikes = spikes or (SpikeRules(size=rules.watched) if rules.watched else None)

    def restore(self, state: Overlay) -> Iterator[None]:
        """Find the windows that are not published or not final, and the values that have windows of their own."""
        for key, window in state.rows(WINDOWS):
            yield
            _note_value(schema.decode_key(key), self._rules, state)
            if not window.published:
                state.put(CHANGED, key, True)
            if not window.final:
                state.put(OPEN, key, schema.decode_key(key).end)

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """Take over totals, watermarks and samples. A total that is already known changes nothing."""
        output = Output()
        for record in batch.records:
            if record.headers and is_erasure(record):
                self._forgetter.take(record, state, output)
                continue
            message = schema.decode_partial(record.value or b"")
            if isinstance(message, Watermark):
                _advance(message, state)
            elif isinstance(message, WindowPartial):
                _merge(message, self._rules, state)
                if self._spikes is not None:
                    note(message.key, self._spikes, state, output)
                if self._drift is not None:
                    note_hours(message.key, self._drift, state, output)
            elif isinstance(message, Unseen):
                if self._drift is not None:
                    add_unseen(message, state)
            elif self._spikes is not None:
                remember(message, self._spikes, state)
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Publish what changed since the last tick, and what has become final."""
        output = Output()
        passed = self._passed(state)
        due = {key for key, end in state.rows(OPEN) if (end + self._rules.allowed_lateness) * 1000 <= passed}
        due.update(key for key, _ in state.rows(CHANGED))
        for key in sorted(due):
            self._publish(key, passed, state, output)
        if self._drift is not None:
            # Before spikes, so that how many alerts fire is told of both.
            watch = DriftWatch(self._drift, partial(_totals, state), state, output)
            watch.close_due(passed // 1000 - self._rules.allowed_lateness, now)
            output.stand("alerts_firing", firing(state))
        if self._spikes is not None:
            self._watch(due, passed, now, Watcher(self._spikes, partial(_totals, state), state, output))
            sweep_samples(passed // 1000, self._spikes, state)
        # A partition that nobody has had for days may still have totals to tell: its watermark says so.
        settled = min(now, passed) - KEPT_LONGER_MS
        for key in state.sweep_keys(WINDOWS, SWEEP_ROWS):
            if is_expired(schema.decode_key(key).end, settled, self._rules):
                self._forget(key, state)
        self._forgetter.tick(state, output)
        return output

    def _watch(self, changed: Iterable[bytes], passed: int, now: int, watcher: Watcher) -> None:
        watcher.close_due(passed // 1000 - self._rules.allowed_lateness, now)
        for key in changed:
            watcher.look(schema.decode_key(key), now)

    def _passed(self, state: Overlay) -> int:
        """The time that every source partition has passed; 0 until each has told its watermark."""
        marks = [mark for _, mark in state.rows(WATERMARKS)]
        complete = marks and len(marks) == marks[0].sources
        return min(mark.time for mark in marks) if complete else 0

    def _publish(self, key: bytes, passed: int, state: Overlay, output: Output) -> None:
        window = state.get(WINDOWS, key)
        state.delete(CHANGED, key)
        if window is None:
            state.delete(OPEN, key)
            return
        cell = schema.decode_key(key)
        final = window.final or (cell.end + self._rules.allowed_lateness) * 1000 <= passed
        if final:
            state.delete(OPEN, key)
        totals = _totals_of(cell, window, state)
        if totals is None and not window.revision:
            # Of a value that others have taken the place of, before anybody was told of it.
            state.put(WINDOWS, key, MergedWindow(window.sources, published=True, final=final))
            return
        totals = totals or Totals()
        revision = window.revision + 1
        told = schema.aggregate(cell, totals, revision, final=final)
        output.send(topics.WINDOWS, key, schema.encode(told))
        if final and cell.dimension in SHOWN_DIMENSIONS:
            output.show(told, _shown_until(cell, self._rules))
        state.put(WINDOWS, key, MergedWindow(window.sources, revision, published=True, final=final))

    def _forget(self, key: bytes, state: Overlay) -> None:
        group = group_of(schema.decode_key(key))
        if group is not None:
            state.delete(VALUES, group)
        state.delete(WINDOWS, key)
        state.delete(OPEN, key)
        state.delete(CHANGED, key)


def _shown_until(cell: WindowKey, rules: WindowRules) -> int:
    return (cell.end + 2 * cell.size + rules.allowed_lateness + rules.idle_after + OVERDUE_SECONDS) * 1000


def _totals(state: Overlay, key: WindowKey) -> Totals | None:
    window = state.get(WINDOWS, key.encode())
    return _sum(window) if window is not None else None


def _sum(window: MergedWindow) -> Totals:
    return reduce(add, window.sources.values()) if window.sources else Totals()


def _advance(watermark: Watermark, state: Overlay) -> None:
    key = b"%d" % watermark.source
    before = state.get(WATERMARKS, key)
    if before is None or before.time < watermark.time:
        state.put(WATERMARKS, key, watermark)


def _merge(told: WindowPartial, rules: WindowRules, state: Overlay) -> None:
    key = told.key.encode()
    before = state.get(WINDOWS, key)
    if before is not None and before.sources.get(told.source) == told.totals:
        return
    if before is None:
        window = MergedWindow({told.source: told.totals})
    else:
        window = MergedWindow({**before.sources, told.source: told.totals}, before.revision, final=before.final)
    _publish_later(told.key, key, window, state)
    loser = _note_value(told.key, rules, state) if before is None else None
    if loser is not None:
        _to_publish(msgspec.structs.replace(told.key, value=loser), state)
    if loser is not None or _counts_as_other(told.key, state):
        _to_publish(other_of(told.key), state)


def _note_value(cell: WindowKey, rules: WindowRules, state: Overlay) -> str | None:
    """Give a value a place among those that have windows of their own; returns the one that counts as another now."""
    group = group_of(cell)
    if group is None or cell.value == OTHER:
        return None
    values = state.get(VALUES, group) or Values()
    own, loser = admit(values.own, cell.value, rules.values)
    state.put(VALUES, group, Values(own, values.others if loser is None else (*values.others, loser)))
    return loser


def _to_publish(cell: WindowKey, state: Overlay) -> None:
    key = cell.encode()
    window = state.get(WINDOWS, key) or MergedWindow({})
    _publish_later(cell, key, msgspec.structs.replace(window, published=False), state)


def _publish_later(cell: WindowKey, key: bytes, window: MergedWindow, state: Overlay) -> None:
    state.put(WINDOWS, key, window)
    state.put(CHANGED, key, True)
    if not window.final:
        state.put(OPEN, key, cell.end)


def _values_of(cell: WindowKey, state: Overlay) -> Values | None:
    """Which values a window's dimension has at its time; None for one that has few anyway."""
    group = group_of(cell)
    return state.get(VALUES, group) if group is not None else None


def _counts_as_other(cell: WindowKey, state: Overlay) -> bool:
    values = _values_of(cell, state)
    return values is not None and cell.value in values.others


def _totals_of(cell: WindowKey, window: MergedWindow, state: Overlay) -> Totals | None:
    """A window's totals over all sources; None where its value counts as another."""
    values = _values_of(cell, state)
    if values is None:
        return _sum(window)
    if cell.value != OTHER:
        return _sum(window) if values.own.has(cell.value) else None
    moved = (msgspec.structs.replace(cell, value=value) for value in values.others)
    rows = (state.get(WINDOWS, key.encode()) for key in moved)
    return reduce(add, (_sum(row) for row in rows if row is not None), _sum(window))

"""track: scored events into conversations; duplicates out; escalations decided; this partition's window totals kept."""

from collections.abc import Sequence

import msgspec

from schemas import windows as schema
from schemas.scored import ScoredEvent, decode_scored
from schemas.windows import Totals, Watermark, WindowPartial
from streams import topics
from streams.conversations import Conversation, Memory, current, fingerprint, fold, is_forgotten
from streams.engine.log import Record
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay, Table
from streams.escalation import decide
from streams.windows import Tally, WindowRules, event_time, is_expired

# Rows looked at for expiry in one tick: bounds its cost, and goes round a million rows in about an hour.
SWEEP_ROWS = 250


class OpenWindow(msgspec.Struct, frozen=True, array_like=True):
    """This partition's running total of a window, and whether `trends` has been told of it."""

    totals: Totals
    sent: bool


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """Unix milliseconds: the highest event time, and the last append, of the records applied so far."""

    watermark: int
    appended: int


CONVERSATIONS = Table(b"c", Conversation)
WINDOWS = Table(b"w", OpenWindow)
PROGRESS = Table(b"p", Progress)
# Derived: the windows that trends must be told of, and the watermark that it was told last.
CHANGED = Table(b"d", bool, derived=True)
TOLD = Table(b"t", int, derived=True)
ONLY = b""


class TrackStage:
    """Reads `tickets.scored.v1`, keyed by ticket."""

    name = "track"
    input = topics.SCORED
    outputs: Sequence[str] = (topics.ESCALATIONS, topics.PARTIALS, topics.DEAD_LETTERS)
    patience = 0.01

    def __init__(self, memory: Memory, rules: WindowRules) -> None:
        self._memory = memory
        self._rules = rules

    def restore(self, state: Overlay) -> None:
        """Find the windows whose last change was not yet told."""
        for key, window in state.rows(WINDOWS):
            if not window.sent:
                state.put(CHANGED, key, True)

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """Fold events in order; an event id that its conversation has seen changes nothing."""
        output = Output()
        tally = Tally(self._rules)
        progress = state.get(PROGRESS, ONLY) or Progress(0, 0)
        for record in batch.records:
            at = self._track(record, state, tally, output)
            progress = Progress(max(progress.watermark, at), max(progress.appended, record.timestamp))
        state.put(PROGRESS, ONLY, progress)
        for window, totals in tally.windows().items():
            key = window.encode()
            before = state.get(WINDOWS, key)
            state.put(WINDOWS, key, OpenWindow(before.totals + totals if before else totals, sent=False))
            state.put(CHANGED, key, True)
        return output

    def _track(self, record: Record, state: Overlay, tally: Tally, output: Output) -> int:
        """Apply one record; returns its event time."""
        event = decode_scored(record.value or b"")
        key = record.key or b""
        at, too_late, cut = event_time(round(event.occurred_at.timestamp() * 1000), record.timestamp, self._rules)
        conversation = current(state.get(CONVERSATIONS, key), at, self._memory)
        if conversation is not None and fingerprint(event.event_id) in conversation.seen:
            output.count("duplicates")
            return at
        escalated = self._fold(event, conversation, at, key, state, output)
        if cut:
            output.count("future")
        if too_late:
            output.count("late")
        else:
            tally.add(event, at, escalated=escalated)
        return at

    def _fold(
        self, event: ScoredEvent, before: Conversation | None, at: int, key: bytes, state: Overlay, output: Output
    ) -> bool:
        conversation = fold(before, event, at, self._memory)
        escalation = decide(conversation, event)
        if escalation is not None:
            output.send(topics.ESCALATIONS, key, schema.encode(escalation))
            output.count("escalations", escalation.channel, escalation.rule)
            conversation = msgspec.structs.replace(conversation, escalated=True, priority=escalation.priority)
        state.put(CONVERSATIONS, key, conversation)
        return escalation is not None

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Tell `trends` the changed totals, then the watermark: it never arrives before what it covers."""
        output = Output()
        for key, _ in state.rows(CHANGED):
            self._tell(key, state, output)
        self._tell_watermark(now, idle, state, output)
        self._expire(now, state)
        return output

    def _tell(self, key: bytes, state: Overlay, output: Output) -> None:
        state.delete(CHANGED, key)
        window = state.get(WINDOWS, key)
        if window is not None and not window.sent:
            partial = WindowPartial(state.partition, schema.decode_key(key), window.totals)
            output.send(topics.PARTIALS, key, schema.encode(partial))
            state.put(WINDOWS, key, msgspec.structs.replace(window, sent=True))

    def _tell_watermark(self, now: int, idle: bool, state: Overlay, output: Output) -> None:
        progress = state.get(PROGRESS, ONLY) or Progress(0, 0)
        watermark = progress.watermark
        pause = self._rules.idle_after * 1000
        if idle and now - progress.appended > pause:
            # In steps of the pause, so that a partition without events does not write every second.
            watermark = max(watermark, (now - pause) // pause * pause)
        if watermark > (state.get(TOLD, ONLY) or 0):
            state.put(TOLD, ONLY, watermark)
            message = Watermark(state.partition, state.partitions, watermark)
            output.broadcast(topics.PARTIALS, b"watermark", schema.encode(message))

    def _expire(self, now: int, state: Overlay) -> None:
        for key, window in state.sweep(WINDOWS, SWEEP_ROWS):
            if window.sent and is_expired(schema.decode_key(key).end, now, self._rules):
                state.delete(WINDOWS, key)
        progress = state.get(PROGRESS, ONLY)
        for key, conversation in state.sweep(CONVERSATIONS, SWEEP_ROWS):
            if progress is not None and is_forgotten(conversation, progress.watermark, self._memory):
                state.delete(CONVERSATIONS, key)

"""Records and settings that the unit tests of the stages share."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.events import ticket_key
from streams.engine.log import Outgoing
from streams.engine.offline import restore_at_once
from streams.engine.stage import Batch, Output, Stage
from streams.engine.state import Overlay, Row, State, Table
from streams.escalation.book import preset_book
from streams.score import Preset, ScoreStage
from streams.scoring import Explainer
from streams.scoring.readings import Reader
from streams.windows import WindowRules

# 2026-11-21T09:00:00Z: the start of a minute, of five minutes and of an hour.
NINE = 1_795_251_600_000
RULES = WindowRules()
EVENT_IDS = 100

FURIOUS = "This is the worst, most terrible, horrible, awful, disgusting service. I hate it."
CALM = "Where do I find my invoice?"


class Appended(NamedTuple):
    """A record as a log gives it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def event(**fields: Any) -> dict[str, Any]:
    """A message event at nine o'clock, with fields replaced."""
    return {
        "event_id": "e1",
        "ticket_id": "t1",
        "type": "message",
        "channel": "email",
        "text": CALM,
        "occurred_at": NINE,
        **fields,
    }


def raw(offset: int = 0, appended: int = NINE, **fields: Any) -> Appended:
    """The record of an event on the events topic."""
    return Appended(offset, appended, b"any", json.dumps(event(**fields)).encode())


def rekeyed(value: bytes, appended: int = NINE, offset: int = 0) -> Appended:
    """A scored event's bytes as a record of the scored topic."""
    fields = json.loads(value)
    return Appended(offset, appended, ticket_key(fields["tenant"], fields["ticket_id"]), value)


class Partition:
    """One partition's stage with its state and changelog, driven batch by batch as the engine does it."""

    def __init__(self, stage: Stage, partition: int = 0, partitions: int = 1) -> None:
        self._stage = stage
        self._state = State(partition, partitions)
        self._changelog: dict[bytes, bytes] = {}
        # Rows and bytes that were written to the changelog.
        self.logged = self.logged_bytes = 0

    def process(self, *records: Appended, tick: int | None = None) -> list[Outgoing]:
        """Process one batch, with a tick at a time perhaps, and commit it.

        What was counted is in `counts`, windows for the gauges are in `shown`, what there is after it in `standing`.
        """
        overlay = Overlay(self._state)
        return self._commit(self._run(records, overlay, tick), overlay)

    def lose(self, *records: Appended, tick: int | None = None) -> None:
        """Do the same, crash before the commit, and take over."""
        self._run(records, Overlay(self._state), tick)
        self.take_over()

    def tick(self, now: int, *, idle: bool = False) -> list[Outgoing]:
        """One tick, committed."""
        overlay = Overlay(self._state)
        return self._commit(self._stage.tick(now, idle, overlay), overlay)

    def take_over(self) -> None:
        """Forget everything but the changelog, as a new owner does."""
        self._state = State(self._state.partition, self._state.partitions, self._changelog)
        restore_at_once(self._stage, self._state)

    def row(self, table: Table[Row], key: bytes) -> Row | None:
        """A committed row."""
        return Overlay(self._state).get(table, key)

    def rows(self) -> list[bytes]:
        """The keys of every row that a new owner would read, with their tables' tags."""
        return sorted(self._changelog)

    def view(self) -> Overlay:
        """The committed rows."""
        return Overlay(self._state)

    def keys(self, table: Table[Any]) -> list[bytes]:
        """The keys of a table's committed rows."""
        return [key for key, _ in Overlay(self._state).rows(table)]

    def _run(self, records: Sequence[Appended], overlay: Overlay, tick: int | None) -> Output:
        batch = Batch(self._stage.input, self._state.partition, records)
        output = self._stage.process(batch, overlay, NINE)
        if tick is not None:
            output.extend(self._stage.tick(tick, False, overlay))
        return output

    def _commit(self, output: Output, overlay: Overlay) -> list[Outgoing]:
        for key, row in overlay.logged().items():
            self.logged += 1
            self.logged_bytes += len(key) + len(row or b"")
            if row is None:
                self._changelog.pop(key, None)
            else:
                self._changelog[key] = row
        self._state.merge(overlay)
        self.counts, self.shown, self.standing = output.counts, output.shown, output.standing
        return output.records


def score_stage(scorer: Explainer, reader: Reader) -> ScoreStage:
    """The score stage with one way to score and read for everyone."""
    return ScoreStage(preset_book("support"), lambda _: Preset(scorer, reader))

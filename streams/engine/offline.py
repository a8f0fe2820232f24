"""One partition of a stage without a log: batches and ticks are committed at once. For back-tests and simulations."""

from collections.abc import Sequence
from typing import NamedTuple

from streams.engine.attempt import attempt
from streams.engine.log import Headers, Record
from streams.engine.stage import Batch, Output, Stage
from streams.engine.state import Overlay, State


class Given(NamedTuple):
    """A record as a log would give it; `timestamp` is its append, in Unix milliseconds."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def restore_at_once(stage: Stage, state: State) -> None:
    """Rebuild what a stage derives from recovered rows, where nobody else waits for the processor."""
    derived = Overlay(state)
    for _ in stage.restore(derived):
        pass
    state.merge(derived)


class OfflinePartition:
    """Does with a stage what a partition task does, its dead letters included, but keeps nothing that outlives it."""

    def __init__(self, stage: Stage, dead_letters: str, partition: int = 0, partitions: int = 1) -> None:
        self._stage = stage
        self._dead_letters = dead_letters
        self._state = State(partition, partitions)
        restore_at_once(stage, self._state)

    def process(self, records: Sequence[Record], now: int) -> Output:
        """Process one batch. A record that fails becomes a dead letter among the output."""
        overlay = Overlay(self._state)
        batch = Batch(self._stage.input, self._state.partition, records)
        output = attempt(self._stage, batch, overlay, now, self._dead_letters)
        self._state.merge(overlay)
        return output

    def tick(self, now: int, *, idle: bool = False) -> Output:
        """One tick of the clock."""
        overlay = Overlay(self._state)
        output = self._stage.tick(now, idle, overlay)
        self._state.merge(overlay)
        return output

    def view(self) -> Overlay:
        """The rows as they are now, to read."""
        return Overlay(self._state)

    def __len__(self) -> int:
        return len(self._state)

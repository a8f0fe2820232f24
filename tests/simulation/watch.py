"""What the engine reports and logs while it is simulated."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from streams.engine.log import Fenced
from streams.engine.stage import Output
from tests.simulation.faulty_log import Injected

_EXPECTED = (Injected, TimeoutError, Fenced)


class Watched:
    """Keeps `streams.engine.partition.Watch` for all workers of a stage."""

    def __init__(self) -> None:
        self.take_overs = 0
        self.applied_transactions = 0
        self.duplicates = 0
        self.expired_offsets = 0

    def took_over(self, partition: int, cause: str, rows: int) -> None:
        self.take_overs += 1

    def expired(self, partition: int, offsets: int) -> None:
        self.expired_offsets += offsets

    def applied(
        self, partition: int, records: int, output: Output, stage_seconds: float, commit_seconds: float
    ) -> None:
        self.applied_transactions += 1
        self.duplicates += output.counts["duplicates",]

    def ticked(self, partition: int, state_rows: int, lag: int, newest: int | None, output: Output) -> None:
        """Nothing that must add up."""

    def given_up(self, partition: int) -> None:
        """Nothing that must add up."""


class _Unexpected(logging.Handler):
    def __init__(self, errors: list[str]) -> None:
        super().__init__()
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and (not isinstance(error, _EXPECTED) or "tick failed" in record.msg):
            self._errors.append(f"{record.getMessage()}: {error!r}")


@contextmanager
def unexpected(errors: list[str]) -> Iterator[None]:
    """Collects what the engine logs of failures that no schedule asked for; the rest is not shown."""
    engine = logging.getLogger("streams.engine")
    handler, propagate, level = _Unexpected(errors), engine.propagate, engine.level
    engine.addHandler(handler)
    engine.propagate = False
    engine.setLevel(logging.WARNING)
    try:
        yield
    finally:
        engine.removeHandler(handler)
        engine.propagate, engine.level = propagate, level
        engine.setLevel(level)

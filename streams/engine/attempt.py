"""Run a stage on a batch so that one bad record costs only itself.

The whole batch is tried first. When the stage raises, or makes a record or a row that no log takes, each record is
tried alone on a nested overlay; one that fails becomes a dead letter with the untouched bytes and the reason.
"""

import traceback
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path

from schemas.deadletters import attempts_so_far, error_headers, own_headers
from schemas.rejections import Reason, Rejected
from streams.engine.log import Record
from streams.engine.stage import Batch, Output, Stage
from streams.engine.state import Overlay

# Kafka takes a record batch of up to `message.max.bytes`; a record alone must stay below it with its headers.
MAX_RECORD_BYTES = 2_000_000
_KEY, _VALUE = itemgetter(1), itemgetter(2)


def attempt(stage: Stage, batch: Batch, state: Overlay, now: int, dead_letters: str) -> Output:
    """The stage's output for a batch. Changes go to `state`; records that fail go to the topic `dead_letters`."""
    trial = state.nested()
    try:
        output = stage.process(batch, trial, now)
        _check_sizes(output, trial)
    except Exception:
        return _one_by_one(stage, batch, state, now, dead_letters)
    state.absorb(trial)
    return output


def _one_by_one(stage: Stage, batch: Batch, state: Overlay, now: int, dead_letters: str) -> Output:
    whole = Output()
    for record in batch.records:
        trial = state.nested()
        try:
            output = stage.process(batch._replace(records=[record]), trial, now)
            _check_sizes(output, trial)
        except Exception as error:
            if isinstance(error, TooLarge):
                rejected = Rejected(Reason.TOO_LARGE, "record", str(error))
            else:
                rejected = Rejected(Reason.FAILED, "record", _place_of(error))
            bury(whole, stage.name, batch, _buried(stage, record), rejected, dead_letters)
            continue
        state.absorb(trial)
        whole.extend(output)
    return whole


def _buried(stage: Stage, record: Record) -> Record:
    """The record as it may be kept: a stage that knows what must not be says so by `buried`."""
    buried = getattr(stage, "buried", None)
    return record if buried is None else buried(record)


def bury(output: Output, stage: str, batch: Batch, record: Record, rejected: Rejected, dead_letters: str) -> None:
    """Send a record to the dead letters, untouched, with the reason."""
    headers = error_headers(
        stage, batch.topic, batch.partition, record.offset, rejected, attempts_so_far(record.headers) + 1
    )
    output.send(dead_letters, record.key, record.value, (*own_headers(record.headers), *headers))
    output.count("dead_letters", rejected.reason)


def _place_of(error: Exception) -> str:
    """Its kind, and where it was raised. What it says may be a customer's words, which no reason repeats."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}, in {last.name}"


class TooLarge(Exception):
    """A stage made a record or a row that is larger than a log takes."""


def _check_sizes(output: Output, trial: Overlay) -> None:
    rows = trial.logged()
    # Nothing in a batch is too large when all of it together is not, which is quickly said.
    if (
        _bytes(map(_KEY, output.records)) + _bytes(map(_VALUE, output.records)) + _bytes(rows.values())
        <= MAX_RECORD_BYTES
    ):
        return
    for topic, key, value, headers, _ in output.records:
        size = len(key or b"") + len(value or b"")
        # A dead letter is as large as its record, which was read from a log that takes it.
        if size > MAX_RECORD_BYTES and not headers:
            raise TooLarge(f"makes a record of {size:,} bytes for {topic}; at most {MAX_RECORD_BYTES:,} fit")
    for key, row in rows.items():
        if row is not None and len(row) > MAX_RECORD_BYTES:
            raise TooLarge(f"makes a state row of {len(row):,} bytes for {key!r}; at most {MAX_RECORD_BYTES:,} fit")


def _bytes(values: Iterable[bytes | None]) -> int:
    return sum(map(len, filter(None, values)))

"""One bad record costs only itself."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.deadletters import read_dead_letter
from schemas.rejections import Reason
from streams.engine.attempt import MAX_RECORD_BYTES, attempt
from streams.engine.local.storage import LocalRecord
from streams.engine.log import Record
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay, State, Table

DEAD, OUT = "dead", "out"
FAILED_AT = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = Table(b"r", bytes)
INDEX = Table(b"i", bytes, derived=True)

Step = Callable[[Record, Overlay, Output], None]


class EachRecord:
    """A stage that does one step for each record, and remembers how large its batches were."""

    name, input = "each", "in"
    outputs: Sequence[str] = (OUT,)
    patience = 0.0

    def __init__(self, step: Step) -> None:
        self._step = step
        self.batches: list[int] = []

    def restore(self, state: Overlay) -> Iterator[None]:
        """Nothing."""
        return iter(())

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        """One step after the other; what is sent before a failure must not get out."""
        self.batches.append(len(batch.records))
        output = Output()
        for record in batch.records:
            self._step(record, state, output)
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        """Nothing."""
        return Output()


def copy(record: Record, state: Overlay, output: Output) -> None:
    """Store it, send it, and fail on a value that says so, after the changes."""
    state.put(ROWS, record.key or b"", record.value or b"")
    output.send(OUT, record.key, record.value)
    output.count("copied")
    if record.value == b"bad":
        raise ValueError("this one is bad")


def batch_of(*values: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> Batch:
    records = [LocalRecord(100 + n, 1_000, b"%d" % n, value, headers) for n, value in enumerate(values)]
    return Batch("in", 4, records)


@pytest.fixture
def overlay() -> Overlay:
    return Overlay(State(4, 8))


def sent(output: Output, topic: str) -> list[bytes | None]:
    return [outgoing.value for outgoing in output.records if outgoing.topic == topic]


def test_a_good_batch_is_processed_in_one_go(overlay: Overlay) -> None:
    stage = EachRecord(copy)
    output = attempt(stage, batch_of(b"a", b"b", b"c"), overlay, 0, DEAD)
    assert stage.batches == [3]
    assert sent(output, OUT) == [b"a", b"b", b"c"]
    assert sent(output, DEAD) == []
    assert dict(overlay.rows(ROWS)) == {b"0": b"a", b"1": b"b", b"2": b"c"}


def test_a_bad_record_is_a_dead_letter_and_its_neighbours_are_processed(overlay: Overlay) -> None:
    output = attempt(EachRecord(copy), batch_of(b"a", b"bad", b"c"), overlay, 0, DEAD)
    assert sent(output, OUT) == [b"a", b"c"]
    assert dict(overlay.rows(ROWS)) == {b"0": b"a", b"2": b"c"}
    assert output.counts == {("copied",): 2, ("dead_letters", Reason.FAILED): 1}


def test_a_dead_letter_says_where_and_why_and_keeps_the_bytes(overlay: Overlay) -> None:
    output = attempt(EachRecord(copy), batch_of(b"a", b"bad", headers=(("own", b"\xff"),)), overlay, 0, DEAD)
    (dead,) = [outgoing for outgoing in output.records if outgoing.topic == DEAD]
    letter = read_dead_letter(dead.key, dead.value, dead.headers, FAILED_AT)
    assert (letter.stage, letter.topic, letter.partition, letter.offset) == ("each", "in", 4, 101)
    assert (letter.key, letter.value, letter.headers) == (b"1", b"bad", (("own", b"\xff"),))
    assert (letter.reason, letter.attempts) == (Reason.FAILED, 1)
    # Where it was raised, and not what it says: that may be a customer's words.
    assert re.fullmatch(r"record: ValueError at test_attempt\.py:\d+, in copy", letter.message)


def test_a_record_that_fails_again_counts_its_attempts(overlay: Overlay) -> None:
    first = attempt(EachRecord(copy), batch_of(b"bad"), overlay, 0, DEAD).records[0]
    again = batch_of(first.value, headers=first.headers)
    second = attempt(EachRecord(copy), again, overlay, 0, DEAD).records[0]
    letter = read_dead_letter(second.key, second.value, second.headers, FAILED_AT)
    assert letter.attempts == 2
    assert len(second.headers) == len(first.headers)


@pytest.mark.parametrize("said", [None, b"9" * 5_000, b"soon"])
def test_nonsense_about_attempts_does_not_keep_a_bad_record_from_being_buried(said: Any, overlay: Overlay) -> None:
    dead = attempt(EachRecord(copy), batch_of(b"bad", headers=(("ticketpulse.attempts", said),)), overlay, 0, DEAD)
    assert sent(dead, DEAD) == [b"bad"]
    assert read_dead_letter(b"", b"", dead.records[0].headers, FAILED_AT).attempts == 1


def test_a_batch_of_only_bad_records_changes_nothing(overlay: Overlay) -> None:
    output = attempt(EachRecord(copy), batch_of(b"bad", b"bad"), overlay, 0, DEAD)
    assert sent(output, DEAD) == [b"bad", b"bad"]
    assert overlay.logged() == {}


def test_a_row_too_large_for_the_log_buries_its_record(overlay: Overlay) -> None:
    def store(record: Record, state: Overlay, output: Output) -> None:
        state.put(ROWS, record.key or b"", b"x" * MAX_RECORD_BYTES if record.value == b"large" else b"x")

    output = attempt(EachRecord(store), batch_of(b"small", b"large", b"small"), overlay, 0, DEAD)
    (dead,) = output.records
    letter = read_dead_letter(dead.key, dead.value, dead.headers, FAILED_AT)
    assert (letter.reason, letter.value) == (Reason.TOO_LARGE, b"large")
    assert "state row" in letter.message
    assert set(overlay.logged()) == {b"r0", b"r2"}


def test_an_output_too_large_for_the_log_buries_its_record(overlay: Overlay) -> None:
    def send(record: Record, state: Overlay, output: Output) -> None:
        output.send(OUT, record.key, b"x" * (MAX_RECORD_BYTES if record.value == b"large" else 1))

    output = attempt(EachRecord(send), batch_of(b"large", b"small"), overlay, 0, DEAD)
    assert sent(output, OUT) == [b"x"]
    (letter,) = [
        read_dead_letter(dead.key, dead.value, dead.headers, FAILED_AT) for dead in output.records if dead.headers
    ]
    assert (letter.reason, letter.value) == (Reason.TOO_LARGE, b"large")


def test_a_derived_row_of_any_size_is_fine(overlay: Overlay) -> None:
    def index(record: Record, state: Overlay, output: Output) -> None:
        state.put(INDEX, b"all", b"x" * MAX_RECORD_BYTES * 2)

    output = attempt(EachRecord(index), batch_of(b"a"), overlay, 0, DEAD)
    assert output.records == []


def test_one_by_one_each_record_sees_the_ones_before(overlay: Overlay) -> None:
    def total(record: Record, state: Overlay, output: Output) -> None:
        before = state.get(ROWS, b"total") or b""
        state.put(ROWS, b"total", before + (record.value or b""))
        if record.value == b"bad":
            raise RuntimeError("after the change")

    attempt(EachRecord(total), batch_of(b"a", b"b", b"bad", b"c"), overlay, 0, DEAD)
    assert overlay.get(ROWS, b"total") == b"abc"


def test_changes_made_before_the_attempt_stay(overlay: Overlay) -> None:
    overlay.put(ROWS, b"before", b"1")
    attempt(EachRecord(copy), batch_of(b"bad"), overlay, 0, DEAD)
    assert dict(overlay.rows(ROWS)) == {b"before": b"1"}

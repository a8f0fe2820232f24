"""The local log beyond the log contract: groups, the gateway's writer, retention, a second run, and a model of all."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streams.engine.local import LocalLog, LocalSource, LocalWriter, MemoryStorage, SqliteStorage
from streams.engine.local.storage import Entry, Owner, Slot, Storage
from streams.engine.log import Fenced, Outgoing, Position, Refused, Transaction
from streams.engine.partitioner import partition_of
from streams.gateway.writer import NotAcknowledged

PARTITIONS = 2


class Clock:
    """Unix milliseconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    storage = MemoryStorage() if request.param == "memory" else SqliteStorage(tmp_path / "log.sqlite")
    yield storage
    storage.close()


@pytest.fixture
def log(storage: Storage, clock: Clock) -> LocalLog:
    log = LocalLog(storage, clock)
    log.create("a", PARTITIONS)
    log.create("b", PARTITIONS)
    return log


def values(log: LocalLog, topic: str, partition: int = 0) -> list[bytes | None]:
    return [record.value for record in log.read(Slot(topic, partition), 0, 1_000, 1 << 20)]


def entries(*texts: bytes) -> list[Entry]:
    return [Entry(b"key", text) for text in texts]


async def test_a_group_reads_everything_and_goes_on_where_it_committed(log: LocalLog) -> None:
    log.append("a", entries(b"1", b"2"), partition=0)
    log.append("b", entries(b"3"), partition=1)
    source = LocalSource(log, "sink", ["a", "b"])
    await source.start()
    assert await source.lag() == {"a": 2, "b": 1}
    polled = await source.poll(10, 0.0)
    assert [(one.topic, one.partition, one.offset, one.value) for one in polled] == [
        ("a", 0, 0, b"1"),
        ("a", 0, 1, b"2"),
        ("b", 1, 0, b"3"),
    ]
    await source.commit()
    log.append("a", entries(b"4"), partition=0)
    assert [one.value for one in await source.poll(10, 0.0)] == [b"4"]
    await source.stop()
    again = LocalSource(log, "sink", ["a", "b"])
    await again.start()
    assert [one.value for one in await again.poll(10, 0.0)] == [b"4"]
    assert await again.lag() == {"a": 0, "b": 0}
    await again.stop()


async def test_groups_do_not_share_positions(log: LocalLog) -> None:
    log.append("a", entries(b"1"), partition=0)
    for group in ("one", "other"):
        source = LocalSource(log, group, ["a"])
        await source.start()
        assert len(await source.poll(10, 0.0)) == 1
        await source.commit()
        await source.stop()


async def test_a_poll_is_bounded_and_serves_every_partition(log: LocalLog) -> None:
    log.append("a", entries(*[b"0"] * 10), partition=0)
    log.append("a", entries(*[b"1"] * 10), partition=1)
    source = LocalSource(log, "sink", ["a"])
    await source.start()
    assert [one.value for one in await source.poll(5, 0.0)] == [b"0"] * 5
    assert [one.value for one in await source.poll(5, 0.0)] == [b"1"] * 5
    await source.stop()


async def test_a_poll_that_waits_is_woken_by_an_append(log: LocalLog) -> None:
    source = LocalSource(log, "sink", ["a"])
    await source.start()
    assert await source.poll(5, 0.0) == []
    waiting = asyncio.create_task(source.poll(5, 60.0))
    await asyncio.sleep(0)
    log.append("a", entries(b"1"), partition=1)
    assert [one.value for one in await waiting] == [b"1"]
    await source.stop()


async def test_what_is_written_at_once_is_kept_in_order(log: LocalLog) -> None:
    writer = LocalWriter(log, "a")
    await writer.start()
    await asyncio.gather(*(writer.send(b"key", b"%d" % number, [("n", b"1")]) for number in range(50)))
    partition = partition_of(b"key", None, PARTITIONS)
    assert values(log, "a", partition) == [b"%d" % number for number in range(50)]
    assert tuple(log.read(Slot("a", partition), 0, 1, 1)[0].headers) == (("n", b"1"),)
    assert await writer.ready()
    await writer.stop()


async def test_a_writer_tells_when_an_event_was_not_kept(log: LocalLog) -> None:
    writer = LocalWriter(log, "not made")
    with pytest.raises(NotAcknowledged, match="not made"):
        await writer.send(b"key", b"value")


async def test_a_writer_that_stops_keeps_what_was_sent(log: LocalLog) -> None:
    writer = LocalWriter(log, "a")
    sending = asyncio.create_task(writer.send(b"key", b"value"))
    await asyncio.sleep(0)
    await writer.stop()
    await sending
    assert values(log, "a", partition_of(b"key", None, PARTITIONS)) == [b"value"]


def test_an_append_has_the_time_of_the_clock(log: LocalLog, clock: Clock) -> None:
    log.append("a", entries(b"1"), partition=0)
    clock.now = 5_000
    log.append("a", entries(b"2"), partition=0)
    assert [record.timestamp for record in log.read(Slot("a", 0), 0, 10, 1 << 20)] == [1_000, 5_000]


def test_old_records_are_removed_and_offsets_stay(log: LocalLog, clock: Clock) -> None:
    log.create("a", PARTITIONS, retention=10_000)
    log.append("a", entries(b"old", b"old"), partition=0)
    log.append("b", entries(b"for ever"), partition=0)
    clock.now = 9_000
    log.append("a", entries(b"new"), partition=0)
    assert log.expire() == 0
    clock.now = 11_001
    assert log.expire() == 2
    assert log.expire() == 0
    assert [(record.offset, record.value) for record in log.read(Slot("a", 0), 0, 10, 1 << 20)] == [(2, b"new")]
    assert log.bounds(Slot("a", 0)) == (2, 3)
    clock.now = 100_000
    assert log.expire() == 1
    assert log.bounds(Slot("a", 0)) == (3, 3)
    log.append("a", entries(b"next"), partition=0)
    assert [record.offset for record in log.read(Slot("a", 0), 0, 10, 1 << 20)] == [3]
    assert values(log, "b") == [b"for ever"]


def test_a_topic_keeps_its_number_of_partitions(log: LocalLog) -> None:
    log.create("a", PARTITIONS)
    with pytest.raises(Refused, match="2 partitions and cannot have 3"):
        log.create("a", 3)


def test_a_read_is_bounded_by_bytes_but_gives_at_least_one(log: LocalLog) -> None:
    log.append("a", entries(*[b"x" * 100] * 5), partition=0)
    assert len(log.read(Slot("a", 0), 0, 10, max_bytes=250)) == 3
    assert len(log.read(Slot("a", 0), 4, 10, max_bytes=1)) == 1


def test_a_second_run_finds_everything(tmp_path: Path, clock: Clock) -> None:
    owner = Owner("stage", 0)
    first = LocalLog(SqliteStorage(tmp_path / "log.sqlite"), clock)
    first.create("a", PARTITIONS, retention=10_000)
    epoch, _ = first.begin(owner)
    position = Position(3, 2, 1, 900)
    first.commit(owner, epoch, Transaction([Outgoing("a", b"key", b"1", (("h", b"2"),))], {b"row": b"3"}, position))
    first.commit_group("sink", {Slot("a", 0): 1})
    first.close()
    second = LocalLog(SqliteStorage(tmp_path / "log.sqlite"), clock)
    assert second.partitions("a") == PARTITIONS
    assert second.begin(owner) == (epoch + 1, ({b"row": b"3"}, position))
    assert second.group_positions("sink") == {Slot("a", 0): 1}
    (record,) = second.read(Slot("a", partition_of(b"key", None, PARTITIONS)), 0, 10, 1 << 20)
    assert record == (0, 1_000, b"key", b"1", (("h", b"2"),))
    second.close()


def test_a_transaction_that_fails_leaves_nothing(log: LocalLog) -> None:
    owner = Owner("stage", 0)
    epoch, _ = log.begin(owner)
    outputs = [Outgoing("a", b"key", b"1", everywhere=True), Outgoing("unknown", b"key", b"2")]
    with pytest.raises(KeyError, match="unknown"):
        log.commit(owner, epoch, Transaction(outputs, {b"row": b"1"}, Position(1, 1)))
    assert log.begin(owner)[1] == ({}, None)
    assert values(log, "a", 0) == values(log, "a", 1) == []


class Model(RuleBasedStateMachine):
    """A log against lists and dicts, whatever the order of appends, owners, commits, expiry and restarts."""

    def __init__(self, reopen: Callable[[], Storage]) -> None:
        super().__init__()
        self.reopen = reopen
        self.clock = Clock()
        self.log = LocalLog(reopen(), self.clock)
        self.log.create("a", PARTITIONS, retention=100)
        self.records: list[list[tuple[int, int, bytes]]] = [[] for _ in range(PARTITIONS)]
        self.ends = [0] * PARTITIONS
        self.epoch = 0
        self.rows: dict[bytes, bytes] = {}
        self.position: Position | None = None

    def _append(self, partition: int, value: bytes) -> None:
        self.records[partition].append((self.ends[partition], self.clock.now, value))
        self.ends[partition] += 1

    @rule(partition=st.integers(0, PARTITIONS - 1), batch=st.lists(st.binary(max_size=3), min_size=1, max_size=5))
    def append(self, partition: int, batch: list[bytes]) -> None:
        """A producer outside."""
        self.log.append("a", [Entry(None, value) for value in batch], partition)
        for value in batch:
            self._append(partition, value)

    @rule()
    def take_over(self) -> None:
        """The next owner finds the committed state."""
        epoch, recovered = self.log.begin(Owner("stage", 0))
        assert epoch == self.epoch + 1
        self.epoch = epoch
        assert recovered == (self.rows, self.position)

    @rule(
        late=st.integers(0, 2),
        key=st.sampled_from([b"", b"x", b"y"]),
        row=st.none() | st.binary(max_size=3),
        tick=st.booleans(),
    )
    def commit(self, late: int, key: bytes, row: bytes | None, tick: bool) -> None:
        """By the owner, or by one of `late` owners ago, who must be refused."""
        epoch = self.epoch - late
        position = None if tick else Position((self.position.next if self.position else 0) + 1, 1)
        transaction = Transaction([Outgoing("a", key, row, everywhere=True)], {key: row}, position)
        if late or not self.epoch:
            with pytest.raises(Fenced):
                self.log.commit(Owner("stage", 0), epoch, transaction)
            return
        if row is None:
            return
        self.log.commit(Owner("stage", 0), epoch, transaction)
        self.rows[key] = row
        self.position = position or self.position
        for partition in range(PARTITIONS):
            self._append(partition, row)

    @rule(key=st.sampled_from([b"", b"x", b"y"]))
    def delete(self, key: bytes) -> None:
        """The owner deletes a row."""
        if self.epoch:
            self.log.commit(Owner("stage", 0), self.epoch, Transaction((), {key: None}, None))
            self.rows.pop(key, None)

    @rule(milliseconds=st.integers(0, 80))
    def pass_time(self, milliseconds: int) -> None:
        """Time passes, and what is too old goes."""
        self.clock.now += milliseconds
        self.log.expire()
        for records in self.records:
            records[:] = [record for record in records if record[1] >= self.clock.now - 100]

    @rule()
    def restart(self) -> None:
        """The process ends and another begins."""
        self.log.close()
        self.log = LocalLog(self.reopen(), self.clock)

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        """Every partition reads like its list."""
        for partition, records in enumerate(self.records):
            found = self.log.read(Slot("a", partition), 0, 10_000, 1 << 30)
            assert [(record.offset, record.timestamp, record.value) for record in found] == records
            assert self.log.bounds(Slot("a", partition)).end == self.ends[partition]

    def teardown(self) -> None:
        """Let go of the file."""
        self.log.close()


class InMemory(Model):
    """The model on the storage in memory, which outlives the log on it."""

    def __init__(self) -> None:
        storage = MemoryStorage()
        super().__init__(lambda: storage)


class InFile(Model):
    """The model on a file, opened anew at each restart."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        super().__init__(lambda: SqliteStorage(Path(self.folder.name) / "log.sqlite"))

    def teardown(self) -> None:
        """Remove the file."""
        super().teardown()
        self.folder.cleanup()


TestInMemory = InMemory.TestCase
TestInMemory.settings = settings(max_examples=20, stateful_step_count=30)
TestInFile = InFile.TestCase
TestInFile.settings = settings(max_examples=10, stateful_step_count=25)

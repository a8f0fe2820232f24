"""What every log must do, whichever log it is: the suite behind streams/engine/log.py.

A log joins by a subclass of `LogContract` with a `world` fixture. A world has the topics SOURCE and OUTPUT with
`PARTITIONS` partitions each, and the stages whose partitions the owners take over.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import pytest

from streams.engine.attempt import MAX_RECORD_BYTES
from streams.engine.log import (
    CHUNK_RECORDS,
    Chunk,
    Delivery,
    Fenced,
    Outgoing,
    PartitionLog,
    Position,
    Record,
    Recovered,
    Transaction,
)
from streams.engine.partitioner import partition_of

SOURCE, OUTPUT = "source", "output"
PARTITIONS = 3


class Plain(NamedTuple):
    """A record without its place and time, to compare."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Receiver:
    """Keeps `Delivery`: takes chunks while there is room, and can be waited for."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.room = 1_000_000
        self._arrived = asyncio.Event()

    def wants(self) -> bool:
        """While there is room."""
        return len(self.chunks) < self.room

    def deliver(self, chunk: Chunk) -> None:
        """Keep it."""
        self.chunks.append(chunk)
        self._arrived.set()

    @property
    def records(self) -> list[Record]:
        """Everything that arrived, in order of arrival."""
        return [record for chunk in self.chunks for record in chunk.records]

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until what has arrived is enough."""
        while not done():
            self._arrived.clear()
            await self._arrived.wait()

    async def receive(self, count: int) -> list[Plain]:
        """Wait for that many records."""
        await self.until(lambda: len(self.records) >= count)
        return [plain(record) for record in self.records]


class World(ABC):
    """A log under test, empty at first. Topics are called by their names here, whatever they are called inside."""

    def __init__(self) -> None:
        self.receivers = {partition: Receiver() for partition in range(PARTITIONS)}

    def wanting(self) -> list[int]:
        """The partitions whose receivers have room."""
        return [partition for partition, receiver in self.receivers.items() if receiver.wants()]

    def delivery(self, partition: int) -> Delivery | None:
        """Where chunks go."""
        return self.receivers[partition]

    @abstractmethod
    def owner(self, partition: int, stage: str = "stage") -> PartitionLog:
        """Another owner, as of another process: it has taken nothing over yet. All of them share one reader."""

    @abstractmethod
    def topic(self, name: str) -> str:
        """What a topic is called inside."""

    @abstractmethod
    async def append(self, partition: int, records: Sequence[Plain]) -> None:
        """Append to a partition of SOURCE as a producer outside does."""

    @abstractmethod
    async def read(self, name: str, partition: int) -> list[Plain]:
        """Everything in a partition that a reader of committed records sees."""

    @abstractmethod
    async def expire(self, partition: int, before: int) -> None:
        """Remove the records of SOURCE below an offset, as retention does."""

    async def begin(self, partition: int = 0) -> PartitionLog:
        """An owner that has taken over and reads from the earliest record."""
        owner = self.owner(partition)
        await owner.take_over()
        await owner.seek(-1, token=1)
        owner.wake()
        return owner

    async def recovered(self, partition: int = 0) -> Recovered:
        """What the next owner finds."""
        owner = self.owner(partition)
        try:
            return await owner.take_over()
        finally:
            await owner.release()

    def outgoing(self, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> Outgoing:
        """A record for OUTPUT."""
        return Outgoing(self.topic(OUTPUT), key, value, headers)

    async def output(self) -> list[Plain]:
        """All of OUTPUT, partition after partition."""
        return [record for partition in range(PARTITIONS) for record in await self.read(OUTPUT, partition)]


def plain(record: Record) -> Plain:
    """A record without its place and time."""
    return Plain(record.key, record.value, tuple((name, raw) for name, raw in record.headers))


def numbered(count: int, first: int = 0) -> list[Plain]:
    """Records that tell their order."""
    return [Plain(b"key-%d" % (number % 7), b"%d" % number) for number in range(first, first + count)]


def assert_chained(chunks: Sequence[Chunk]) -> None:
    """Each chunk begins where the one before ended, and holds only what lies between."""
    for before, after in pairwise(chunks):
        assert after.start == before.next
    for chunk in chunks:
        assert len(chunk.records) <= CHUNK_RECORDS
        offsets = [record.offset for record in chunk.records]
        assert offsets == sorted(set(offsets))
        assert all(chunk.start <= offset < chunk.next <= chunk.end for offset in offsets)


class LogContract:
    """The suite. Each test begins with an empty world."""

    # -- delivery

    async def test_nothing_is_delivered_before_a_seek(self, world: World) -> None:
        await world.append(0, numbered(10))
        silent = world.owner(0)
        await silent.take_over()
        await world.append(1, numbered(10))
        sought = await world.begin(1)
        await world.receivers[1].receive(10)
        assert world.receivers[0].chunks == []
        await silent.release()
        await sought.release()

    async def test_records_arrive_in_order_in_chunks_that_chain(self, world: World) -> None:
        records = numbered(2 * CHUNK_RECORDS + 500)
        await world.append(0, records)
        owner = await world.begin()
        receiver = world.receivers[0]
        assert await receiver.receive(len(records)) == records
        assert receiver.chunks[0].start == 0
        assert_chained(receiver.chunks)
        assert {chunk.token for chunk in receiver.chunks} == {1}
        await owner.release()

    async def test_chunks_chain_over_the_traces_of_transactions(self, world: World) -> None:
        writer = world.owner(0, "upstream")
        await writer.take_over()
        key = next(key for key in (b"%d" % n for n in range(100)) if partition_of(key, None, PARTITIONS) == 0)
        owner = await world.begin()
        for number in range(12):
            outputs = [Outgoing(world.topic(SOURCE), key, b"%d-%d" % (number, n)) for n in range(number % 3 + 1)]
            await writer.commit(Transaction(outputs, {b"row": b"%d" % number}, None))
        receiver = world.receivers[0]
        arrived = [record.value for record in await receiver.receive(24)]
        assert arrived == [b"%d-%d" % (number, n) for number in range(12) for n in range(number % 3 + 1)]
        await receiver.until(lambda: receiver.chunks[-1].next == receiver.chunks[-1].end)
        assert_chained(receiver.chunks)
        assert await owner.delivered() == receiver.chunks[-1].next == await owner.end()
        await writer.release()
        await owner.release()

    async def test_a_receiver_without_room_gets_nothing_until_it_wants_again(self, world: World) -> None:
        receiver = world.receivers[0]
        receiver.room = 0
        await world.append(0, numbered(10))
        full = await world.begin(0)
        await world.append(1, numbered(10))
        other = await world.begin(1)
        await world.receivers[1].receive(10)
        assert receiver.chunks == []
        receiver.room = 1_000_000
        full.wake()
        assert await receiver.receive(10) == numbered(10)
        await full.release()
        await other.release()

    async def test_what_is_appended_later_arrives_too(self, world: World) -> None:
        owner = await world.begin()
        for first in (0, 5, 10):
            await world.append(0, numbered(5, first))
            assert await world.receivers[0].receive(first + 5) == numbered(first + 5)
        assert_chained(world.receivers[0].chunks)
        await owner.release()

    async def test_keys_values_and_headers_arrive_untouched(self, world: World) -> None:
        records = [
            Plain(None, b"no key"),
            Plain(b"tombstone", None),
            Plain(None, None),
            Plain(b"", b""),
            Plain(b"\x00\xff", bytes(range(256)), (("a", b"1"), ("a", b"\xff\x00"), ("ümlaut", b""))),
        ]
        await world.append(2, records)
        owner = await world.begin(2)
        assert await world.receivers[2].receive(len(records)) == records
        assert all(record.timestamp > 0 for record in world.receivers[2].records)
        await owner.release()

    # -- seek

    async def test_a_seek_back_delivers_again_under_its_token(self, world: World) -> None:
        await world.append(0, numbered(20))
        owner = await world.begin()
        receiver = world.receivers[0]
        await receiver.receive(20)
        assert await owner.seek(7, token=2) == 7
        owner.wake()
        await receiver.receive(20 + 13)
        again = [chunk for chunk in receiver.chunks if chunk.token == 2]
        assert [plain(record) for chunk in again for record in chunk.records] == numbered(13, 7)
        assert again[0].start == 7
        await owner.release()

    async def test_a_seek_to_the_end_delivers_what_comes_after(self, world: World) -> None:
        await world.append(0, numbered(20))
        owner = world.owner(0)
        await owner.take_over()
        assert await owner.seek(20, token=1) == 20
        assert await owner.delivered() == 20
        owner.wake()
        await world.append(0, numbered(3, 20))
        assert await world.receivers[0].receive(3) == numbered(3, 20)
        assert await owner.delivered() == 23
        await owner.release()

    async def test_a_seek_to_what_has_expired_tells_where_the_log_begins(self, world: World) -> None:
        await world.append(0, numbered(20))
        await world.expire(0, before=12)
        owner = world.owner(0)
        await owner.take_over()
        assert await owner.seek(3, token=1) == 12
        assert await owner.seek(-1, token=2) == 12
        owner.wake()
        assert await world.receivers[0].receive(8) == numbered(8, 12)
        assert world.receivers[0].chunks[0].start == 12
        await owner.release()

    # -- transactions

    async def test_the_first_owner_finds_nothing(self, world: World) -> None:
        assert await world.recovered() == Recovered({}, None)

    async def test_a_commit_shows_outputs_and_is_found_by_the_next_owner(self, world: World) -> None:
        await world.append(0, numbered(10))
        owner = await world.begin()
        await world.receivers[0].receive(10)
        last = world.receivers[0].records[8]
        position = Position(next=9, applied=9, last_offset=last.offset, last_timestamp=last.timestamp)
        outputs = [world.outgoing(b"k%d" % (n % 5), b"%d" % n, (("n", b"%d" % n),)) for n in range(50)]
        await owner.commit(Transaction(outputs, {b"a": b"1", b"b": b"\x00"}, position))
        for partition in range(PARTITIONS):
            expected = [plain_of(o) for o in outputs if partition_of(o.key, o.value, PARTITIONS) == partition]
            assert await world.read(OUTPUT, partition) == expected
        assert await world.recovered() == Recovered({b"a": b"1", b"b": b"\x00"}, position)
        await owner.release()

    async def test_rows_are_replaced_and_deleted(self, world: World) -> None:
        owner = await world.begin()
        await owner.commit(Transaction((), {b"a": b"1", b"b": b"1", b"c": b""}, Position(1, 1)))
        await owner.commit(Transaction((), {b"a": b"2", b"b": None, b"never": None}, Position(2, 2)))
        assert await world.recovered() == Recovered({b"a": b"2", b"c": b""}, Position(2, 2))
        await owner.release()

    async def test_a_tick_leaves_the_position(self, world: World) -> None:
        owner = await world.begin()
        await owner.commit(Transaction((), {}, Position(5, 5)))
        await owner.commit(Transaction((world.outgoing(b"k", b"tick"),), {b"ticked": b"1"}, None))
        assert await world.recovered() == Recovered({b"ticked": b"1"}, Position(5, 5))
        await owner.release()

    async def test_state_belongs_to_one_partition_of_one_stage(self, world: World) -> None:
        owner, other, stage = world.owner(0), world.owner(1), world.owner(0, "upstream")
        for owned, row in ((owner, b"0"), (other, b"1"), (stage, b"2")):
            await owned.take_over()
            await owned.commit(Transaction((), {b"row": row}, None))
        assert (await world.recovered(0)).rows == {b"row": b"0"}
        assert (await world.recovered(1)).rows == {b"row": b"1"}
        assert (await world.recovered(2)).rows == {}
        for owned in (owner, other, stage):
            await owned.release()

    async def test_everywhere_reaches_each_partition(self, world: World) -> None:
        owner = await world.begin()
        record = Outgoing(world.topic(OUTPUT), b"k", b"to all", everywhere=True)
        await owner.commit(Transaction((record,), {}, None))
        for partition in range(PARTITIONS):
            assert await world.read(OUTPUT, partition) == [Plain(b"k", b"to all")]
        await owner.release()

    async def test_outputs_without_key_or_value_survive(self, world: World) -> None:
        owner = await world.begin()
        outputs = [
            world.outgoing(None, b"v"),
            world.outgoing(b"k", None),
            world.outgoing(b"k", b"v", (("h", b"\xff"),)),
        ]
        await owner.commit(Transaction(outputs, {}, None))
        assert sorted(await world.output(), key=repr) == sorted(map(plain_of, outputs), key=repr)
        await owner.release()

    async def test_many_rows_fit_into_one_transaction(self, world: World) -> None:
        owner = await world.begin()
        rows = {b"key-%d" % number: b"%d" % number * 20 for number in range(30_000)}
        outputs = [world.outgoing(key, row) for key, row in rows.items()]
        await owner.commit(Transaction(outputs, rows, Position(1, 1)))
        assert (await world.recovered()).rows == rows
        assert len(await world.output()) == len(rows)
        await owner.release()

    async def test_rows_and_outputs_as_large_as_allowed_survive(self, world: World) -> None:
        owner = await world.begin()
        rows = {b"%d" % number: bytes([number]) * (MAX_RECORD_BYTES - 100) for number in range(3)}
        outputs = [world.outgoing(key, row) for key, row in rows.items()]
        await owner.commit(Transaction(outputs, rows, Position(1, 1)))
        assert (await world.recovered()).rows == rows
        assert {record.key: record.value for record in await world.output()} == rows
        await owner.release()

    # -- owners

    async def test_an_older_owner_is_fenced(self, world: World) -> None:
        older, newer = world.owner(0), world.owner(0)
        await older.take_over()
        await older.commit(Transaction((world.outgoing(b"k", b"older"),), {b"row": b"older"}, Position(1, 1)))
        assert await newer.take_over() == Recovered({b"row": b"older"}, Position(1, 1))
        with pytest.raises(Fenced):
            await older.commit(Transaction((world.outgoing(b"k", b"late"),), {b"row": b"late"}, Position(2, 2)))
        await newer.commit(Transaction((world.outgoing(b"k", b"newer"),), {b"row": b"newer"}, Position(3, 3)))
        assert [record.value for record in await world.output()] == [b"older", b"newer"]
        await older.release()
        await newer.release()
        assert await world.recovered() == Recovered({b"row": b"newer"}, Position(3, 3))

    async def test_an_owner_that_was_fenced_can_take_over_again(self, world: World) -> None:
        first, second = world.owner(0), world.owner(0)
        await first.take_over()
        await second.take_over()
        await second.commit(Transaction((), {b"row": b"second"}, Position(1, 1)))
        assert await first.take_over() == Recovered({b"row": b"second"}, Position(1, 1))
        with pytest.raises(Fenced):
            await second.commit(Transaction((), {b"row": b"late"}, Position(2, 2)))
        await first.commit(Transaction((), {b"row": b"first"}, Position(2, 2)))
        await first.release()
        await second.release()
        assert await world.recovered() == Recovered({b"row": b"first"}, Position(2, 2))

    @pytest.mark.parametrize("rounds", [0, 1, 2, 4, 8, 16, 32])
    async def test_a_commit_that_was_cut_off_happened_or_did_not(self, world: World, rounds: int) -> None:
        owner = world.owner(0)
        await owner.take_over()
        await owner.commit(Transaction((world.outgoing(b"k", b"before"),), {b"row": b"before"}, Position(1, 1)))
        rows = {b"row": b"after", **{b"%d" % number: b"after" for number in range(100)}}
        outputs = [world.outgoing(b"k%d" % number, b"after") for number in range(100)]
        commit = asyncio.ensure_future(owner.commit(Transaction(outputs, rows, Position(2, 2))))
        for _ in range(rounds):
            await asyncio.sleep(0)
        commit.cancel()
        await asyncio.wait([commit])
        # The owner is dead: nobody releases it before the next one takes over.
        recovered = await world.recovered()
        sent = sum(record.value == b"after" for record in await world.output())
        if recovered.position == Position(2, 2):
            assert (recovered.rows, sent) == (rows, 100)
        else:
            assert (recovered, sent) == (Recovered({b"row": b"before"}, Position(1, 1)), 0)
        await owner.release()

    async def test_a_partition_may_be_given_up_twice_and_taken_again(self, world: World) -> None:
        owner = world.owner(0)
        await owner.release()
        await owner.take_over()
        await owner.commit(Transaction((), {b"row": b"1"}, Position(1, 1)))
        await owner.release()
        await owner.release()
        assert await owner.take_over() == Recovered({b"row": b"1"}, Position(1, 1))
        await owner.commit(Transaction((), {b"row": b"2"}, Position(2, 2)))
        await owner.release()

    async def test_without_a_take_over_nothing_can_be_committed(self, world: World) -> None:
        owner = world.owner(0)
        transaction = Transaction((world.outgoing(b"k", b"v"),), {b"row": b"1"}, None)
        with pytest.raises(RuntimeError, match="taken over"):
            await owner.commit(transaction)
        await owner.take_over()
        await owner.release()
        with pytest.raises(RuntimeError, match="taken over"):
            await owner.commit(transaction)
        assert await world.output() == []


def plain_of(outgoing: Outgoing) -> Plain:
    """An output as a reader sees it."""
    return Plain(outgoing.key, outgoing.value, tuple(outgoing.headers))

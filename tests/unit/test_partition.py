"""The partition task over the local log in memory, with faults put between the two: nothing lost, nothing doubled."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest

from schemas.deadletters import MESSAGE
from streams import topics
from streams.engine.local import LocalLog, LocalPartitionLog, LocalReader, MemoryStorage
from streams.engine.local.storage import Entry, LocalRecord, Owner, Slot
from streams.engine.log import CHUNK_BYTES, Chunk, Fenced, Position, Recovered, Refused, Transaction
from streams.engine.partition import PartitionTask
from streams.engine.runtime import Runtime
from streams.engine.stage import Batch, Output
from streams.engine.state import Overlay, Table
from streams.engine.turns import PRECEDENCE_SECONDS, Turns
from tests.unit.virtual_time import run

IN, OUT, TOLD = "in", "out", "told"
COUNTS = Table(b"n", int)


class Busy:
    """Processor time that a stage takes for each record, added to the clock."""

    def __init__(self) -> None:
        self.ms_per_record = 0.0
        self.spent_ms = 0.0
        self.stretches: list[float] = []

    def with_records(self, count: int) -> None:
        self.stretches.append(count * self.ms_per_record)
        self.spent_ms += self.stretches[-1]


class CountingStage:
    """Numbers the records of each key. What `tick` does is the test's business: nothing unless it says so."""

    name = "counting"
    input = IN
    outputs: Sequence[str] = (OUT,)
    patience = 0.05

    def __init__(self, busy: "Busy | None" = None) -> None:
        self._busy = busy or Busy()
        self.on_tick: Callable[[Overlay], Output] = lambda _: Output()
        self.steps_to_restore = 0

    def restore(self, state: Overlay) -> Iterator[None]:
        """Nothing is derived, but that takes time."""
        for _ in range(self.steps_to_restore):
            self._busy.with_records(1)
            yield

    def process(self, batch: Batch, state: Overlay, now: int) -> Output:
        output = Output()
        self._busy.with_records(len(batch.records))
        for record in batch.records:
            if record.value == b"poison":
                raise ValueError("cannot be counted")
            key = record.key or b""
            number = (state.get(COUNTS, key) or 0) + 1
            state.put(COUNTS, key, number)
            output.send(OUT, key, json.dumps([(record.value or b"").decode(), number]).encode())
        return output

    def tick(self, now: int, idle: bool, state: Overlay) -> Output:
        return self.on_tick(state)


class Watched:
    """Remembers what was reported."""

    def __init__(self) -> None:
        self.causes: list[str] = []
        self.lags: list[int] = []
        self.batches: list[int] = []
        self.expired_offsets = 0
        self.standing: list[Mapping[str, Counter[tuple[str, ...]]]] = []

    def took_over(self, partition: int, cause: str, rows: int) -> None:
        self.causes.append(cause)

    def expired(self, partition: int, offsets: int) -> None:
        self.expired_offsets += offsets

    def applied(
        self, partition: int, records: int, output: Output, stage_seconds: float, commit_seconds: float
    ) -> None:
        self.batches.append(records)

    def given_up(self, partition: int) -> None:
        """Not needed here."""

    def ticked(self, partition: int, state_rows: int, lag: int, newest: int | None, output: Output) -> None:
        self.lags.append(lag)
        self.standing.append(output.standing)


class FaultyLog(LocalPartitionLog):
    """The local log with one fault, armed for the next call of its kind."""

    commit_fault: str | None = None
    take_over_fault: Exception | None = None
    deaf = False
    told: Sequence[int] = ()

    async def take_over(self) -> Recovered:
        if self.take_over_fault is not None:
            fault, self.take_over_fault = self.take_over_fault, None
            raise fault
        if self.deaf:
            self.deaf = False
            await self._hear_nothing()
        return await super().take_over()

    async def _hear_nothing(self) -> None:
        """For an hour, whoever calls it off."""
        end = asyncio.get_running_loop().time() + 3600
        while (left := end - asyncio.get_running_loop().time()) > 0:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(left)

    async def commit(self, transaction: Transaction) -> None:
        fault, self.commit_fault = self.commit_fault, None
        if fault == "before":
            raise ConnectionError("the request was lost")
        if fault == "hangs":
            await asyncio.sleep(3600)
        await super().commit(transaction)
        if fault == "after":
            raise ConnectionError("the answer was lost")

    def progress(self, position: int) -> None:
        self.told = [*self.told, position]


class LosingReader(LocalReader):
    """Drops or repeats chunks on their way to the task."""

    def __init__(self, log: LocalLog, topic: str) -> None:
        super().__init__(log, topic)
        self.lose = 0
        self.repeat = False

    def start(self, deliveries: Any) -> None:
        super().start(_Between(self, deliveries))


class _Between:
    def __init__(self, reader: LosingReader, runtime: Runtime) -> None:
        self._reader, self._runtime = reader, runtime

    def wanting(self) -> list[int]:
        return self._runtime.wanting()

    def delivery(self, partition: int) -> Any:
        task = self._runtime.delivery(partition)
        return None if task is None else _Lossy(self._reader, task)


class _Lossy:
    def __init__(self, reader: LosingReader, task: Any) -> None:
        self._reader, self._task = reader, task

    def wants(self) -> bool:
        return bool(self._task.wants())

    def deliver(self, chunk: Chunk) -> None:
        if self._reader.lose:
            self._reader.lose -= 1
            return
        self._task.deliver(chunk)
        if self._reader.repeat:
            self._task.deliver(chunk)


class World:
    """One stage on one partition of a memory log."""

    def __init__(self) -> None:
        self.log = LocalLog(MemoryStorage(), lambda: int(asyncio.get_running_loop().time() * 1000))
        for topic in (IN, OUT, TOLD, topics.DEAD_LETTERS):
            self.log.create(topic, 1)
        self.sent: list[str] = []
        self.watch = Watched()
        self.turns = Turns()
        self.stage_seconds = 0.0
        self.busy = Busy()
        self.stage = CountingStage(self.busy)

    def worker(self) -> "Worker":
        return Worker(self)

    def append(self, count: int, chars: int = 0) -> None:
        values = [f"e{len(self.sent) + number}".ljust(chars) for number in range(count)]
        self.sent += values
        self.log.append(IN, [Entry(b"k", value.encode()) for value in values])

    def outputs(self) -> list[list[Any]]:
        return [json.loads(record.value or b"") for record in self.read(OUT)]

    def read(self, topic: str) -> list[LocalRecord]:
        return self.log.read(Slot(topic, 0), 0, 100_000, 1 << 30)

    def exact(self) -> bool:
        return self.outputs() == [[value, number + 1] for number, value in enumerate(self.sent)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(300):
            while not condition():
                await asyncio.sleep(0.05)


class Worker:
    """A process: a reader, a runtime and a log of its own over the shared one."""

    def __init__(self, world: World) -> None:
        self.reader = LosingReader(world.log, IN)
        self.partition_log = FaultyLog(world.log, "counting", self.reader, 0)
        self.runtime = Runtime(lambda _: self._task(world))
        self.reader.start(self.runtime)

    def _task(self, world: World) -> PartitionTask:
        async def call(function: Callable[[], Output]) -> Output:
            await asyncio.sleep(world.stage_seconds)
            return function()

        clock = lambda: int(asyncio.get_running_loop().time() * 1000 + world.busy.spent_ms)  # noqa: E731
        return PartitionTask(
            world.stage,
            self.partition_log,
            run=call,
            clock=clock,
            watch=world.watch,
            turns=world.turns,
            dead_letters=topics.DEAD_LETTERS,
        )

    async def own(self) -> None:
        await self.runtime.assigned([0])

    async def close(self) -> None:
        await self.runtime.close()
        self.reader.stop()


def test_everything_is_applied_once_and_in_order() -> None:
    async def scenario() -> None:
        world = World()
        world.append(2500)
        worker = world.worker()
        await worker.own()
        await world.until(world.exact)
        world.append(10)
        await world.until(world.exact)
        await worker.close()

    run(scenario())


@pytest.mark.parametrize("fault", ["before", "after", "hangs"])
def test_a_commit_whose_outcome_is_unknown_neither_loses_nor_doubles(fault: str) -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        await worker.own()
        world.append(100)
        await world.until(world.exact)
        worker.partition_log.commit_fault = fault
        world.append(100)
        await world.until(lambda: world.watch.causes == ["assigned", "failure"])
        world.append(100)
        await world.until(world.exact)
        await worker.close()

    run(scenario())


@pytest.mark.parametrize(("stage_seconds", "largest"), [(0.01, 4000), (0.3, 1000)])
def test_a_backlog_goes_in_large_transactions_unless_the_stage_is_slow(stage_seconds: float, largest: int) -> None:
    async def scenario() -> None:
        world = World()
        world.stage_seconds = stage_seconds
        world.append(12_000)
        worker = world.worker()
        await worker.own()
        await world.until(world.exact)
        assert max(world.watch.batches) == largest
        await worker.close()

    run(scenario())


def test_a_backlog_of_long_texts_goes_in_large_transactions_too() -> None:
    async def scenario() -> None:
        world = World()
        world.append(3_000, chars=CHUNK_BYTES // 100)
        worker = world.worker()
        await worker.own()
        await world.until(world.exact)
        assert max(world.watch.batches) == 1_600
        await worker.close()

    run(scenario())


def test_a_take_over_of_a_large_state_lets_others_go_on() -> None:
    async def scenario() -> None:
        world = World()
        world.busy.ms_per_record = 3
        world.stage.steps_to_restore = 1_000
        beats: list[float] = []

        async def beat() -> None:
            while not world.exact():
                beats.append(world.busy.spent_ms)
                await asyncio.sleep(0)

        world.append(1)
        worker = world.worker()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(beat())
            await worker.own()
        assert max(later - earlier for earlier, later in pairwise(beats)) <= 21
        assert beats[-1] == 3_000
        await worker.close()

    run(scenario())


def test_a_record_that_comes_alone_does_not_wait_and_a_trickle_shares_transactions() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        await worker.own()
        await asyncio.sleep(0.5)
        world.append(1)
        await asyncio.sleep(0.01)
        assert world.exact()
        world.watch.batches.clear()
        for _ in range(100):
            await asyncio.sleep(0.01)
            world.append(1)
        await world.until(world.exact)
        applied = [batch for batch in world.watch.batches if batch]
        # A second's records, in transactions that begin 50 ms apart at least.
        assert len(applied) <= 21
        assert max(applied) <= 6
        await worker.close()

    run(scenario())


def test_another_partition_that_is_taken_over_goes_first_for_a_while() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        await worker.own()
        await world.until(lambda: world.watch.causes == ["assigned"])
        now = asyncio.get_running_loop().time
        with world.turns.first():
            world.append(10)
            await asyncio.sleep(1)
            assert world.outputs() == []
        released = now()
        await world.until(world.exact)
        assert now() - released < 0.1
        with world.turns.first():
            began = now()
            world.append(10)
            await world.until(world.exact)
            assert PRECEDENCE_SECONDS <= now() - began < PRECEDENCE_SECONDS + 0.1
        await worker.close()

    run(scenario())


def _tell(state: Overlay) -> Output:
    output = Output()
    counted = state.get(COUNTS, b"k") or 0
    output.send(TOLD, b"k", str(counted).encode())
    return output


def test_a_tick_shares_the_transaction_of_what_is_queued_and_sees_it() -> None:
    async def scenario() -> None:
        world = World()
        world.stage.patience = 10.0
        world.stage.on_tick = _tell
        worker = world.worker()
        await worker.own()
        world.append(1)
        await world.until(world.exact)
        world.watch.batches.clear()
        world.append(5)
        await world.until(world.exact)
        assert world.watch.batches[-1] == 5
        assert world.read(TOLD)[-1].value == b"6"
        await worker.close()

    run(scenario())


def _count_standing(state: Overlay) -> Output:
    output = Output()
    output.stand("counts", Counter({(key.decode(),): number for key, number in state.rows(COUNTS)}))
    return output


def test_what_there_is_after_a_tick_is_told_of_the_state_that_is_committed_and_taken_over() -> None:
    async def scenario() -> None:
        world = World()
        world.stage.on_tick = _count_standing
        worker = world.worker()
        await worker.own()
        # A tick that changes nothing tells it too.
        await world.until(lambda: bool(world.watch.standing))
        assert world.watch.standing[0] == {"counts": {}}
        world.append(3)
        await world.until(world.exact)
        await world.until(lambda: world.watch.standing[-1] == {"counts": {("k",): 3}})
        await worker.close()
        world.watch.standing.clear()
        other = world.worker()
        await other.own()
        await world.until(lambda: bool(world.watch.standing))
        assert world.watch.standing[0] == {"counts": {("k",): 3}}
        await other.close()

    run(scenario())


def test_a_tick_that_fails_costs_the_records_nothing() -> None:
    async def scenario() -> None:
        world = World()
        world.stage.patience = 10.0

        def fail(state: Overlay) -> Output:
            state.put(COUNTS, b"k", 1000)
            raise ValueError("no tick today")

        world.stage.on_tick = fail
        worker = world.worker()
        await worker.own()
        for _ in range(3):
            world.append(5)
            await world.until(world.exact)
        assert world.watch.causes == ["assigned"]
        await worker.close()

    run(scenario())


def test_whoever_watches_hears_how_far_it_is() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        await worker.own()
        await world.until(lambda: worker.partition_log.told == [0])
        world.append(100)
        await world.until(lambda: worker.partition_log.told == [0, 100])
        await worker.close()
        successor = world.worker()
        await successor.own()
        await world.until(lambda: successor.partition_log.told == [100])
        await successor.close()

    run(scenario())


def test_a_slow_stage_does_not_hold_the_event_loop_for_a_whole_chunk() -> None:
    async def scenario() -> None:
        world = World()
        world.busy.ms_per_record = 0.5
        world.append(3000)
        worker = world.worker()
        await worker.own()
        await world.until(world.exact)
        # The first piece is a guess; from then on one may be twice as long as it should be.
        assert max(world.busy.stretches[1:]) <= 40
        assert sum(world.busy.stretches) == 1500
        await worker.close()

    run(scenario())


def test_a_lost_chunk_is_noticed_by_the_next_one() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        await worker.own()
        world.append(10)
        await world.until(world.exact)
        worker.reader.lose = 1
        world.append(2500)
        await world.until(world.exact)
        assert world.watch.causes == ["assigned"]
        await worker.close()

    run(scenario())


def test_a_lost_last_chunk_is_noticed_by_the_tick() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        await worker.own()
        worker.reader.lose = 1
        world.append(10)
        await world.until(world.exact)
        await worker.close()

    run(scenario())


def test_a_chunk_that_comes_twice_is_applied_once() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        worker.reader.repeat = True
        await worker.own()
        world.append(1500)
        await world.until(world.exact)
        await worker.close()

    run(scenario())


def test_an_owner_that_was_away_is_fenced_and_the_next_one_is_exact() -> None:
    async def scenario() -> None:
        world = World()
        old, new = world.worker(), world.worker()
        await old.own()
        world.append(50)
        await world.until(world.exact)
        await new.own()
        await world.until(lambda: len(world.watch.causes) == 2)
        world.append(50)
        await world.until(world.exact)
        assert world.exact()
        await asyncio.gather(old.close(), new.close())

    run(scenario())


def test_two_owners_that_both_believe_never_double() -> None:
    async def scenario() -> None:
        world = World()
        workers = [world.worker() for _ in range(2)]
        for worker in workers:
            await worker.own()
        for _ in range(10):
            world.append(30)
            await asyncio.sleep(1)
        await workers[0].close()
        await world.until(world.exact)
        assert "fenced" in world.watch.causes
        await workers[1].close()

    run(scenario())


def test_a_revoked_partition_goes_on_where_it_was_when_it_comes_back() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        await worker.own()
        for _ in range(5):
            world.append(40)
            await asyncio.sleep(0)
            await worker.runtime.revoked()
            await worker.own()
        await world.until(world.exact)
        await worker.close()

    run(scenario())


def test_a_revocation_does_not_wait_for_what_the_stage_has_still_to_do() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        await worker.own()
        world.append(1)
        await world.until(world.exact)
        # Ten pieces or so of one transaction, a minute in all.
        world.stage_seconds = 6.0
        world.append(1000)
        await asyncio.sleep(10.0)
        began = asyncio.get_running_loop().time()
        await worker.runtime.revoked()
        assert asyncio.get_running_loop().time() - began <= world.stage_seconds
        assert len(world.outputs()) == 1
        world.stage_seconds = 0.0
        await worker.own()
        await world.until(world.exact)
        assert world.watch.causes == ["assigned"]
        await worker.close()

    run(scenario())


def test_a_take_over_that_cannot_be_called_off_keeps_nobody_from_the_partition() -> None:
    async def scenario() -> None:
        world = World()
        world.append(10)
        worker = world.worker()
        worker.partition_log.deaf = True
        await worker.own()
        await asyncio.sleep(1.0)
        await worker.runtime.revoked()
        await worker.own()
        await world.until(world.exact)
        assert asyncio.get_running_loop().time() < 60
        await asyncio.sleep(4000)
        world.append(10)
        await world.until(world.exact)
        await worker.close()

    run(scenario())


def test_state_and_position_survive_the_process() -> None:
    async def scenario() -> None:
        world = World()
        for _ in range(3):
            world.append(20)
            worker = world.worker()
            await worker.own()
            await world.until(world.exact)
            await worker.close()

    run(scenario())


def test_a_poison_record_is_a_dead_letter_and_its_neighbours_count() -> None:
    async def scenario() -> None:
        world = World()
        world.append(5)
        world.log.append(IN, [Entry(b"k", b"poison")])
        world.append(5)
        worker = world.worker()
        await worker.own()
        await world.until(world.exact)
        (letter,) = world.read(topics.DEAD_LETTERS)
        assert (letter.key, letter.value) == (b"k", b"poison")
        assert dict(letter.headers)[MESSAGE].startswith(b"record: ValueError at test_partition.py:")
        await worker.close()

    run(scenario())


def test_a_take_over_that_fails_is_tried_again() -> None:
    async def scenario() -> None:
        world = World()
        world.append(5)
        worker = world.worker()
        worker.partition_log.take_over_fault = ConnectionError("no broker")
        await worker.own()
        await world.until(world.exact)
        await worker.close()

    run(scenario())


def test_a_refusal_ends_the_process_instead_of_being_tried_again() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        worker.partition_log.take_over_fault = Refused("another topic")
        await worker.own()
        with pytest.raises(Refused, match="another topic"):
            await asyncio.wait_for(worker.runtime.failed, 60)
        await worker.close()

    run(scenario())


def test_a_fenced_owner_waits_for_the_group_before_it_tries_again() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        worker.partition_log.take_over_fault = Fenced("newer")
        loop = asyncio.get_running_loop()
        await worker.own()
        await world.until(lambda: bool(world.watch.causes))
        assert loop.time() >= 3
        await worker.close()

    run(scenario())


def test_records_that_retention_removed_before_they_were_read_are_counted() -> None:
    async def scenario() -> None:
        world = World()
        world.log.create(IN, 1, retention=1000)
        world.append(30)
        await asyncio.sleep(5)
        world.log.expire()
        world.sent.clear()
        world.append(3)
        worker = world.worker()
        worker.partition_log.take_over_fault = None
        world.log.commit(*_first_owner(world), Transaction([], {}, Position(10, 10, 9, 0)))
        await worker.own()
        await world.until(lambda: len(world.outputs()) == 3)
        assert world.watch.expired_offsets == 20
        await worker.close()

    run(scenario())


def _first_owner(world: World) -> tuple[Any, int]:
    owner = Owner("counting", 0)
    epoch, _ = world.log.begin(owner)
    return owner, epoch


def test_lag_is_reported_down_to_zero() -> None:
    async def scenario() -> None:
        world = World()
        worker = world.worker()
        await worker.own()
        world.append(10)
        await world.until(lambda: bool(world.watch.lags) and world.exact())
        await world.until(lambda: world.watch.lags[-1] == 0)
        await worker.close()

    run(scenario())


async def test_the_more_partitions_a_process_has_the_longer_each_pauses() -> None:
    turns = Turns()
    with turns.one_more():
        assert turns.pause(0.01) == 0.01
        with turns.one_more(), turns.one_more():
            assert turns.pause(0.01) == 0.03
            assert turns.pause(0.5) == 1.0
        assert turns.pause(0.01) == 0.01

"""The local log as a worker sees it from afar: every request takes its time on the way there and back, or is lost."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Set
from copy import copy
from functools import partial
from typing import Any, Protocol, TypeVar

from streams.engine.local import LocalLog, LocalPartitionLog, LocalReader
from streams.engine.local.partition import Deliveries
from streams.engine.local.storage import LocalRecord, Slot, Storage
from streams.engine.log import Chunk, Delivery, Recovered, Transaction
from tests.simulation.faults import Fault
from tests.simulation.loop import PROCESS, Process, SimulationLoop

T = TypeVar("T")


class Injected(ConnectionError):
    """A failure that the schedule asked for."""


class Surroundings(Protocol):
    """What decides over faults and delays."""

    loop: SimulationLoop
    # Whether anybody listens to what is said.
    tells: bool

    def points(self, stage: str) -> Set[str]:
        """The points and requests of a stage that have a fault: no other passing of one need be told."""
        ...

    def strike(self, process: Process, stage: str, point: str) -> Fault | None:
        """The fault for this passing of a point or request, if there is one; a crash or pause has struck already."""
        ...

    def delay(self) -> float:
        """How long a message is on its way, in seconds."""
        ...

    def later(self, seconds: float, callback: Callable[..., object], *arguments: Any) -> object:
        """Call it then, whatever becomes of whoever asks."""
        ...

    def committed(self, stage: str, partition: int, transaction: Transaction) -> None:
        """A transaction is in the log."""
        ...

    def say(self, who: str, what: str) -> None:
        """Tell what happens, for the story."""
        ...


class SharedLog(LocalLog):
    """The log of all processes. Word of an append reaches each of them as a step of its own; chunks may be small."""

    def __init__(self, storage: Storage, clock: Callable[[], int], loop: SimulationLoop, chunk: int) -> None:
        super().__init__(storage, clock)
        self._loop = loop
        self._chunk = chunk

    def read(self, slot: Slot, offset: int, limit: int, max_bytes: int) -> list[LocalRecord]:
        return super().read(slot, offset, min(limit, self._chunk), max_bytes)

    def subscribe(self, topic: str, reader: Callable[[], None]) -> Callable[[], None]:
        process = PROCESS.get()
        return super().subscribe(topic, reader if process is None else partial(self._tell_one, process, reader))

    def _tell_one(self, process: Process, reader: Callable[[], None]) -> None:
        if process.alive:
            self._loop.call_soon(reader, context=process.context)


class FarPartitionLog:
    """Keeps `streams.engine.log.PartitionLog` over a local one, which is asked by messages.

    A request that is on its way happens, whatever has become of its sender.
    """

    def __init__(self, near: LocalPartitionLog, stage: str, process: Process, around: Surroundings) -> None:
        self.partition = near.partition
        self.partitions = near.partitions
        self._unused, self._near = near, near
        self._stage = stage
        self._process = process
        self._around = around
        self._points = around.points(stage)

    async def take_over(self) -> Recovered:
        # A session of its own: what an older one still has on the way is the older one's.
        session = copy(self._unused)
        recovered = await self._ask("take-over", session.take_over)
        self._near = session
        return recovered

    async def seek(self, offset: int, token: int) -> int:
        if self._holds("seek.before"):
            await asyncio.sleep(0)
        if self._strike("seek"):
            raise Injected("the reader could not seek")
        found = await self._near.seek(offset, token)
        if self._holds("seek.after"):
            await asyncio.sleep(0)
        return found

    async def delivered(self) -> int:
        await asyncio.sleep(0)
        return await self._near.delivered()

    async def end(self) -> int | None:
        await asyncio.sleep(0)
        return None if self._strike("end") else await self._near.end()

    async def commit(self, transaction: Transaction) -> None:
        # What is on its way keeps its session, whatever is released meanwhile.
        session = self._near

        async def write() -> None:
            await session.commit(transaction)
            self._around.committed(self._stage, self.partition, transaction)

        if self._around.tells:
            self._say(f"commits {_described(transaction)}")
        await self._ask("commit", write)

    def progress(self, position: int) -> None:
        self._strike("progress.told")

    async def release(self) -> None:
        if self._process.alive:
            self._strike("release.before")
        self._near = copy(self._near)
        await self._near.release()

    def wake(self) -> None:
        self._near.wake()

    # -- messages

    async def _ask(self, request: str, action: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self._holds(f"{request}.before"):
            await asyncio.sleep(0)
        fault = self._strike(request)
        kind = fault.kind if fault else ""
        seconds = fault.seconds if fault else 0.0
        later, delay = self._around.later, self._around.delay
        answered: asyncio.Future[T] = self._around.loop.create_future()

        def arrive() -> None:
            if kind == "swallowed":
                return
            if kind == "refused":
                later(delay(), _fail, answered, Injected("refused"))
                return
            try:
                result = at_once(action())
            except Exception as error:
                self._say(f"{request}: {error}")
                later(delay(), _fail, answered, error)
                return
            self._say(f"{request} is written")
            self._strike(f"{request}.written")
            if kind == "answer lost":
                later(delay(), _fail, answered, Injected("the answer was lost"))
            elif kind != "unanswered":
                late = seconds if kind == "answer late" else 0.0
                later(delay() + late, _answer, answered, result)

        on_its_way = seconds if kind == "delayed" else 0.0
        later(delay() + on_its_way, arrive)
        result = await answered
        if self._holds(f"{request}.after"):
            await asyncio.sleep(0)
        return result

    def _holds(self, point: str) -> bool:
        """Pass a point. If the process stands still or is dead now, the step after this one is held, or never comes."""
        self._strike(point)
        return self._process.paused or not self._process.alive

    def _strike(self, point: str) -> Fault | None:
        return self._around.strike(self._process, self._stage, point) if point in self._points else None

    def _say(self, what: str) -> None:
        if self._around.tells:
            self._around.say(f"{self._process.name} {self._stage}-{self.partition}", what)


def _described(transaction: Transaction) -> str:
    what = f"{len(transaction.outputs)} records, {len(transaction.rows)} rows"
    return what if transaction.position is None else f"{what}, position {transaction.position.next}"


def _fail(answered: "asyncio.Future[Any]", error: Exception) -> None:
    if not answered.done():
        answered.set_exception(error)
        # Whoever asked may be gone, and then nobody looks at it.
        answered.exception()


def _answer(answered: "asyncio.Future[T]", result: T) -> None:
    if not answered.done():
        answered.set_result(result)


def at_once(action: Coroutine[Any, Any, T]) -> T:
    """The result of what does not wait, which no call of the local log does."""
    try:
        action.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    raise RuntimeError("the local log waits for something")


# -- the way from the log to a worker


class FarReader(LocalReader):
    """Loses, repeats, delays and reorders chunks on their way to the partition tasks."""

    def __init__(self, log: LocalLog, topic: str, stage: str, process: Process, around: Surroundings) -> None:
        super().__init__(log, topic)
        self._far = (stage, process, around)

    def start(self, deliveries: Deliveries) -> None:
        super().start(_Ways(deliveries, *self._far))


class _Ways:
    """One way for each partition."""

    def __init__(self, to: Deliveries, stage: str, process: Process, around: Surroundings) -> None:
        self._to = to
        self._make = partial(_Way, stage, process, around)
        self._ways: dict[int, _Way] = {}

    def wanting(self) -> Iterable[int]:
        return self._to.wanting()

    def delivery(self, partition: int) -> Delivery | None:
        to = self._to.delivery(partition)
        if to is None:
            return None
        way = self._ways.get(partition)
        if way is None:
            way = self._ways[partition] = self._make()
        way.to = to
        return way


class _Way:
    """Keeps `streams.engine.log.Delivery` before the one that it leads to."""

    to: Delivery

    def __init__(self, stage: str, process: Process, around: Surroundings) -> None:
        self._stage, self._process, self._around = stage, process, around
        self._points = around.points(stage)
        self._kept_back: Chunk | None = None

    def wants(self) -> bool:
        return self.to.wants()

    def deliver(self, chunk: Chunk) -> None:
        fault = self._around.strike(self._process, self._stage, "chunk") if "chunk" in self._points else None
        kept_back, self._kept_back = self._kept_back, None
        kind = fault.kind if fault else ""
        if fault is not None and kind == "late":
            self._around.loop.call_later(fault.seconds, self.to.deliver, chunk, context=self._process.context)
        elif kind == "reordered":
            self._kept_back = chunk
        elif kind != "lost":
            self.to.deliver(chunk)
            if kind == "repeated":
                self.to.deliver(chunk)
        if kept_back is not None:
            self.to.deliver(kept_back)

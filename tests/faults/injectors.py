"""What each kind of fault does to the processes, to the broker, to ClickHouse and to the input."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Final, NamedTuple

from streams.engine.watchdog import STALLED
from tests.faults.fleet import Fleet
from tests.faults.schedule import Injection
from tests.servers.toxiproxy import BOTH, Toxic, black_hole, latency, reset_peer
from tests.soak.cluster import SINK
from tests.soak.generator import Generator, Manners
from tests.soak.workers import ProductProcess, WorkerDied


class Inflicted(NamedTuple):
    """A fault that was done: when it began and when it was over, in Unix seconds."""

    injection: Injection
    began: float
    over: float


class Target:
    """What faults strike. The broker, ClickHouse, the network and the input can have one fault at a time each."""

    def __init__(self, fleet: Fleet, generator: Generator) -> None:
        self.fleet = fleet
        self._generator = generator
        self._broker, self._clickhouse, self._input, self._network = (asyncio.Lock() for _ in range(4))
        self._broker_came_back = 0.0

    async def inflict(self, injection: Injection) -> Inflicted:
        """Returns when it is over: what was killed is started again, what slept is awake."""
        return await _INJECTORS[injection.kind](self, injection)

    @asynccontextmanager
    async def victim(self, role: str, draw: float) -> AsyncIterator[ProductProcess]:
        """A process that nothing else is done to meanwhile."""
        process = await self.fleet.take(role, draw)
        try:
            yield process
        finally:
            self.fleet.give_back(process)

    @contextmanager
    def victims(self, role: str) -> Iterator[Sequence[ProductProcess]]:
        """All of them that nothing else is done to meanwhile."""
        processes = self.fleet.take_all(role)
        try:
            yield processes
        finally:
            self.fleet.give_back(*processes)

    async def replace(self, role: str, process: ProductProcess, *, in_order: bool) -> None:
        """It ends, and a new one takes its place."""
        self.fleet.remove(role, process)
        if in_order:
            await self.end(process)
        else:
            process.kill()
        self.fleet.add(role)

    async def end(self, process: ProductProcess) -> None:
        """End it in order. Raises WorkerDied when it does not, unless the broker was away: then it may end itself."""
        began = time.time()
        try:
            await process.leave()
        except WorkerDied as death:
            if death.code != STALLED or not (self._broker.locked() or self._broker_came_back > began):
                raise

    async def without_broker(self, sign: signal.Signals, seconds: float) -> float:
        """The broker is away for so long; returns when it was back."""
        kafka = self.fleet.kafka
        async with self._broker:
            if kafka.pid is None:
                raise RuntimeError("the broker does not run")
            os.kill(kafka.pid, sign)
            if sign is signal.SIGSTOP:
                await asyncio.sleep(seconds)
                os.kill(kafka.pid, signal.SIGCONT)
            else:
                await kafka.stop()
                await asyncio.sleep(seconds)
                await kafka.start()
            self._broker_came_back = time.time()
            return self._broker_came_back

    async def without_clickhouse(self, sign: signal.Signals, seconds: float) -> None:
        """ClickHouse is away for so long."""
        server = self.fleet.clickhouse
        async with self._clickhouse:
            if sign is signal.SIGSTOP:
                os.kill(server.pid, sign)
                await asyncio.sleep(seconds)
                os.kill(server.pid, signal.SIGCONT)
            else:
                server.kill()
                await asyncio.sleep(seconds)
                await asyncio.to_thread(server.start)

    async def disturb_network(self, toxics: Iterable[Toxic], seconds: float) -> None:
        """This is wrong between the broker and half of the processes for so long."""
        async with self._network, self.fleet.proxy.suffering(toxics):
            await asyncio.sleep(seconds)

    async def change_input(self, manners: Manners, seconds: float) -> None:
        """Producers send such events for so long."""
        async with self._input:
            self._generator.manners = manners
            await asyncio.sleep(seconds)
            self._generator.manners = self._generator.usual


Inflict = Callable[[Target, Injection], Awaitable[Inflicted]]


def _timed(act: Callable[[Target, Injection], Awaitable[None]]) -> Inflict:
    async def inflict(target: Target, injection: Injection) -> Inflicted:
        began = time.time()
        await act(target, injection)
        return Inflicted(injection, began, time.time())

    return inflict


async def _end(target: Target, injection: Injection, *, in_order: bool) -> None:
    async with target.victim(_role(injection), injection.draw) as process:
        await target.replace(_role(injection), process, in_order=in_order)


async def _hold(target: Target, injection: Injection) -> None:
    """It does nothing for so long, and goes on in the middle of what it did."""
    async with target.victim(_role(injection), injection.draw) as process:
        process.stop()
        await asyncio.sleep(injection.seconds)
        process.wake()


async def _join(target: Target, injection: Injection) -> None:
    """One more than there should be, which leaves again."""
    target.fleet.add(injection.stage)
    await asyncio.sleep(injection.seconds)
    async with target.victim(injection.stage, injection.draw) as process:
        target.fleet.remove(injection.stage, process)
        await target.end(process)


async def _kill_all(target: Target, injection: Injection) -> None:
    with target.victims(injection.stage) as processes:
        for process in processes:
            await target.replace(injection.stage, process, in_order=False)


async def _roll(target: Target, injection: Injection) -> None:
    """One after the other ends in order, while its successor starts."""
    with target.victims(injection.stage) as processes:
        for process in processes:
            target.fleet.add(injection.stage)
            target.fleet.remove(injection.stage, process)
            await target.end(process)


async def _no_broker(sign: signal.Signals, target: Target, injection: Injection) -> Inflicted:
    # Without a broker nobody can go on: what counts is the time after it.
    back = await target.without_broker(sign, injection.seconds)
    return Inflicted(injection, back, back)


async def _no_clickhouse(sign: signal.Signals, target: Target, injection: Injection) -> None:
    await target.without_clickhouse(sign, injection.seconds)


async def _network(toxics: Iterable[Toxic], target: Target, injection: Injection) -> None:
    await target.disturb_network(toxics, injection.seconds)


async def _input(manners: Manners, target: Target, injection: Injection) -> None:
    await target.change_input(manners, injection.seconds)


def _role(injection: Injection) -> str:
    return injection.stage or SINK


def _in_order(target: Target, injection: Injection) -> Awaitable[None]:
    return _end(target, injection, in_order=True)


def _at_once(target: Target, injection: Injection) -> Awaitable[None]:
    return _end(target, injection, in_order=False)


def _times(names: Iterable[str]) -> Manners:
    return Manners(times=dict.fromkeys(names, 1.0))


_INJECTORS: Final[Mapping[str, Inflict]] = {
    "worker killed": _timed(_at_once),
    "worker ended": _timed(_in_order),
    "worker joins": _timed(_join),
    "worker naps": _timed(_hold),
    "worker sleeps": _timed(_hold),
    "stage killed": _timed(_kill_all),
    "stage rolled": _timed(_roll),
    "broker killed": partial(_no_broker, signal.SIGKILL),
    "broker ended": partial(_no_broker, signal.SIGTERM),
    "broker hangs": partial(_no_broker, signal.SIGSTOP),
    "sink killed": _timed(_at_once),
    "sink ended": _timed(_in_order),
    "sink sleeps": _timed(_hold),
    "ClickHouse killed": _timed(partial(_no_clickhouse, signal.SIGKILL)),
    "ClickHouse hangs": _timed(partial(_no_clickhouse, signal.SIGSTOP)),
    "network cut": _timed(partial(_network, [reset_peer(stream) for stream in BOTH])),
    "network silent": _timed(partial(_network, [black_hole(stream) for stream in BOTH])),
    "answers lost": _timed(partial(_network, [black_hole("downstream")])),
    "network slow": _timed(partial(_network, [latency(stream, 150, 100) for stream in BOTH])),
    "all is poison": _timed(partial(_input, Manners(poison=1.0))),
    "half is poison": _timed(partial(_input, Manners(poison=0.5))),
    "all is repeated": _timed(partial(_input, Manners(repeated=0.99))),
    "all is late": _timed(partial(_input, _times(("seconds late", "hours late", "too late")))),
    "all is ahead": _timed(partial(_input, _times(("ahead", "an hour ahead")))),
}

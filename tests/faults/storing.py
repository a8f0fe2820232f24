"""Scored events on their way into ClickHouse: a producer, sinks, and a server that things happen to."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from clickhouse_connect.driver.client import Client

from streams import topics
from streams.up.local_kafka import LocalKafka
from tests.contract.messages import scored
from tests.contract.sink_worlds import migrated
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.soak.cluster import SINK, Cluster
from tests.soak.stored import Sink
from tests.soak.waiting import until

PARTITIONS = 2
DATABASE = "faults"
# What is promised once a fault is over.
CAUGHT_UP_SECONDS = 120.0
_TICK_SECONDS = 0.05
_TICKETS = 200


class Counted(NamedTuple):
    """Rows of the scored events that a reader sees, and how many different events they are of."""

    rows: int
    events: int


class Storing:
    """Sinks, a ClickHouse server and a producer of scored events. Logs go to `folder`."""

    def __init__(
        self, cluster: Cluster, server: ClickHouseProcess, client: Client, folder: Path, before: int = 0
    ) -> None:
        self.cluster = cluster
        self.server = server
        self.sent = 0
        # Others may have used the same broker and server before, and have left nothing unread.
        self._name = uuid4().hex[:8]
        self._before = before
        self._client = client
        self._folder = folder
        self._all: list[Sink] = []
        self._running: list[Sink] = []
        self._flowing: asyncio.Task[None] | None = None

    def start_sink(self, url: str | None = None, **also: str) -> Sink:
        """One more sink, into the server or whatever stands before it at `url`; `also` are more of its variables."""
        address = url or self.server.url(DATABASE)
        environment = {"KAFKA_BROKERS": self.cluster.brokers, "CLICKHOUSE_URL": address, **also}
        sink = Sink(len(self._all), environment, self._folder)
        self._all.append(sink)
        self._running.append(sink)
        return sink

    def kill(self, sink: Sink) -> None:
        """SIGKILL."""
        self._running.remove(sink)
        sink.kill()

    async def leave(self, sink: Sink) -> None:
        """SIGTERM. Raises WorkerDied when it does not end in order."""
        self._running.remove(sink)
        await sink.leave()

    async def complete(self) -> None:
        """Until the group knows all sinks, and each of them its partitions."""

        async def reached() -> bool:
            return await self.cluster.group(SINK) == (len(self._running), True)

        await self.until(reached, f"the group has {len(self._running)} members")

    # -- the flow

    @asynccontextmanager
    async def flow(self, rate: float, chars: int = 80) -> AsyncIterator[None]:
        """Within the block `rate` events a second are sent, with texts of so many characters. Those that the block has
        seen are acknowledged at its end.
        """
        ending = asyncio.Event()
        flowing = asyncio.create_task(self._send(rate, chars, ending))
        self._flowing = flowing
        try:
            yield
        finally:
            ending.set()
            self._flowing = None
            await flowing

    async def _send(self, rate: float, chars: int, ending: asyncio.Event) -> None:
        # What it sends again is not doubled, so that only the sinks could be to blame.
        async with AIOKafkaProducer(bootstrap_servers=self.cluster.brokers, enable_idempotence=True) as producer:
            begun, first = time.monotonic(), self.sent
            while not ending.is_set():
                due = first + round((time.monotonic() - begun) * rate)
                waiting = [await self._send_one(producer, chars) for _ in range(due - self.sent)]
                await asyncio.gather(*waiting)
                await asyncio.sleep(_TICK_SECONDS)

    async def _send_one(self, producer: AIOKafkaProducer, chars: int) -> Awaitable[object]:
        number, self.sent = self.sent, self.sent + 1
        text = f"{number} ".ljust(chars, "x")
        message = scored(number, f"T-{number % _TICKETS}", event_id=f"{self._name}-{number}", text=text)
        sent: Awaitable[object] = await producer.send(topics.SCORED, message.value, partition=number % PARTITIONS)
        return sent

    # -- what is known of it

    async def committed(self) -> int:
        """How many of the events that were sent the group has committed."""
        return sum(await self.cluster.committed(SINK)) - self._before

    def stored(self) -> Counted:
        """What a reader of ClickHouse sees of what was sent."""
        query = "SELECT count(), uniqExact(event_id) FROM scored_events_now WHERE startsWith(event_id, {name:String})"
        [(rows, events)] = self._client.query(query, {"name": f"{self._name}-"}).result_rows
        return Counted(int(rows), int(events))

    async def caught_up(self, seconds: float = CAUGHT_UP_SECONDS) -> None:
        """Until everything that was sent is committed. Raises Stuck."""

        async def reached() -> bool:
            return await self.committed() == self.sent

        await self.until(reached, "everything is committed", seconds)

    async def until(
        self, reached: Callable[[], Awaitable[bool]], what: str, seconds: float = CAUGHT_UP_SECONDS
    ) -> None:
        """Wait for a condition; notices when a sink or the producer has died. Raises Stuck."""
        # A broker that has just started again refuses to answer until it has loaded the group.
        told = f"{what}; logs: {self._folder}"
        await until(reached, told, seconds, check=self._check_alive, unless=(KafkaError,))

    def _check_alive(self) -> None:
        for sink in self._running:
            sink.alive()
        if self._flowing is not None and self._flowing.done():
            self._flowing.result()

    async def moves(self, records: int = 1) -> None:
        """Until so many positions more are committed than now."""
        before = await self.committed()

        async def moved() -> bool:
            return await self.committed() >= before + records

        await self.until(moved, f"{records} more positions are committed")

    async def grows(self, records: int) -> None:
        """Until so many events more are sent than now."""
        before = self.sent

        async def grown() -> bool:
            return self.sent >= before + records

        await self.until(grown, f"{records} more events are sent")

    def discard(self) -> None:
        """Make sure that no sink runs any more."""
        for sink in self._all:
            sink.discard()


@asynccontextmanager
async def storing(kafka: LocalKafka, server: ClickHouseProcess, folder: Path) -> AsyncIterator[Storing]:
    """On a broker and a server that run; without sinks."""
    with migrated(server.url(DATABASE)) as client:
        async with Cluster(kafka.brokers, PARTITIONS) as cluster:
            made = Storing(cluster, server, client, folder, sum(await cluster.ends(SINK)))
            try:
                yield made
            finally:
                made.discard()

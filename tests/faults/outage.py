"""How long a sink needs to catch up after ClickHouse was away, and what it takes while ClickHouse is slow.

    python -m tests.faults.outage --away 60 --rate 200
    python -m tests.faults.outage --slow 180 --rate 1000

Exits with 1 when an event is not one row, when catching up takes longer than 120 seconds, or when the sink takes more
than 1.5 times the memory that it took before.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streams.up.local_kafka import LocalKafka
from tests.conftest import KAFKA_LIBS
from tests.faults.storing import CAUGHT_UP_SECONDS, DATABASE, Storing, storing
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.servers.toxiproxy import Toxiproxy, latency
from tests.soak.stored import Sink

_BEFORE_SECONDS = 10.0
_LOOK_SECONDS = 1.0
_MOST_GROWTH = 1.5
_CHARS = 300


async def measure(folder: Path, away: float, slow: float, rate: float, delay: int) -> list[str]:
    """Say what was measured; returns what is not as it should be."""
    server = ClickHouseProcess(folder / "server")
    try:
        server.start()
        async with (
            LocalKafka(folder / "kafka", KAFKA_LIBS) as kafka,
            storing(kafka, server, folder) as world,
            Toxiproxy(folder) as toxiproxy,
        ):
            host, port = server.address
            proxy = await toxiproxy.proxy("clickhouse", f"{host}:{port}")
            sink = world.start_sink(server.url(DATABASE).replace(f":{port}/", f":{proxy.port}/"))
            async with world.flow(rate, _CHARS):
                await world.moves(round(rate * _BEFORE_SECONDS))
                async with _weighed(sink) as most:
                    before = sink.resident_bytes()
                    if away:
                        server.kill()
                        await asyncio.sleep(away)
                        server.start()
                    else:
                        async with proxy.suffering([latency("downstream", delay)]):
                            await asyncio.sleep(slow)
                    lag = world.sent - await world.committed()
                    seconds = await _caught_up(world)
            await world.caught_up()
            return _told(world, lag, seconds, before, most)
    finally:
        server.kill()


async def _caught_up(world: Storing) -> float:
    """Seconds until all that was sent before is committed, while more comes."""
    began, goal = time.monotonic(), world.sent

    async def reached() -> bool:
        return await world.committed() >= goal

    await world.until(reached, "all that came in the meantime is stored", 10 * CAUGHT_UP_SECONDS)
    return time.monotonic() - began


@asynccontextmanager
async def _weighed(sink: Sink) -> AsyncIterator[list[int]]:
    """The memory that the sink takes, second by second."""
    weights: list[int] = []

    async def weigh() -> None:
        while True:
            weights.append(sink.resident_bytes())
            await asyncio.sleep(_LOOK_SECONDS)

    weighing = asyncio.create_task(weigh())
    try:
        yield weights
    finally:
        weighing.cancel()


def _told(world: Storing, lag: int, seconds: float, before: int, weights: list[int]) -> list[str]:
    stored, most = world.stored(), max(weights)
    print(f"events {world.sent}  rows {stored.rows}  different {stored.events}  lag at the end of the fault {lag}")
    print(f"caught up in {seconds:.1f} s  memory {before >> 20} MiB before, {most >> 20} MiB at most")
    wrong = {
        "not every event is one row": stored != (world.sent, world.sent),
        f"it took longer than {CAUGHT_UP_SECONDS:.0f} s": seconds > CAUGHT_UP_SECONDS,
        f"it took more than {_MOST_GROWTH} times the memory": most > _MOST_GROWTH * before,
    }
    return [what for what, is_so in wrong.items() if is_so]


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.outage", description=__doc__)
    parser.add_argument("--away", type=float, default=0.0, help="seconds that ClickHouse is away")
    parser.add_argument("--slow", type=float, default=60.0, help="seconds that it is slow, when it is not away")
    parser.add_argument("--delay", type=int, default=3_000, help="milliseconds that its answers take (default: 3000)")
    parser.add_argument("--rate", type=float, default=200.0, help="events a second (default: 200)")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ticketpulse-outage-"))
    wrong = asyncio.run(measure(folder, arguments.away, arguments.slow, arguments.rate, arguments.delay))
    print("\n".join(f"  {what}; logs: {folder}" for what in wrong), end="\n" if wrong else "")
    if not wrong:
        shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Restart every process of a running pipeline, one after the other, and measure what each stage notices of it.

    python -m tests.faults.rolling --order first --rate 40

Exits with 1 when anything is lost or doubled. A line for each restart: how long the old process took to end and the new
one to join, and the longest time that a record waited at the head of any partition of what they read.
"""

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, cast

from streams.up.local_kafka import LocalKafka
from tests.faults.deployment import KINDS, Deployment
from tests.soak.cluster import READ, SINK, STAGES, Cluster
from tests.soak.pauses import Fault, Step, longest_pause
from tests.soak.reading import read_topic
from tests.soak.verify import Verdict
from tests.soak.workers import ProductProcess

KAFKA_LIBS = Path(__file__).parents[2] / ".local" / "kafka" / "libs"
Order = Literal["first", "after", "kill"]
_LOOK_SECONDS = 0.05


class Plan(NamedTuple):
    """What is restarted, of how many processes each, in which order; events a second, and partitions of each topic."""

    kinds: Sequence[str]
    each: int
    order: Order
    rate: float
    partitions: int


class Restart(NamedTuple):
    """One process was replaced. Seconds that the old one took to end, or the group to miss one that was killed, and
    that the new one took until it had joined.
    """

    kind: str
    ended: float
    joined: float
    fault: Fault


class Measured(NamedTuple):
    """The restarts, the longest pause in seconds of each, and what the oracle says."""

    restarts: Sequence[Restart]
    pauses: Sequence[float]
    verdict: Verdict


async def roll(brokers: str, folder: Path, plan: Plan) -> Measured:
    """Restart everything that the plan names, under load. Raises Stuck or WorkerDied."""
    async with Cluster(brokers, plan.partitions) as cluster:
        # The stages need each other; sinks are there when they are restarted.
        counts = dict.fromkeys(STAGES, 1) | dict.fromkeys(plan.kinds, plan.each)
        deployment = Deployment(cluster, folder, counts, plan.rate)
        async with deployment.up():
            async with _watched(cluster, SINK in plan.kinds) as seen:
                restarts = await _restart_all(deployment, plan.kinds, plan.order)
            verdict = await deployment.reckon([one.fault for one in restarts if one.kind != SINK])
        of_stages = iter(verdict.pauses)
        pauses = [
            await _pause_of_sinks(cluster, seen, one.fault) if one.kind == SINK else next(of_stages) for one in restarts
        ]
        return Measured(restarts, pauses, verdict)


async def _restart_all(deployment: Deployment, kinds: Sequence[str], order: Order) -> list[Restart]:
    restarts = []
    for kind in kinds:
        for old in list(deployment.running[kind]):
            await deployment.all_move(kind)
            restarts.append(await _restart(deployment, kind, old, order))
        await deployment.all_move(kind)
    return restarts


async def _restart(deployment: Deployment, kind: str, old: ProductProcess, order: Order) -> Restart:
    """Start the new one `first` and end the old one when all partitions move, or start it `after` the old one has ended
    or, with `kill`, after the group has missed it. Returns when the group is complete again.
    """
    began = time.time()
    ended = joined = 0.0
    if order == "first":
        joined = await _join(deployment, kind)
        await deployment.all_move(kind)
        ended = await deployment.leave(kind, old)
    elif order == "after":
        ended = await deployment.leave(kind, old)
        joined = await _join(deployment, kind)
    else:
        deployment.kill(kind, old)
        await deployment.complete(kind)
        ended = time.time() - began
        await deployment.all_move(kind)
        joined = await _join(deployment, kind)
    await deployment.complete(kind)
    return Restart(kind, ended, joined, Fault([kind], began, time.time()))


async def _join(deployment: Deployment, kind: str) -> float:
    began = time.monotonic()
    deployment.start(kind)
    await deployment.complete(kind)
    return time.monotonic() - began


# When (Unix ms), and the sinks' position in each partition then.
Sighting = tuple[int, Sequence[int]]


@contextlib.asynccontextmanager
async def _watched(cluster: Cluster, there_are_sinks: bool) -> AsyncIterator[list[Sighting]]:
    """The positions of the sinks' group within the block, if there are any: no changelog tells them."""
    seen: list[Sighting] = []
    if not there_are_sinks:
        yield seen
        return

    async def look() -> None:
        while True:
            seen.append((time.time_ns() // 1_000_000, await cluster.committed(SINK)))
            await asyncio.sleep(_LOOK_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


async def _pause_of_sinks(cluster: Cluster, seen: Sequence[Sighting], fault: Fault) -> float:
    """The longest time in seconds that a record waited at the head of a partition."""
    offsets: dict[int, list[int]] = defaultdict(list)
    appended: dict[int, list[int]] = defaultdict(list)
    for record in await read_topic(cluster.brokers, READ[SINK], cluster.partitions):
        offsets[record.partition].append(record.offset)
        appended[record.partition].append(record.timestamp)
    return max(
        longest_pause(
            [Step(at[partition], bisect_left(some, at[partition]), ms) for ms, at in seen],
            some,
            appended[partition],
            fault,
        )
        for partition, some in offsets.items()
    )


def main() -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.rolling", description=__doc__)
    parser.add_argument("--order", choices=("first", "after", "kill"), default="first", help="default: first")
    parser.add_argument("--rate", type=float, default=40.0, help="events a second (default: 40)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="what is restarted (default: all)")
    parser.add_argument("--partitions", type=int, default=4, help="of each topic (default: 4)")
    parser.add_argument("--each", type=int, default=2, help="processes of what is restarted (default: 2)")
    parser.add_argument("--keep", action="store_true", help="keep the logs of a good run too")
    arguments = parser.parse_args()
    order = cast(Order, arguments.order)
    plan = Plan(arguments.kinds, arguments.each, order, arguments.rate, arguments.partitions)
    folder = Path(tempfile.mkdtemp(prefix="ticketpulse-rolling-"))
    measured = asyncio.run(_run(folder, plan))
    print(describe(plan, measured))
    if measured.verdict.findings or arguments.keep:
        print(f"  logs: {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if measured.verdict.findings else 0


async def _run(folder: Path, plan: Plan) -> Measured:
    async with LocalKafka(folder / "kafka", KAFKA_LIBS) as kafka:
        return await roll(kafka.brokers, folder, plan)


def describe(plan: Plan, measured: Measured) -> str:
    """Each restart in one line, all of them, and what is wrong."""
    verdict = measured.verdict
    lines = [
        f"{one.kind:10} ended in {one.ended:4.1f} s  joined in {one.joined:4.1f} s  longest pause {pause:4.1f} s"
        for one, pause in zip(measured.restarts, measured.pauses, strict=True)
    ]
    lines.append(
        f"order {plan.order}  rate {plan.rate:.0f}/s  restarts {len(measured.restarts)}  worst pause "
        f"{max(measured.pauses):.1f} s  lost {verdict.lost} doubled {verdict.doubled} windows different "
        f"{verdict.windows}"
    )
    return "\n".join([*lines, *(f"  {finding}" for finding in verdict.findings)])


if __name__ == "__main__":
    sys.exit(main())

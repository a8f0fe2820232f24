"""From the gateway's 202 to the escalation and to the row, through the whole product as processes."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from rich.console import Console

from streams.up.local_kafka import LocalKafka
from streams.up.processes import answers, free_port
from tests.bench.child import Child
from tests.bench.figures import Figure, below, known, quantile
from tests.bench.load import Load, Sent
from tests.bench.sightings import watch_escalations, watch_rows
from tests.servers.clickhouse_process import ClickHouseProcess

START_SECONDS = 90.0
LAST_SECONDS = 15.0
STOP_SECONDS = 30.0


class Schedule(NamedTuple):
    """Events a second; the first `warm_up` seconds of the load do not count."""

    rate: float
    warm_up: float
    seconds: float


FULL = Schedule(200.0, 15.0, 60.0)
QUICK = Schedule(200.0, 5.0, 10.0)


async def measure(folder: Path, libs: Path, schedule: Schedule, console: Console) -> list[Figure]:
    """Start everything in `folder`, send the load, and compare when each event was answered and when it was seen."""
    clickhouse = ClickHouseProcess(folder / "clickhouse")
    async with LocalKafka(folder / "kafka-latency", libs) as kafka:
        await asyncio.to_thread(clickhouse.start)
        try:
            url = clickhouse.url("ticketpulse")
            async with product(folder, kafka.brokers, url) as gateway:
                load = Load(gateway, schedule.rate, schedule.warm_up + schedule.seconds, str(folder / "sent.json"))
                return await _watched(kafka.brokers, url, load, schedule, console)
        finally:
            clickhouse.kill()


@asynccontextmanager
async def product(
    folder: Path, brokers: str, clickhouse_url: str, more: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[str]:
    """`ticketpulse up` without its feed; yields the gateway's address once it accepts events."""
    gateway_port = free_port()
    settings = {
        "KAFKA_BROKERS": brokers,
        "CLICKHOUSE_URL": clickhouse_url,
        "TICKETPULSE_LOCAL_DIR": str(folder / "product"),
        "TICKETPULSE_GATEWAY_PORT": str(gateway_port),
        "TICKETPULSE_PAGE_PORT": str(free_port()),
        **more,
    }
    log = (folder / "up.log").open("wb")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "streams.cli", "up", "--no-feed"),
        stdout=log,
        stderr=log,
        env=os.environ | settings,
    )
    try:
        await _ready(gateway_port, process)
        yield f"http://127.0.0.1:{gateway_port}"
    except BaseException:
        sys.stderr.write((folder / "up.log").read_text()[-3000:])
        raise
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
        log.close()


async def _ready(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not await answers("127.0.0.1", port, "/readyz"):
            if process.returncode is not None:
                raise RuntimeError(f"ticketpulse up ended with status {process.returncode}")
            await asyncio.sleep(0.1)


async def _watched(brokers: str, url: str, load: Load, schedule: Schedule, console: Console) -> list[Figure]:
    escalations: dict[str, float] = {}
    rows: dict[str, float] = {}
    stop, ready = asyncio.Event(), asyncio.Event()
    watching = [
        asyncio.create_task(watch_escalations(brokers, escalations, ready)),
        asyncio.create_task(watch_rows(url, rows, stop)),
    ]
    try:
        await ready.wait()
        async with Child("tests.bench.load", load) as generator:
            await generator.answer(list[int])
        written = await asyncio.to_thread(Path(load.results).read_bytes)
        sent = msgspec.json.decode(written, type=list[Sent])
        await _all_seen([one for one in sent if one.status == 202], rows)
    finally:
        stop.set()
        watching[0].cancel()
        await asyncio.wait(watching)
    for task in watching:
        if not task.cancelled() and (error := task.exception()):
            raise error
    return _figures(sent[int(schedule.rate * schedule.warm_up) :], escalations, rows, console)


async def _all_seen(sent: Sequence[Sent], rows: Mapping[str, float]) -> None:
    """Wait for the last rows, for a while: what is missing then is reported, not waited for."""
    for _ in range(int(LAST_SECONDS / 0.1)):
        if all(one.event_id in rows for one in sent):
            return
        await asyncio.sleep(0.1)


def _figures(
    sent: Sequence[Sent], escalations: Mapping[str, float], rows: Mapping[str, float], console: Console
) -> list[Figure]:
    accepted = [one for one in sent if one.status == 202]
    missing = sum(one.event_id not in rows for one in accepted)
    to_escalation = [escalations[one.event_id] - one.answered for one in accepted if one.event_id in escalations]
    to_row = [rows[one.event_id] - one.answered for one in accepted if one.event_id in rows]
    answers_after = [one.answered - one.due for one in accepted]
    console.print(
        f"  {len(sent)} sent, {len(accepted)} accepted, {missing} without a row, {len(to_escalation)} escalations"
    )
    note = f"{len(accepted)} of {len(sent)} accepted, {missing} never seen; load {os.getloadavg()[0]:.1f}"
    return [
        known("latency", "due to 202, p50", [1000 * quantile(answers_after, 0.5)], "ms", "from the schedule"),
        known("latency", "due to 202, p99", [1000 * quantile(answers_after, 0.99)], "ms"),
        below(
            "latency",
            "202 to escalation, p50",
            1000 * quantile(to_escalation, 0.5),
            "ms",
            100,
            f"{len(to_escalation)} escalations",
        ),
        below("latency", "202 to escalation, p99", 1000 * quantile(to_escalation, 0.99), "ms", 500),
        below("latency", "202 to row, p50", quantile(to_row, 0.5), "s", 1.5, note),
        below("latency", "202 to row, p99", quantile(to_row, 0.99), "s", 4),
    ]

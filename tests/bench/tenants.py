"""What quiet tenants feel of a noisy one, through the whole product as processes: `python -m tests.bench.tenants`.

Four quiet tenants send an angry message of a new ticket now and then; how long after it was due is its escalation on
the topic, and its row in an answer of ClickHouse? First while they are alone, then beside a tenant that sends fifty
times as much as each of them, that floods the gateway with lists under a quota and without one, and that writes to
Kafka past the gateway. Ratios are to the first phase of the same run.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp
from rich.console import Console

from streams.up.local_kafka import LocalKafka
from tests.bench.child import Child
from tests.bench.events import encode
from tests.bench.figures import quantile
from tests.bench.flow import flow
from tests.bench.latency import product
from tests.bench.load import ANGRY
from tests.bench.noise import LOUD, Kind, Made, Noise
from tests.bench.sightings import watch_escalations, watch_rows
from tests.servers.clickhouse_process import ClickHouseProcess

KAFKA_LIBS: Final = Path(__file__).parents[2] / ".local" / "kafka" / "libs"
QUIET: Final = ("quiet-1", "quiet-2", "quiet-3", "quiet-4")
# Events a second of each quiet tenant; the noisy one sends fifty times as many.
RATE: Final = 2.0
TIMES: Final = 50
# What a quota lets the noisy one send: the fifty times, and no flood.
QUOTA: Final = f"[tenants.{LOUD}]\nevents_per_second = {RATE * TIMES:g}\nburst = 200\n"
# Events alone, as before bytes had a quota.
OF_EVENTS: Final = f"{QUOTA}bytes_per_second = 0\n"
# A quarter of what goes with these events by itself; and next to nothing, so that refusing is all there is to do.
FEW_BYTES: Final = f"{QUOTA}bytes_per_second = 50_000\n"
REFUSED: Final = f"{QUOTA}bytes_per_second = 1\nbytes_burst = 1\n"
NO_QUOTA: Final = "[default]\n"
LAST_SECONDS: Final = 40.0
START_SECONDS: Final = 120.0


class Phase(NamedTuple):
    """Who is noisy and how, and what the file of tenants says meanwhile."""

    name: str
    noise: Kind | None
    rate: float = 0.0
    quota: str = NO_QUOTA


PHASES: Final = (
    Phase("alone", None),
    Phase(f"{TIMES} times as much", "single", RATE * TIMES),
    Phase("flood, quota", "lists", quota=QUOTA),
    Phase("one hot ticket, quota", "one ticket", quota=QUOTA),
    Phase("long texts, quota", "long texts", quota=QUOTA),
    Phase("long texts, 50 KB/s", "long texts", quota=FEW_BYTES),
    Phase("long texts, refused", "long texts", quota=REFUSED),
    Phase("awkward texts, quota", "awkward texts", quota=QUOTA),
    Phase("flood, no quota", "lists"),
    Phase("past the gateway", "kafka", 2_000.0),
    # Last: most of what it let in is still to be done when it ends.
    Phase("long texts, no quota of bytes", "long texts", quota=OF_EVENTS),
)


class Felt(NamedTuple):
    """Seconds from when a message was due, of all quiet messages of a phase that were seen; and how many were not."""

    to_escalation: Sequence[float]
    to_row: Sequence[float] | None
    sent: int
    accepted: int
    made: Made


class Seen(NamedTuple):
    """When each event was first seen, in seconds of the machine's monotonic clock; without a store no rows are."""

    escalations: dict[str, float]
    rows: dict[str, float] | None


def main() -> None:
    """Measure the phases that are asked for, the first one always."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tenants", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each phase")
    parser.add_argument("--only", nargs="*", metavar="KIND", help="kinds of noise or names of phases")
    parser.add_argument("--escalations", action="store_true", help="gateway, score and track alone; no rows")
    asked = parser.parse_args()
    phases = [
        each for each in PHASES if each.noise is None or asked.only is None or {each.noise, each.name} & {*asked.only}
    ]
    with tempfile.TemporaryDirectory(prefix="ticketpulse-tenants-") as folder:
        measure = _escalations if asked.escalations else _measure
        asyncio.run(measure(Path(folder), phases, asked.seconds, Console(width=180)))


async def _measure(folder: Path, phases: Sequence[Phase], seconds: float, console: Console) -> None:
    file = folder / "tenants.toml"
    file.write_text(NO_QUOTA)
    clickhouse = ClickHouseProcess(folder / "clickhouse")
    async with LocalKafka(folder / "kafka", KAFKA_LIBS) as kafka:
        await asyncio.to_thread(clickhouse.start)
        try:
            url = clickhouse.url("ticketpulse")
            async with product(folder, kafka.brokers, url, {"TICKETPULSE_TENANTS": str(file)}) as gateway:
                await _phases(gateway, kafka.brokers, url, file, phases, seconds, console)
        finally:
            clickhouse.kill()


async def _escalations(folder: Path, phases: Sequence[Phase], seconds: float, console: Console) -> None:
    file = folder / "tenants.toml"
    file.write_text(NO_QUOTA)
    async with (
        LocalKafka(folder / "kafka", KAFKA_LIBS) as kafka,
        flow(folder, kafka.brokers, {"TICKETPULSE_TENANTS": str(file)}) as gateway,
    ):
        await _phases(gateway, kafka.brokers, None, file, phases, seconds, console)


async def _phases(
    gateway: str, brokers: str, url: str | None, file: Path, phases: Sequence[Phase], seconds: float, console: Console
) -> None:
    seen, stop, ready = Seen({}, {} if url else None), asyncio.Event(), asyncio.Event()
    watching = [asyncio.create_task(watch_escalations(brokers, seen.escalations, ready))]
    if url is not None and seen.rows is not None:
        watching.append(asyncio.create_task(watch_rows(url, seen.rows, stop, "quiet-")))
    try:
        await ready.wait()
        # The first messages pay for what is made once, and wait for the stages to be there.
        await _seen(await _quiet(gateway, "warm-up", 8.0), seen, START_SECONDS)
        first: Felt | None = None
        for number, phase in enumerate(phases):
            await asyncio.to_thread(file.write_text, phase.quota)
            # Until every process has looked at it.
            await asyncio.sleep(3.0)
            felt = await _felt(gateway, brokers, phase, number, seconds, seen)
            first = first or felt
            console.print(_line(phase, felt, first, seconds), highlight=False)
    finally:
        stop.set()
        watching[0].cancel()
        await asyncio.wait(watching)


async def _felt(gateway: str, brokers: str, phase: Phase, number: int, seconds: float, seen: Seen) -> Felt:
    if phase.noise is None:
        due, made = await _quiet(gateway, f"p{number}", seconds), Made(0, 0)
    else:
        noise = Noise(gateway, brokers, phase.noise, phase.rate, seconds + 2)
        async with Child("tests.bench.noise", noise) as child:
            # It is noisy before the others begin.
            await asyncio.sleep(2.0)
            due = await _quiet(gateway, f"p{number}", seconds)
            made = Made(*await child.answer(list[int]))
    sent = int(len(QUIET) * RATE * seconds)
    await _seen(due, seen)
    return Felt(
        [seen.escalations[each] - at for each, at in due.items() if each in seen.escalations],
        None if seen.rows is None else [seen.rows[each] - at for each, at in due.items() if each in seen.rows],
        sent,
        len(due),
        made,
    )


async def _quiet(gateway: str, name: str, seconds: float) -> Mapping[str, float]:
    """The quiet tenants' messages that were accepted, and when each was due."""
    due: dict[str, float] = {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(event_id: str, tenant: str, at: float) -> None:
            body = {"event_id": event_id, "tenant": tenant, "ticket_id": event_id, "text": ANGRY, "channel": "email"}
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{gateway}/api/v1/events", data=encode(body), headers=headers) as answer:
                if answer.status == 202:
                    due[event_id] = at

        began, sends = time.monotonic(), []
        for number in range(int(len(QUIET) * RATE * seconds)):
            at = began + number / (len(QUIET) * RATE)
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            sends.append(asyncio.create_task(send(f"{name}-{number}", QUIET[number % len(QUIET)], at)))
        await asyncio.gather(*sends)
    return due


async def _seen(due: Mapping[str, float], seen: Seen, seconds: float = LAST_SECONDS) -> None:
    """Wait for the last of them, for a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not all(
        each in seen.escalations and (seen.rows is None or each in seen.rows) for each in due
    ):
        await asyncio.sleep(0.1)


def _line(phase: Phase, felt: Felt, first: Felt, seconds: float) -> str:
    told = [
        f"{phase.name:<29}",
        f"noise {felt.made.accepted / (seconds + 2):6.0f}/s in, {felt.made.refused:6d} refused",
    ]
    for what, values, before in (
        ("escalation", felt.to_escalation, first.to_escalation),
        ("row", felt.to_row, first.to_row),
    ):
        if values is None or before is None:
            continue
        if not values or not before:
            told.append(f"{what}: {len(values)} seen, {len(before)} in the first phase")
            continue
        p50, p99 = quantile(values, 0.5), quantile(values, 0.99)
        ratio = f"({p50 / quantile(before, 0.5):.1f}x, {p99 / quantile(before, 0.99):.1f}x)"
        told.append(f"{what} p50 {p50:.2f} s p99 {p99:.2f} s {ratio}")
    rows = felt.to_escalation if felt.to_row is None else felt.to_row
    missing = felt.sent - min(len(felt.to_escalation), len(rows))
    return "; ".join([*told, f"{missing} of {felt.sent} not seen"])


if __name__ == "__main__":
    main()

"""The embedded process: killed in the middle of its work it loses nothing and does nothing twice."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from itertools import product
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import httpx

from schemas.notifications import decode_notification
from schemas.windows import decode_aggregate
from streams import topics
from streams.engine.local import LocalLog, SqliteStorage
from streams.engine.local.storage import LocalRecord
from streams.topics import STORED
from streams.up.processes import free_port, tied
from tests.policies import SIMPLE_FOLDER

PARTITIONS = 3
TICKETS = 150
EVENTS, BATCH = 1_600, 20
KILLS = (400, 900)
UNDER_WAY = 3
# Seconds for an answer, and for all that must happen until something is true: other tests may run beside.
PATIENCE, WAIT = 60.0, 200.0
SIZES = (5, 60, 86400)
# Of those that every event counts in.
DIMENSIONS = ("overall", "channel", "category", "priority")
FIGURES = (
    *("events", "scored", "very_negative", "negative", "neutral", "positive", "very_positive"),
    *("score_sum", "escalations", "resolved", "ratings", "satisfaction"),
)
TEXTS = (
    "This is the worst, most terrible, horrible, awful, disgusting service. I hate it.",
    "Where do I find my invoice?",
    "Wonderful, thank you so much. Excellent and quick!",
    "Nothing has changed and I am disappointed.",
)

Batch = list[dict[str, Any]]
Process = subprocess.Popen[bytes]
# Size and start in seconds, dimension, value; and the figures of FIGURES.
Cell = tuple[int, int, str, str]
Figures = tuple[int, ...]

_RUN = """
from streams.config import Settings
from streams.embedded import run
run(Settings(), rate=None)
"""
_COUNT = """
import json, sys
from sinks.clickhouse.client import connect
client = connect("chdb://" + sys.argv[1])
print(json.dumps({table: client.query(f"SELECT count() FROM {table} FINAL").first_row[0] for table in sys.argv[2:]}))
"""


class Embedded:
    """The process under test, and its folder; `also` are more variables of its environment."""

    def __init__(self, folder: Path, also: Mapping[str, str] = MappingProxyType({})) -> None:
        self.folder = folder / "embedded"
        self._stderr = folder / "stderr.log"
        ports = free_port(), free_port()
        self.gateway, self.page = (f"http://127.0.0.1:{port}" for port in ports)
        self._env = {
            **os.environ,
            "TICKETPULSE_LOCAL_DIR": str(folder),
            "TICKETPULSE_GATEWAY_PORT": str(ports[0]),
            "TICKETPULSE_PAGE_PORT": str(ports[1]),
            "TICKETPULSE_PARTITIONS": str(PARTITIONS),
            "TICKETPULSE_WINDOW_SIZES": json.dumps(SIZES),
            "TICKETPULSE_POLICIES": str(SIMPLE_FOLDER),
            **also,
        }

    def spawn(self) -> Process:
        """Another process on the same folder."""
        with self._stderr.open("a") as stderr:
            return subprocess.Popen(tied([sys.executable, "-c", _RUN]), env=self._env, stderr=stderr)

    def said(self) -> str:
        """What all processes have written to stderr so far."""
        return self._stderr.read_text()

    @asynccontextmanager
    async def life(self) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
        """The process, once its gateway is ready; killed at the end unless it has ended."""
        process = self.spawn()
        try:
            async with httpx.AsyncClient(base_url=self.gateway, timeout=PATIENCE) as client:
                await until(lambda: self._ready(client, process))
                yield process, client
        finally:
            process.kill()
            process.wait()

    async def _ready(self, client: httpx.AsyncClient, process: Process) -> bool:
        assert process.poll() is None, self.said()
        try:
            return (await client.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    @contextmanager
    def log(self) -> Iterator[LocalLog]:
        """The log as it stands in the file."""
        log = LocalLog(SqliteStorage(self.folder / "log.sqlite"), lambda: 0)
        yield log
        log.close()

    def rows(self) -> dict[str, int]:
        """How many rows each table has. In a process of its own: a process can have one chDB only."""
        argv = [sys.executable, "-c", _COUNT, str(self.folder / "clickhouse"), *STORED.values()]
        counted: dict[str, int] = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
        return counted


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(WAIT):
        while not await true():
            await asyncio.sleep(0.05)


def read(log: LocalLog, topic: str) -> list[LocalRecord]:
    """Every record of a topic, partition after partition."""
    return [record for slot in log.slots([topic]) for record in log.read(slot, 0, limit=1_000_000, max_bytes=1 << 30)]


def generated() -> Iterator[Batch]:
    """Batches of events of interleaved tickets."""
    random = Random(7)
    for first in range(0, EVENTS, BATCH):
        yield [event(number, random) for number in range(first, first + BATCH)]


def event(number: int, random: Random) -> dict[str, Any]:
    """A text, a rating or a change of status."""
    fields = {
        "event_id": f"event-{number}",
        "ticket_id": f"ticket-{random.randrange(TICKETS)}",
        "channel": random.choice(("email", "chat", "web")),
        "priority": random.choice((None, "low", "urgent")),
    }
    kind = random.random()
    if kind < 0.1:
        return {**fields, "type": "rated", "satisfaction": random.randint(1, 5)}
    if kind < 0.25:
        return {**fields, "type": "status_changed", "status": random.choice(("open", "in_progress", "resolved"))}
    return {**fields, "type": "message", "text": random.choice(TEXTS)}


async def post(client: httpx.AsyncClient, batch: Batch, accepted: list[str]) -> Batch:
    """Send a batch and note the ids that were accepted. Returns what must be sent again: it may be stored or not."""
    try:
        response = await client.post("/api/v1/events", json=batch)
    except httpx.TransportError:
        return batch
    assert response.status_code == 202, response.text
    accepted += response.json()["accepted"]
    return []


async def send(client: httpx.AsyncClient, batches: Iterator[Batch], accepted: list[str], up_to: int) -> None:
    """Send until that many events were accepted, or all are sent."""
    while len(accepted) < up_to and (batch := next(batches, None)):
        assert await post(client, batch, accepted) == []


async def live_and_die(embedded: Embedded, batches: Iterator[Batch], accepted: list[str], up_to: int) -> list[Batch]:
    """One life of the process, killed while requests are under way. Returns what must be sent again."""
    async with embedded.life() as (process, client):
        await send(client, batches, accepted, up_to)
        under_way = [asyncio.create_task(post(client, next(batches), accepted)) for _ in range(UNDER_WAY)]
        await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        process.send_signal(signal.SIGKILL)
        return [again for task in under_way if (again := await task)]


async def all_stored(embedded: Embedded, accepted: set[str]) -> bool:
    """Whether every accepted event counts in the windows, and the sink has written everything."""
    with embedded.log() as log:
        windows = newest_windows(log)
        written = log.group_positions("clickhouse")
        waiting = [slot for slot in log.slots(STORED) if log.bounds(slot).end > written.get(slot, 0)]
    # Each cell has its own partition of the aggregates, and one may be behind the others.
    counted: Counter[tuple[int, str]] = Counter()
    for (size, _, dimension, _), figures in windows.items():
        counted[size, dimension] += figures[0]
    return not waiting and all(counted[way] == len(accepted) for way in product(SIZES, DIMENSIONS))


def newest_windows(log: LocalLog) -> dict[Cell, Figures]:
    """The last revision of each window on its topic. None is left out and none comes twice."""
    revisions: Counter[Cell] = Counter()
    newest: dict[Cell, Figures] = {}
    for record in read(log, topics.WINDOWS):
        window = decode_aggregate(record.value or b"")
        cell = (window.size, int(window.start.timestamp()), window.dimension, window.value)
        revisions[cell] += 1
        assert window.revision == revisions[cell]
        newest[cell] = tuple(getattr(window.totals, name) for name in FIGURES)
    return newest


async def test_a_process_that_is_killed_again_and_again_counts_every_event_once(tmp_path: Path) -> None:
    embedded, accepted, batches = Embedded(tmp_path), list[str](), generated()
    again: list[Batch] = []
    for up_to in KILLS:
        again += await live_and_die(embedded, batches, accepted, up_to)
    async with embedded.life() as (process, client):
        for batch in again:
            assert await post(client, batch, accepted) == []
        await send(client, batches, accepted, EVENTS)
        ids = set(accepted)
        assert ids == {f"event-{number}" for number in range(EVENTS)}
        await until(lambda: all_stored(embedded, ids))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 120) == 0
    with embedded.log() as log:
        scored = [json.loads(record.value or b"") for record in read(log, topics.SCORED) if not record.headers]
        records = [json.loads(record.value or b"") for record in read(log, topics.ESCALATIONS)]
        windows = newest_windows(log)
        sent = [json.loads(record.value or b"")["event_id"] for record in read(log, topics.EVENTS)]
        ledger = [decode_notification(record.value or b"") for record in read(log, topics.NOTIFICATIONS)]
    # Only what was sent again after a kill was appended again; each record that was appended is scored once.
    assert sorted(one["event_id"] for one in scored) == sorted(sent)
    assert set(sent) == ids
    assert len(sent) - len(ids) <= len(KILLS) * UNDER_WAY * BATCH
    firsts = first_of_each(scored)
    raised = [one for one in records if one["revision"] == 1]
    newest = {one["escalation_id"]: one for one in sorted(records, key=lambda one: one["revision"])}
    numbers = {f"TKT-{one['occurred_at'][:4]}-{n + 1:04d}" for n, one in enumerate(raised)}
    assert {one["number"] for one in newest.values()} == numbers
    assert sorted(one["event_id"] for one in raised) == sorted(escalating(firsts))
    assert len({one["ticket_id"] for one in raised}) == len(raised) > 0
    assert windows == recomputed(firsts, {one["event_id"] for one in raised})
    # Nobody is there to be told, which the ledger says once of each step of an escalation.
    assert {each.state for each in ledger} == {"suppressed"}
    assert len({each.notification_id for each in ledger}) == len(ledger)
    assert {each.about for each in ledger if each.kind == "escalation"} == {(one["escalation_id"],) for one in raised}
    assert embedded.rows() == {
        "scored_events": EVENTS,
        "escalations": len(raised),
        "windows": len(windows),
        "alerts": 0,
        "notifications": len(ledger),
        "corrections": 0,
        "audit": 0,
        "suggestion_uses": 0,
        "enrichments": 0,
        "shadow_scores": 0,
        "predictions": 0,
        "assignments": 0,
        "dead_letters": 0,
    }


def first_of_each(scored: Batch) -> Batch:
    """The scored events without those whose id came before."""
    firsts: dict[str, dict[str, Any]] = {}
    for one in scored:
        firsts.setdefault(one["event_id"], one)
    return list(firsts.values())


def escalating(scored: Batch) -> list[str]:
    """The ids of the events that must escalate: a ticket's first very bad text while it is new or open."""
    status: dict[str, tuple[str, str]] = {}
    escalated: dict[str, str] = {}
    for one in scored:
        ticket, at = one["ticket_id"], one["occurred_at"]
        if one["status"] and at >= status.get(ticket, ("", ""))[0]:
            status[ticket] = at, one["status"]
        open_still = status.get(ticket, ("", "new"))[1] in ("new", "open")
        if one["sentiment"] and one["sentiment"]["score"] < 2.0 and open_still:
            escalated.setdefault(ticket, one["event_id"])
    return list(escalated.values())


def recomputed(scored: Batch, escalated: set[str]) -> dict[Cell, Figures]:
    """The windows as they must be, straight from the scored events."""
    cells: defaultdict[Cell, Counter[str]] = defaultdict(Counter)
    for one in scored:
        at = int(datetime.fromisoformat(one["occurred_at"]).timestamp())
        figures = figures_of(one, one["event_id"] in escalated)
        for size, (dimension, value) in product(
            SIZES,
            (
                ("overall", ""),
                ("channel", one["channel"]),
                ("category", one["category"]),
                ("priority", one["priority"] or "medium"),
                *([("journey_stage", one["journey_stage"])] if one["journey_stage"] else []),
            ),
        ):
            cells[size, at // size * size, dimension, value].update(figures)
    return {cell: tuple(figures[name] for name in FIGURES) for cell, figures in cells.items()}


def figures_of(one: dict[str, Any], escalated: bool) -> Counter[str]:
    """What one scored event counts."""
    figures = Counter(events=1, escalations=int(escalated), resolved=int(one["status"] == "resolved"))
    if one["sentiment"]:
        figures.update(["scored", one["sentiment"]["label"]])
        figures["score_sum"] = round(one["sentiment"]["score"] * 100)
    if one["satisfaction"]:
        figures.update(ratings=1, satisfaction=one["satisfaction"])
    return figures


async def test_a_second_run_goes_on_and_only_one_runs_at_a_time(tmp_path: Path) -> None:
    embedded, accepted, batches = Embedded(tmp_path), list[str](), generated()
    for total in (BATCH, 2 * BATCH):
        async with (
            embedded.life() as (process, client),
            httpx.AsyncClient(base_url=embedded.page, timeout=PATIENCE) as page,
        ):
            await send(client, batches, accepted, total)

            async def shown(page: httpx.AsyncClient = page, total: int = total) -> bool:
                live = (await page.get("/api/v1/live")).json()
                return bool(live["totals"]["events"] == total)

            await until(shown)
            if total == BATCH:
                other = embedded.spawn()
                assert await asyncio.to_thread(other.wait, 120) != 0
                assert f"already running: pid {process.pid}" in embedded.said()
            process.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(process.wait, 120) == 0

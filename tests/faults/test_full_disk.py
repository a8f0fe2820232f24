"""`ticketpulse up --embedded` on a disk that fills up beneath its log and its database, and is freed again."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import httpx
import msgspec

from sinks.clickhouse.console import query
from streams import topics
from streams.engine.local import LocalLog, SqliteStorage
from streams.up.processes import free_port, tied
from tests.contract.full_disk import fill, free, on_a_small_disk

BATCH = 20
PARTITIONS = 2
# On a machine that does other things too.
WAIT = 240.0
FULL = "the disk is full, and nothing is kept until there is space"
# A feed of its own would send more than the test knows of.
_RUN = """
from streams.config import Settings
from streams.embedded import run
run(Settings(), rate=None)
"""


class SmallWorld:
    """The process, its disk as it is seen from outside, and every event that it has accepted."""

    def __init__(self, folder: Path) -> None:
        disk = folder / "disk"
        disk.mkdir()
        ports = free_port(), free_port()
        self.accepted: set[str] = set()
        self._sent = 0
        self._random = Random(3)
        self._stderr = folder / "stderr.log"
        environment = {
            **os.environ,
            "TICKETPULSE_LOCAL_DIR": str(disk),
            "TICKETPULSE_GATEWAY_PORT": str(ports[0]),
            "TICKETPULSE_PAGE_PORT": str(ports[1]),
            "TICKETPULSE_PARTITIONS": str(PARTITIONS),
        }
        argv = tied([*on_a_small_disk(disk), sys.executable, "-c", _RUN])
        with self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(argv, env=environment, stdout=stderr, stderr=stderr)
        self.disk = Path(f"/proc/{self.process.pid}/root{disk}")
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[0]}", timeout=WAIT, trust_env=False)

    def said(self) -> str:
        """What it has written so far."""
        return self._stderr.read_text()

    async def ready(self) -> bool:
        """Whether it takes events."""
        try:
            return (await self.client.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def post(self) -> httpx.Response:
        """Send a batch of texts that do not compress, and note what was accepted."""
        batch = []
        for _ in range(BATCH):
            text = self._random.randbytes(2_000).hex()
            batch.append({"event_id": f"E{self._sent}", "ticket_id": f"T{self._sent % 7}", "text": text})
            self._sent += 1
        answer = await self.client.post("/api/v1/events", json=batch)
        if answer.status_code == 202:
            self.accepted.update(answer.json()["accepted"])
        return answer

    def scored(self) -> list[str]:
        """The ids of the scored events in the log, as often as they are there."""
        log = LocalLog(SqliteStorage(self._copied_log()), lambda: 0)
        try:
            return [
                msgspec.json.decode(record.value)["event_id"]
                for slot in log.slots([topics.SCORED])
                for record in log.read(slot, 0, 1_000_000, 1 << 30)
                # The registry's answers stand between the events.
                if record.value is not None and not record.headers
            ]
        finally:
            log.close()

    def _copied_log(self) -> Path:
        """The log as a crash would leave it now: SQLite cannot open it where only the process sees the disk."""
        copy = Path(tempfile.mkdtemp(dir=self._stderr.parent))
        self.process.send_signal(signal.SIGSTOP)
        try:
            for part in (self.disk / "embedded").glob("log.sqlite*"):
                shutil.copy(part, copy)
        finally:
            self.process.send_signal(signal.SIGCONT)
        (copy / "log.sqlite-shm").unlink(missing_ok=True)
        return copy / "log.sqlite"

    def stored(self) -> tuple[int, int]:
        """Rows of the scored events in ClickHouse, and different events in them."""
        sql = "SELECT count() AS rows, uniqExact(event_id) AS events FROM scored_events_now"
        # The path of a socket must be short.
        folder = os.open(self.disk / "embedded", os.O_PATH)
        try:
            counted = json.loads(query(f"chdb:///proc/self/fd/{folder}/clickhouse", sql, "JSONEachRow"))
        finally:
            os.close(folder)
        return int(counted["rows"]), int(counted["events"])

    async def until(self, true: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for a condition while the process lives."""
        try:
            async with asyncio.timeout(WAIT):
                while not await true():
                    assert self.process.poll() is None, self.said()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not within {WAIT:.0f} s: {what}; it said {self.said()[-2_000:]}") from None


async def test_a_full_disk_under_the_embedded_process_stops_it_and_space_lets_it_go_on(tmp_path: Path) -> None:
    world = SmallWorld(tmp_path)

    async def all_stored() -> bool:
        return world.stored() == (len(world.accepted), len(world.accepted))

    async def refused() -> bool:
        answer = await world.post()
        return answer.status_code == 503 and "the disk is full" in answer.text

    async def stages_try_again() -> None:
        tried = world.said().count(FULL)

        async def tried_again() -> bool:
            return world.said().count(FULL) > tried + 2

        await world.until(tried_again, "the stages try again, and say why")

    async def taken() -> bool:
        return (await world.post()).status_code == 202

    try:
        await world.until(world.ready, "it is ready")
        assert (await world.post()).status_code == 202
        await world.until(all_stored, "what was sent first is stored")
        fill(world.disk / "filler")
        await world.until(refused, "events are refused, and the answer says why")
        # What is smaller than the batch that was refused may still have found room.
        await stages_try_again()
        before = world.scored()
        await stages_try_again()
        assert world.scored() == before
        free(world.disk / "filler")
        await world.until(taken, "events are taken again")
        await world.until(all_stored, "everything that was accepted is stored")
        assert sorted(world.scored()) == sorted(world.accepted)
    finally:
        world.process.kill()
        world.process.wait()
        await world.client.aclose()

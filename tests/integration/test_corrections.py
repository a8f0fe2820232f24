"""From a click to the record and back: a correction over HTTP, Kafka and ClickHouse, by the real processes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from aiokafka import AIOKafkaProducer

from schemas.corrections import decode_correction
from schemas.deadletters import error_headers
from schemas.events import ticket_key
from schemas.rejections import Reason, Rejected
from streams import topics
from streams.broker.admin import apply_topics
from streams.engine.partitioner import partition_of
from streams.up.local_kafka import LocalKafka
from streams.up.processes import free_port
from tests.contract.messages import scored
from tests.integration.reading import read_committed

PARTITIONS = 2
PATIENCE = 120.0
CORRECTION = {"ticket_id": "T-1", "event_id": "event-0", "field": "label", "old": "negative", "new": "neutral"}


class Product:
    """Our commands, all under the same settings."""

    def __init__(self, brokers: str, folder: Path) -> None:
        self.page = f"http://127.0.0.1:{(port := free_port())}"
        self._environment = os.environ | {
            "KAFKA_BROKERS": brokers,
            "CLICKHOUSE_URL": f"chdb://{folder / 'clickhouse'}",
            "TICKETPULSE_TOKENS": str(folder / "tokens.toml"),
            "TICKETPULSE_PAGE_PORT": str(port),
            "TICKETPULSE_LOCAL_DIR": str(folder),
        }

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def token(self, role: str, *options: str) -> dict[str, str]:
        made = self.run("token", "new", "--role", role, "--name", f"{role} of the test", *options)
        return {"Authorization": f"Bearer {made.strip()}"}

    @asynccontextmanager
    async def storing(self) -> AsyncIterator[None]:
        """The sink with the page, until the block ends."""
        arguments = [sys.executable, "-m", "streams.cli", "sink", "clickhouse", "--serve-page"]
        process = await asyncio.create_subprocess_exec(*arguments, env=self._environment)
        try:
            yield
            process.terminate()
            assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def until(ask: Callable[[], Awaitable[Any]]) -> Any:
    """What is answered once there is an answer."""
    async with asyncio.timeout(PATIENCE):
        while not (answer := await ask()):
            await asyncio.sleep(0.1)
    return answer


async def fill(brokers: str) -> None:
    """A message of a ticket, and a record that could not be read."""
    message = scored(0).value or b""
    producer = AIOKafkaProducer(bootstrap_servers=brokers, acks="all")
    await producer.start()
    key = ticket_key("default", "T-1")
    await producer.send_and_wait(topics.SCORED, message, key, partition=partition_of(key, message, PARTITIONS))
    rejected = Rejected(Reason.NOT_JSON, "value", "not JSON")
    headers = list(error_headers("score", topics.EVENTS, 0, 7, rejected, 1))
    await producer.send_and_wait(topics.DEAD_LETTERS, b"{", b"key", partition=0, headers=headers)
    await producer.stop()


async def test_a_correction_comes_back_in_the_record_and_what_was_done_in_the_audit(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    await own_kafka.start()
    await apply_topics(own_kafka.brokers, topics.ALL, PARTITIONS, replication=1)
    await fill(own_kafka.brokers)
    product = Product(own_kafka.brokers, tmp_path)
    product.run("migrate")
    act, admin = product.token("act", "--tenant", "default"), product.token("admin")
    async with product.storing(), httpx.AsyncClient(base_url=product.page, timeout=60, trust_env=False) as page:

        async def record() -> dict[str, Any] | None:
            try:
                answer = await page.get("/api/v1/conversations/T-1", headers=act)
            except httpx.TransportError:
                return None
            return dict(answer.json()) if answer.status_code == 200 else None

        assert (await until(record))["corrections"] == []
        assert (await page.post("/api/v1/corrections", json=CORRECTION)).status_code == 401
        posted = [await page.post("/api/v1/corrections", json=CORRECTION, headers=act) for _ in range(2)]
        assert [(each.status_code, each.json()["state"]) for each in posted] == [(202, "recorded"), (202, "known")]

        async def corrected() -> dict[str, Any] | None:
            told = await record()
            return told if told and told["corrections"] else None

        told = await until(corrected)
        (shown,) = told["corrections"]
        assert shown["correction_id"] == posted[0].json()["correction_id"]
        assert (shown["corrected_by"], shown["stands"]) == ("act of the test", True)
        # What was read stays what was read.
        assert told["messages"][0]["label"] == "negative"
        assert told["state"]["score_avg"] == 2.05
        (kept,) = await read_committed(own_kafka.brokers, topics.CORRECTIONS, PARTITIONS)
        assert decode_correction(kept.value or b"").correction_id == shown["correction_id"]
        assert kept.key == ticket_key("default", "T-1")

        dropped = msgspec.json.decode(product.run("dlq", "drop", "0-0", "--note", "a trial", "-o", "json"))
        assert dropped == {"dropped": 1, "left": {}}

        async def entries() -> list[dict[str, Any]] | None:
            answer = await page.get("/api/v1/audit", headers=admin)
            found = [each for each in answer.json()["entries"] if each["action"] != "audit.read"]
            return found if len(found) == 3 else None

        drop, *posts = await until(entries)
        assert (drop["action"], drop["source"], drop["target"]) == ("dlq.drop", "cli", "0-0")
        assert (drop["result"], drop["detail"]) == ("done", "1: a trial")
        for each in posts:
            assert (each["action"], each["result"], each["actor"]) == ("correction.post", "done", "act of the test")
            assert (each["tenant"], each["target"]) == ("default", "T-1/event event-0")
            assert each["detail"] == "POST 202: label negative -> neutral"
        # A token of one tenant does not administer, and asks for no other tenant.
        assert (await page.get("/api/v1/audit", headers=act)).status_code == 403
        assert (await page.get("/api/v1/corrections?tenant=other", headers=act)).status_code == 403

"""A customer is erased while events flow, and the command, a worker and the sink are killed in the middle: then nobody
finds the customer, and neither a replay nor a sink that reads everything again brings the customer back.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from sinks.clickhouse.client import connect
from streams import topics
from streams.broker.lag import await_read
from streams.up.local_kafka import LocalKafka
from streams.up.processes import last_lines
from tests.faults.pipeline import PARTITIONS, Pipeline, pipeline
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.soak.cluster import WAY
from tests.soak.reading import read_topic
from tests.soak.stored import Sink, run_command
from tests.soak.workers import Worker

CANARY: Final = "canary5f1e"
SAID: Final = f"I am {CANARY}, write to {CANARY}@example.com. This is terrible, I want a refund now!"
_SECONDS: Final = 240.0
_STAGES: Final = ("score", "track", "registry", "trends", "notify", "routing")
_EXPORT: Final = ["privacy", "export", "--customer", CANARY]
_ERASE: Final = [
    "privacy",
    "erase",
    "--customer",
    CANARY,
    "--email",
    f"{CANARY}@example.com",
    "--yes",
    "--wait",
    "240",
    "-o",
    "json",
]


def event(number: int, customer: str, text: str, **fields: Any) -> bytes:
    """A message of a customer; each of them has three tickets."""
    ticket = f"T-{customer}-{number % 3}" if customer != CANARY else f"T-{number % 3}"
    said = {"event_id": f"{customer}-{number}", "ticket_id": ticket, "text": text, "customer_id": customer}
    return json.dumps({**said, "occurred_at": time.time() - 5, "priority": "urgent", **fields}).encode()


def events_of_the_customer() -> list[bytes]:
    """What the customer says, what an agent answers, and what cannot be read."""
    mine = [event(n, CANARY, SAID, subject=SAID, email=f"{CANARY}@example.com", phone="+12127365000") for n in range(9)]
    answers = [
        event(n, CANARY, f"Dear {CANARY}, sorry", type="agent_reply", author="agent", customer_id=None)
        for n in (10, 11)
    ]
    broken = event(20, CANARY, SAID, channel=CANARY)
    return [*mine, *answers, broken]


class Others:
    """Other customers, who write on meanwhile."""

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._enough = False
        self.sent = 0

    def stop(self) -> None:
        """Send no more."""
        self._enough = True

    async def run(self) -> None:
        """Send until it is enough."""
        async with AIOKafkaProducer(bootstrap_servers=self._brokers) as producer:
            while not self._enough:
                value = event(self.sent, f"other{self.sent % 7}", "Where is my invoice? This is bad.")
                await producer.send_and_wait(topics.EVENTS, value, partition=self.sent % PARTITIONS)
                self.sent += 1
                await asyncio.sleep(0.05)


async def test_an_erased_customer_is_found_nowhere_and_does_not_come_back(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    await own_kafka.start()
    clickhouse = ClickHouseProcess(tmp_path / "clickhouse")
    clickhouse.start()
    environment = {
        "KAFKA_BROKERS": own_kafka.brokers,
        "CLICKHOUSE_URL": clickhouse.url("default"),
        "TICKETPULSE_PRIVACY_KEYS": "k1:0123456789abcdef0123",
        "TICKETPULSE_REPORT_DIR": str(tmp_path / "reports"),
    }
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "week.html").write_text(f"<p>{CANARY} was angry</p>")
    (tmp_path / "reports" / "week.pdf").write_bytes(b"compressed")
    (tmp_path / "reports" / "other.html").write_text("<p>nobody</p>")
    others = Others(own_kafka.brokers)
    try:
        async with pipeline(own_kafka, tmp_path) as running:
            await run_command(["migrate"], environment, tmp_path)
            sink = Sink(0, environment, tmp_path)
            for stage in _STAGES:
                running.start(stage, also=environment)
            for stage in _STAGES:
                await running.until(partial(_has_worker, running, stage), f"{stage} runs", _SECONDS)
            mine = events_of_the_customer()
            await _send(own_kafka.brokers, mine)
            stored = {"ticketpulse-clickhouse": list(topics.STORED)}
            for stage in WAY:
                await running.through(stage, _SECONDS)
            await await_read(own_kafka.brokers, stored, lambda said: None, _SECONDS)
            assert "track" in await _state(own_kafka.brokers)

            shown = json.loads(await run_command(_EXPORT, environment, tmp_path))
            assert shown["tickets"] == ["T-0", "T-1", "T-2"]
            assert {row["event_id"] for row in shown["tables"]["scored_events"]} >= {f"{CANARY}-{n}" for n in range(9)}
            assert CANARY in json.dumps(shown["tables"]["dead_letters"])

            feeding = asyncio.create_task(others.run())
            # The command dies when the first stage has answered and before the last one could, a worker and the sink
            # with it.
            [routing] = running.of("routing")
            routing.stop()
            begun = _erase(environment, tmp_path)
            while not [one for one in await _told(own_kafka.brokers) if one["type"] == "removed"]:
                assert begun.poll() is None, last_lines(tmp_path / "erase.log")
            begun.kill()
            begun.wait()
            routing.wake()
            [track] = running.of("track")
            track.kill()
            sink.kill()
            running.workers.remove(track)
            running.workers.append(Worker("track", 9, own_kafka.brokers, tmp_path, also=environment))
            sink = Sink(1, environment, tmp_path)

            receipt = json.loads(await run_command(_ERASE, environment, tmp_path))
            assert receipt["resumed"]
            assert receipt["tickets"] == 3
            removed = receipt["removed"]
            assert removed["clickhouse scored_events"] >= 11
            assert removed["track conversations"] >= 3
            assert removed["dead letters dropped"] == 1
            assert removed["reports"] == 2
            assert await _left(own_kafka.brokers, clickhouse) == {}
            assert [each.name for each in (tmp_path / "reports").iterdir()] == ["other.html"]

            # Neither the same records again, nor letters that are sent again, nor a sink that reads all topics anew.
            await _send(own_kafka.brokers, mine[:-1])
            others.stop()
            await feeding
            for stage in WAY:
                await running.through(stage, _SECONDS)
            await sink.leave()
            sink = Sink(2, {**environment, "TICKETPULSE_NAME": "again"}, tmp_path)
            again = {"again-clickhouse": list(topics.STORED)}
            await await_read(own_kafka.brokers, again, lambda said: None, _SECONDS)
            assert await _left(own_kafka.brokers, clickhouse) == {}
            kept = _ask(clickhouse, "SELECT uniqExact(event_id) FROM scored_events")
            assert int(kept[0][0]) == others.sent

            # Again: there is nothing left to do.
            sink.discard()
            sink = Sink(3, environment, tmp_path)
            second = json.loads(await run_command(_ERASE, environment, tmp_path))
            assert not second["resumed"]
            assert not any(name.startswith("track") for name in second["removed"])
            audit = [json.loads(one.value) for one in await read_topic(own_kafka.brokers, topics.AUDIT, PARTITIONS)]
            assert [one["action"] for one in audit].count("privacy.erase") == 2
            assert CANARY not in json.dumps(audit)
            sink.discard()
            told = {worker.name: worker.log.read_text() for worker in running.workers}
            assert [name for name, text in told.items() if CANARY in text] == []
    finally:
        clickhouse.kill()


async def _has_worker(running: Pipeline, stage: str) -> bool:
    return await running.cluster.group(stage) == (1, True)


def _erase(environment: Mapping[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / "erase.log").open("wb") as log:
        argv = [sys.executable, "-m", "streams.cli", *_ERASE]
        return subprocess.Popen(argv, stdout=log, stderr=log, cwd=folder, env={**os.environ, **environment})


async def _send(brokers: str, values: list[bytes]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=brokers) as producer:
        for number, value in enumerate(values):
            await producer.send_and_wait(topics.EVENTS, value, partition=number % PARTITIONS)


async def _told(brokers: str) -> list[dict[str, Any]]:
    return [json.loads(one.value) for one in await read_topic(brokers, topics.ERASURES, PARTITIONS)]


async def _state(brokers: str) -> list[str]:
    """The stages that know the customer: the newest rows of their changelogs, which compaction leaves."""
    found = []
    for stage in _STAGES:
        rows = {}
        for one in await read_topic(brokers, topics.changelog_of(stage), PARTITIONS):
            rows[one.partition, one.key] = one.value
        if any(CANARY.encode() in key + value for (_, key), value in rows.items() if value is not None):
            found.append(stage)
    return found


def _ask(clickhouse: ClickHouseProcess, sql: str) -> list[Any]:
    client = connect(clickhouse.url("default"))
    try:
        return list(client.query(sql).result_rows)
    finally:
        client.close()


def _found(clickhouse: ClickHouseProcess, table: str) -> bool:
    """Whether any row of a table names the customer, in any column."""
    client = connect(clickhouse.url("default"))
    try:
        written = client.raw_query(f"SELECT * FROM {table}", fmt="JSONEachRow")  # noqa: S608
    finally:
        client.close()
    coded = base64.b64encode(CANARY.encode())[:8]
    return CANARY.encode() in written or coded in written


async def _left(brokers: str, clickhouse: ClickHouseProcess) -> dict[str, str]:
    """Tables and stages that still know the customer."""
    plain = _ask(clickhouse, "SELECT name FROM system.tables WHERE database = 'default' AND engine LIKE '%MergeTree'")
    assert len(plain) > 15
    found = {name: "rows" for [name] in plain if _found(clickhouse, name)}
    return {**found, **dict.fromkeys(await _state(brokers), "state")}

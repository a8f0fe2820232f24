"""From a spike of sentiment to the message that somebody is called with, and to the one that it is over.

The real workers on a real broker, a real Prometheus that scrapes them, and a real Alertmanager; rules and routes are
the product's own, a hundred times faster.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import httpx

from schemas.events import ticket_key
from streams.broker.admin import apply_topics
from streams.gateway.kafka_writer import KafkaWriter
from streams.topics import ALL
from streams.up.local_kafka import LocalKafka
from streams.up.processes import answers, free_port, last_lines, tied
from tests.alerting.programs import program
from tests.alerting.scaled import SIZES, write_alertmanager, write_prometheus
from tests.alerting.webhooks import Alert, receiving
from tests.unit.records import CALM, FURIOUS

# Those that windows come from: the registry only numbers escalations.
STAGES = ("score", "track", "trends")
HOST = "127.0.0.1"
# Seconds until the next step must have happened, on a machine that does much else.
PATIENCE = 120.0
# Customers write ten at a time, with so many seconds between.
BATCH, PAUSE = 10, 0.4
SETTINGS = {
    "TICKETPULSE_WINDOW_SIZES": json.dumps(list(SIZES.values())),
    "TICKETPULSE_ALLOWED_LATENESS": "1",
    "TICKETPULSE_IDLE_AFTER": "1",
}


class Server(NamedTuple):
    """A process with a port, which answers GET `path` with 200 when it is ready."""

    name: str
    argv: Sequence[str]
    port: int
    path: str
    environment: Mapping[str, str] = {}

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"


def worker(stage: str, brokers: str) -> Server:
    port = free_port()
    environment = {**SETTINGS, "KAFKA_BROKERS": brokers, "TICKETPULSE_METRICS_PORT": str(port)}
    return Server(
        stage, [sys.executable, "-m", "streams.cli", "worker", "--stage", stage], port, "/metrics", environment
    )


def alertmanager(folder: Path, webhooks: str) -> Server:
    port = free_port()
    options = {
        "config.file": write_alertmanager(folder, webhooks),
        "storage.path": folder / "alertmanager",
        "web.listen-address": f"{HOST}:{port}",
        "cluster.listen-address": "",
    }
    return Server("alertmanager", _argv("alertmanager", options), port, "/-/ready")


def prometheus(folder: Path, workers: Sequence[Server], alerts_to: str) -> Server:
    port = free_port()
    targets = folder / "metrics.json"
    groups = [{"targets": [each.address], "labels": {"process": each.name}} for each in workers]
    targets.write_text(json.dumps(groups))
    options = {
        "config.file": write_prometheus(folder, targets, alerts_to),
        "storage.tsdb.path": folder / "prometheus",
        "web.listen-address": f"{HOST}:{port}",
    }
    return Server("prometheus", _argv("prometheus", options), port, "/-/ready")


def _argv(name: str, options: Mapping[str, object]) -> list[str]:
    return [program(name), *(f"--{option}={value}" for option, value in options.items())]


@asynccontextmanager
async def running(server: Server, folder: Path) -> AsyncIterator[None]:
    """The process from when it is ready until the block ends; what it says is in a log of its name."""
    log = folder / f"{server.name}.log"
    process = _start(server, log)
    try:
        async with asyncio.timeout(PATIENCE):
            while not await answers(HOST, server.port, server.path):
                assert process.poll() is None, last_lines(log)
                await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 120)


def _start(server: Server, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        environment = {**os.environ, **server.environment}
        return subprocess.Popen(tied(server.argv), env=environment, stdout=output, stderr=output)


class Customers:
    """They write without end, one ticket each: one in ten of them is furious, and all of them are during a spike."""

    def __init__(self, brokers: str) -> None:
        self.spike = False
        self._writer = KafkaWriter(brokers, ack_seconds=PATIENCE)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """They write as long as the block runs; whoever cannot ends it with the reason."""
        await self._writer.start()
        try:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(self._write())
                yield
                task.cancel()
        finally:
            await self._writer.stop()

    async def _write(self) -> None:
        for first in count(0, BATCH):
            await asyncio.gather(
                *(self._send(first + place, furious=self.spike or not place) for place in range(BATCH))
            )
            await asyncio.sleep(PAUSE)

    async def _send(self, number: int, *, furious: bool) -> None:
        fields = {
            "event_id": f"e{number}",
            "ticket_id": f"t{number}",
            "tenant": "acme",
            "channel": "email",
            "type": "created",
            "text": FURIOUS if furious else CALM,
        }
        await self._writer.send(ticket_key("acme", f"t{number}"), json.dumps(fields).encode())


async def until_prometheus_knows(query: str, server: Server) -> float:
    """The value of a query, once it has one."""
    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=60, trust_env=False) as http:
        while True:
            found = (await http.get("/api/v1/query", params={"query": query})).raise_for_status().json()
            if result := found["data"]["result"]:
                return float(result[0]["value"][1])
            await asyncio.sleep(0.1)


def is_spike(alert: Alert) -> bool:
    name, severity = alert.labels["alertname"], alert.labels["severity"]
    return (name, severity, alert.labels.get("channel")) == ("NegativeShareSpike", "critical", "email")


def is_unusual(alert: Alert) -> bool:
    """What `trends` has judged itself."""
    name, severity = alert.labels["alertname"], alert.labels["severity"]
    return (name, severity, alert.labels.get("measure")) == ("SeriesUnusual", "critical", "negative_share")


async def test_a_spike_calls_somebody_and_its_end_tells_them(own_kafka: LocalKafka, tmp_path: Path) -> None:
    await own_kafka.start()
    await apply_topics(own_kafka.brokers, ALL, 2, 1)
    workers = [worker(stage, own_kafka.brokers) for stage in STAGES]
    customers = Customers(own_kafka.brokers)
    async with AsyncExitStack() as stack:
        inbox = await stack.enter_async_context(receiving())
        told = alertmanager(tmp_path, inbox.address)
        watching = prometheus(tmp_path, workers, told.address)
        await asyncio.gather(
            *(stack.enter_async_context(running(each, tmp_path)) for each in (told, watching, *workers))
        )
        await stack.enter_async_context(customers.writing())
        async with asyncio.timeout(PATIENCE):
            usual = await until_prometheus_knows(
                'tenant_size_channel:helpdesk_window_negative_ratio:median1d{tenant="acme", channel="email"}', watching
            )
        assert 0 < usual < 0.3
        assert not [alert for alert in inbox.alerts("pager") if alert.labels["alertname"] == "NegativeShareSpike"]

        customers.spike = True
        async with asyncio.timeout(PATIENCE):
            firing = await inbox.until("pager", is_spike)
        assert firing.status == "firing"
        assert firing.labels.items() >= {"tenant": "acme", "channel": "email", "size": "3"}.items()
        assert not {"runbooks", "dashboards"} & set(firing.labels)
        assert firing.annotations["runbook_url"].endswith("/runbooks/NegativeShareSpike.md")
        assert firing.annotations["dashboard_url"].endswith("/d/ticketpulse-spikes?var-tenant=acme&var-channel=email")
        assert "share of negative tickets of acme in channel email" in firing.annotations["description"]
        async with asyncio.timeout(PATIENCE):
            # Whoever reads the chat knows it as well.
            await inbox.until("chat", is_spike)
            unusual = await inbox.until("pager", is_unusual)
        assert unusual.status == "firing"
        assert unusual.labels["kind"] == "spike"
        assert unusual.annotations["runbook_url"].endswith("/runbooks/SeriesUnusual.md")

        customers.spike = False
        async with asyncio.timeout(PATIENCE):
            over = await inbox.until("pager", lambda alert: is_spike(alert) and alert.status == "resolved")
            calm = await inbox.until("pager", lambda alert: is_unusual(alert) and alert.status == "resolved")
        assert over.fingerprint == firing.fingerprint
        assert calm.fingerprint == unusual.fingerprint

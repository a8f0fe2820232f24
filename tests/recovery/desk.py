"""A desk that things are taken from: a broker, a ClickHouse that may write copies, and the product's processes."""

import asyncio
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.request import Request, urlopen

from aiokafka import AIOKafkaProducer

from streams import topics
from streams.broker.admin import apply_topics
from streams.broker.lag import await_read
from streams.up.local_kafka import LocalKafka
from tests.docs.pages import ROOT, Block, left_to
from tests.policies import SIMPLE_FOLDER
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.soak.stored import Sink
from tests.soak.waiting import until
from tests.soak.workers import ProductProcess, StageProcess

DATABASE: Final = "ticketpulse"  # as the pages call it
PARTITIONS: Final = 2
FOLDER: Final = "tests/recovery"
_SECONDS: Final = 240.0
_WAY: Final = ("score", "track", "registry", "track", "trends", "clickhouse")
_BAD: Final = "This is the worst, most terrible, horrible, awful, disgusting service. I hate it."
_CONFIG: Final = "<clickhouse><backups><allowed_path>{}/</allowed_path></backups></clickhouse>"


def shown() -> dict[str, Block]:
    """The blocks that the pages leave to these tests, by their names."""
    return dict(left_to(FOLDER))


class Counted(NamedTuple):
    """What a reader sees: rows of events, different events, tickets that are escalated, and events that count."""

    rows: int
    events: int
    escalated: int
    in_windows: int


class Desk:
    """`kafka` runs, and `clickhouse`; what the pages call /backups and /var/lib/kafka are folders of its own."""

    def __init__(self, kafka: LocalKafka, folder: Path) -> None:
        self.kafka = kafka
        self.folder = folder
        self.backups = folder / "backups"
        self.backups.mkdir(parents=True)
        (folder / "config.xml").write_text(_CONFIG.format(self.backups))
        self.clickhouse = ClickHouseProcess(folder / "clickhouse", options=("--config", str(folder / "config.xml")))
        self.running: list[ProductProcess] = []
        self.database = DATABASE
        self._numbers = iter(range(1_000))

    @property
    def environment(self) -> dict[str, str]:
        """What processes and commands are told."""
        return {
            "KAFKA_BROKERS": self.kafka.brokers,
            "CLICKHOUSE_URL": self.clickhouse.url(self.database),
            "TICKETPULSE_PARTITIONS": str(PARTITIONS),
            "TICKETPULSE_POLICIES": str(SIMPLE_FOLDER),
            "TICKETPULSE_PRIVACY_KEYS": "k1:0123456789abcdef0123",
        }

    async def start(self) -> None:
        """Both servers, with topics and tables."""
        await self.kafka.start()
        await asyncio.to_thread(self.clickhouse.start)
        self._write_programs()
        await apply_topics(self.kafka.brokers, topics.ALL, PARTITIONS, replication=1)
        self.command("migrate")

    def run(self, *stages: str) -> None:
        """Start a process of each of these stages; `clickhouse` is the sink."""
        for stage in stages:
            number = next(self._numbers)
            if stage == "clickhouse":
                self.running.append(Sink(number, self.environment, self.folder))
            else:
                self.running.append(StageProcess(stage, number, self.kafka.brokers, self.folder, also=self.environment))

    async def leave(self, prefix: str = "") -> None:
        """End processes in order: all, or those with such a name."""
        for process in [one for one in self.running if one.name.startswith(prefix)]:
            self.running.remove(process)
            await process.leave()

    def kill(self) -> None:
        """All processes end as if the power was cut."""
        for process in self.running:
            process.kill()
        self.running.clear()

    async def send(self, values: Iterable[bytes], topic: str = topics.EVENTS) -> None:
        """Append records, which are acknowledged then."""
        async with AIOKafkaProducer(bootstrap_servers=self.kafka.brokers) as producer:
            waiting = [
                await producer.send(topic, value, partition=number % PARTITIONS) for number, value in enumerate(values)
            ]
            await asyncio.gather(*waiting)

    async def through(self, *readers: str) -> None:
        """Until these have read what is there, one after the other: all, in the order of the flow, without any."""
        for reader in readers or _WAY:
            group = {f"ticketpulse-{reader}": topics.READ_BY[reader]}
            await await_read(self.kafka.brokers, group, lambda _: self._check_alive(), _SECONDS)

    async def until(self, reached: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for a condition; notices when a process has ended."""
        await until(reached, f"{what}; logs: {self.folder}", _SECONDS, check=self._check_alive)

    def _check_alive(self) -> None:
        for process in self.running:
            process.alive()

    def stored(self) -> Counted:
        """What is seen in ClickHouse."""
        return Counted(
            *map(int, self.ask("SELECT count(), uniqExact(event_id) FROM scored_events_now")),
            *map(int, self.ask("SELECT uniqExact(ticket_id) FROM escalations_now")),
            *map(int, self.ask("SELECT sum(events) FROM windows_now WHERE size = 86400 AND dimension = 'overall'")),
        )

    def ask(self, statement: str) -> list[str]:
        """The first row of the answer, as texts; a statement that has none gives an empty one."""
        host, port = self.clickhouse.address
        address = f"http://{host}:{port}/?database={self.database}"
        with urlopen(Request(address, statement.encode()), timeout=_SECONDS) as answer:
            return str(answer.read().decode()).rstrip("\n").split("\t")

    def command(self, *argv: str, exit_code: int = 0) -> str:
        """What a command of the product says."""
        return self._bash(f"ticketpulse {' '.join(argv)}", exit_code)

    def do(self, name: str, exit_code: int = 0) -> str:
        """Run the block that a page shows by this name."""
        return self._bash(shown()[name].text, exit_code)

    def _bash(self, text: str, exit_code: int) -> str:
        own = text.replace("/var/backups", str(self.backups)).replace("/var/lib/kafka", str(self.kafka.folder / "data"))
        done = subprocess.run(
            ["/bin/bash", "-c", f"set -eo pipefail\n{own}"],
            cwd=self.folder,
            env={**os.environ, **self.environment, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode == exit_code, f"{text}\n{done.stdout}"
        return done.stdout

    def _write_programs(self) -> None:
        """The clients of both servers, as far as the pages use them, for these servers alone."""
        (self.folder / "bin").mkdir()
        client = f"{sys.executable} -m tests.recovery.clients"
        written = {
            "ticketpulse": f"{sys.executable} -m streams.cli",
            "clickhouse-client": f"{client} clickhouse {self.clickhouse.url('default')}",
            "kafka-topics.sh": f"{client} topics {self.kafka.brokers}",
            "kafka-consumer-groups.sh": f"{client} groups {self.kafka.brokers}",
        }
        for name, command in written.items():
            path = self.folder / "bin" / name
            path.write_text(f'#!/bin/bash\nPYTHONPATH={ROOT} exec {command} "$@"\n')
            path.chmod(path.stat().st_mode | stat.S_IXUSR)


@asynccontextmanager
async def desk(kafka: LocalKafka, folder: Path) -> AsyncIterator[Desk]:
    """With both servers; without processes."""
    made = Desk(kafka, folder / "desk")
    try:
        await made.start()
        yield made
    finally:
        for process in made.running:
            process.discard()
        made.clickhouse.kill()
        shutil.rmtree(made.backups, ignore_errors=True)


def events(first: int, count: int, at: float | None = None) -> list[bytes]:
    """Messages of customers, one of ten of them very angry, each angry one in a ticket of its own."""
    moment = time.time() - 5 if at is None else at
    return [json.dumps(_event(number, moment)).encode() for number in range(first, first + count)]


def angry(first: int, count: int) -> int:
    """How many of these tickets escalate."""
    return sum(number % 10 == 0 for number in range(first, first + count))


def _event(number: int, at: float) -> dict[str, object]:
    is_angry = number % 10 == 0
    ticket = f"A-{number}" if is_angry else f"T-{number % 20}"
    text = _BAD if is_angry else "Where do I find my invoice?"
    return {"event_id": f"E-{number}", "ticket_id": ticket, "text": text, "occurred_at": at}


def lines(said: str, having: str) -> Sequence[str]:
    """The lines of an answer that have this in them."""
    return [line for line in said.splitlines() if having in line]

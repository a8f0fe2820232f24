"""Everything in docker-compose.yml that can run here is run as it is described there, and does its work."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from sinks.clickhouse.client import connect
from streams.up.local_kafka import LocalKafka
from streams.up.processes import answers, free_port, last_lines, tied
from tests.alerting.programs import program
from tests.conftest import KAFKA_LIBS
from tests.deploy.composed import ROOT, broker_properties, ours, services
from tests.deploy.running import Described, Running, all_running, passes, placed, until
from tests.servers.clickhouse_process import ClickHouseProcess
from tests.unit.records import FURIOUS

HOST = "127.0.0.1"
# docker compose takes "20s" for so long.
GRACE = 20.0
EVENTS = 20


class Broker(LocalKafka):
    """With the properties that the broker of docker-compose.yml has."""

    def prepare(self) -> None:
        """As always, and then with the composed properties in place of its own."""
        super().prepare()
        controller = f"{HOST}:{free_port()}"
        places = {"://:9092": f"://{self.brokers}", "kafka:9092": self.brokers}
        places |= {"://:9093": f"://{controller}", "kafka:9093": controller}
        places |= {"/var/lib/kafka/data": str(self.folder / "data")}
        lines = [f"{name}={value}\n" for name, value in broker_properties(services()["kafka"]["environment"]).items()]
        (self.folder / "server.properties").write_text(placed("".join(lines), places))


def described(name: str) -> Described:
    service = ours()[name]
    _, *health = service.get("healthcheck", {"test": ["NONE"]})["test"]
    return Described(name, service["command"], service["environment"], health)


@asynccontextmanager
async def composed(folder: Path) -> AsyncIterator[tuple[dict[str, Running], str]]:
    """All services of the product, healthy, and the address of ClickHouse; started in the order of `depends_on`."""
    first = {name for each in ours().values() for name in each["depends_on"] if name in ours()}
    rest = sorted(set(ours()) - first)
    clickhouse = ClickHouseProcess(folder / "clickhouse")
    clickhouse.start()
    try:
        async with Broker(folder / "kafka", KAFKA_LIBS) as kafka:
            places = {"kafka:9092": kafka.brokers, "clickhouse:8123": "{}:{}".format(*clickhouse.address)}
            places |= {"/run/secrets": str(ROOT / "deploy/compose/secrets")}
            both = map(described, sorted(first)), map(described, rest)
            async with all_running(*both, places, folder, grace=GRACE) as running:
                yield running, clickhouse.url("ticketpulse")
    finally:
        clickhouse.kill()


@asynccontextmanager
async def watching(
    name: str, changed: Mapping[str, str], health: Mapping[str, str], folder: Path
) -> AsyncIterator[None]:
    """Prometheus or Alertmanager with the options that are composed, but for some of them, until its check of health
    passes where this machine's release of the program knows how to ask.
    """
    service = services()[name]
    options = dict(option.split("=", 1) for option in service["command"]) | dict(changed)
    log = folder / f"{name}.log"
    process = started([program(name), *(f"{option}={value}" for option, value in options.items())], log)
    place = options["--web.listen-address"]
    check = [placed(each, health) for each in service["healthcheck"]["test"][1:]]
    try:
        async with asyncio.timeout(150):
            while not await answers(HOST, int(place.rpartition(":")[2]), "/-/ready"):
                assert process.poll() is None, last_lines(log)
                await asyncio.sleep(0.1)
        # Debian's promtool is too old for it.
        assert name == "prometheus" or passes(check, {"PATH": "/usr/local/bin:/usr/bin"}), check
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 120)


def started(argv: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(tied(argv), stdout=output, stderr=output)


def scraping(running: Mapping[str, Running], alertmanager: str) -> dict[str, Any]:
    """The composed configuration with names looked up: Prometheus then knows a target by the name as it would there."""
    configured: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text())
    configured["global"]["scrape_interval"] = "1s"
    [job] = configured["scrape_configs"]
    job["static_configs"] = [
        {"targets": [running[name].address(looked["port"])], "labels": {"__meta_dns_name": name}}
        for looked in job.pop("dns_sd_configs")
        for name in looked["names"]
    ]
    [told] = configured["alerting"]["alertmanagers"]
    assert told == {"static_configs": [{"targets": ["alertmanager:9093"]}]}
    told["static_configs"][0]["targets"] = [alertmanager]
    return configured


@pytest.mark.timeout(600)
async def test_the_composed_services_take_events_store_them_and_are_watched(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        running, database = await stack.enter_async_context(composed(tmp_path))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        await send(http, f"http://{running['gateway'].address(8080)}/api/v1/events")
        await until(lambda: stored(database), f"all events are stored; logs: {tmp_path}")
        page = f"http://{running['page'].address(8081)}"
        assert (await http.get(f"{page}/api/v1/conversations/t0")).json()["ticket_id"] == "t0"

        alertmanager, prometheus = (f"{HOST}:{free_port()}" for _ in range(2))
        await stack.enter_async_context(
            watching(
                "alertmanager",
                {
                    "--config.file": str(ROOT / "deploy/compose/alertmanager.yml"),
                    "--storage.path": str(tmp_path / "alertmanager"),
                    "--web.listen-address": alertmanager,
                    "--cluster.listen-address": "",
                },
                {f"{HOST}:9093": alertmanager},
                tmp_path,
            )
        )
        (tmp_path / "rules").symlink_to(ROOT / "deploy/prometheus/rules")
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(scraping(running, alertmanager)))
        await stack.enter_async_context(
            watching(
                "prometheus",
                {
                    "--config.file": str(tmp_path / "prometheus.yml"),
                    "--storage.tsdb.path": str(tmp_path / "prometheus"),
                    "--web.listen-address": prometheus,
                },
                {},
                tmp_path,
            )
        )
        await until(lambda: all_up(http, prometheus, set(running)), "Prometheus sees every service")
    left = {name: each.written() for name, each in running.items() if "volumes" not in ours()[name]}
    assert left == {name: [] for name in left}


async def send(http: httpx.AsyncClient, url: str) -> None:
    for number in range(EVENTS):
        told = {
            "event_id": f"e{number}",
            "ticket_id": f"t{number}",
            "type": "message",
            "channel": "email",
            "text": FURIOUS,
        }
        answer = await http.post(url, json=told)
        assert answer.is_success, answer.text


async def stored(database: str) -> bool:
    def counted() -> bool:
        client = connect(database)
        try:
            events = client.command("SELECT uniqExact(ticket_id) FROM scored_events")
            return events == EVENTS and client.command("SELECT count() FROM escalations") != 0
        finally:
            client.close()

    return await asyncio.to_thread(counted)


async def all_up(http: httpx.AsyncClient, prometheus: str, names: set[str]) -> bool:
    answer = await http.get(f"http://{prometheus}/api/v1/query", params={"query": 'up{job="ticketpulse"} == 1'})
    seen = {each["metric"]["process"] for each in json.loads(answer.text)["data"]["result"]}
    return seen == names

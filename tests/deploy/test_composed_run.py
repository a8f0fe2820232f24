"""Everything in docker-compose.yml that can run here is run as it is described there, and does its work."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from dotenv import dotenv_values

from sinks.access.principals import Role
from sinks.access.token_file import change_tokens
from sinks.access.tokens import new_token
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

TOKEN = new_token("tests", [Role.ADMIN], None, datetime.now(UTC))
ADDRESS = "jane.doe@example.com"
# Where a container has the folder of settings, and what may be in it.
INSIDE = "/etc/ticketpulse"
FILES = {
    "tenants.toml": "[default]\nevents_per_day = 1_000\n",
    "privacy.toml": '[fields]\ntext = "mask"\n',
    "retention.toml": "[tables]\nscored_events = 400\nevents_by_time = 400\n",
    "policies/shop.toml": 'name = "shop"\nversion = 1\nextends = "support"\n',
    "crm": "a secret of 32 characters at least",
    "notify.toml": (
        '[targets.crm]\nkind = "webhook"\nurl = "http://127.0.0.1:1/"\nsecret = "file:/etc/ticketpulse/crm"\n'
        '[[routes]]\ntell = ["crm"]\n'
    ),
    "answers/replies/refund.txt": '+++\ntitle = "A refund"\n+++\nIt is on its way.\n',
    "llm.toml": '[model]\nendpoint = "http://127.0.0.1:1/v1"\nname = "small"\n',
}


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


def described(name: str, settings: Mapping[str, str]) -> Described:
    service = ours()[name]
    _, *health = service.get("healthcheck", {"test": ["NONE"]})["test"]
    return Described(name, service["command"], settings | service["environment"], health)


def settings_in(folder: Path) -> dict[str, str]:
    """The settings that deploy/compose/config shows for files of its folder, all of them set; makes the files."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(placed(text, {INSIDE: str(folder)}))
    example = (ROOT / "deploy/compose/config/settings.env").read_text()
    change_tokens(folder / "tokens.toml", lambda _: [TOKEN.stored])
    (folder / "settings.env").write_text(re.sub("^# (?=TICKETPULSE_(?!MAILBOX))", "", example, flags=re.M))
    return {name: value or "" for name, value in dotenv_values(folder / "settings.env").items()}


@asynccontextmanager
async def composed(folder: Path) -> AsyncIterator[tuple[dict[str, Running], str]]:
    """All services of the product, healthy, and the address of ClickHouse; started in the order of `depends_on`."""
    first = {name for each in ours().values() for name in each["depends_on"] if name in ours()}
    rest = sorted({name for name, each in ours().items() if "profiles" not in each} - first)
    settings = settings_in(folder / "config")
    clickhouse = ClickHouseProcess(folder / "clickhouse")
    clickhouse.start()
    try:
        async with Broker(folder / "kafka", KAFKA_LIBS) as kafka:
            places = {"kafka:9092": kafka.brokers, "clickhouse:8123": "{}:{}".format(*clickhouse.address)}
            places |= {"/run/secrets": str(ROOT / "deploy/compose/secrets")}
            places |= {INSIDE: str(folder / "config")}
            preparing, serving = ([described(name, settings) for name in names] for names in (sorted(first), rest))
            async with all_running(preparing, serving, places, folder, grace=GRACE) as running:
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
    del job["dns_sd_configs"]
    [always] = job["static_configs"]
    named = [target.rpartition(":") for target in always["targets"]]
    job["static_configs"] = [
        {"targets": [running[name].address(int(port))], "labels": {"__meta_dns_name": name}} for name, _, port in named
    ]
    [told] = configured["alerting"]["alertmanagers"]
    assert told == {"static_configs": [{"targets": ["alertmanager:9093"]}]}
    told["static_configs"][0]["targets"] = [alertmanager]
    return configured


@pytest.mark.timeout(600)
async def test_the_composed_services_take_events_store_them_and_are_watched(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        running, database = await stack.enter_async_context(composed(tmp_path))
        headers = {"Authorization": f"Bearer {TOKEN.text}"}
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=60, headers=headers))
        await send(http, f"http://{running['gateway'].address(8080)}/api/v1/events")
        await until(lambda: stored(database), f"all events are stored; logs: {tmp_path}")
        page = f"http://{running['page'].address(8081)}/api/v1/conversations/t0"
        assert (await http.get(page, headers={"Authorization": ""})).status_code == httpx.codes.UNAUTHORIZED
        told = (await http.get(page)).text
        assert (json.loads(told)["ticket_id"], ADDRESS in told, "[EMAIL_1]" in told) == ("t0", False, True)

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
    left = {name: each.written() for name, each in running.items() if not keeps_files(ours()[name])}
    assert left == {name: [] for name in left}


def keeps_files(service: Mapping[str, Any]) -> bool:
    return not all(volume.get("read_only", False) for volume in service["volumes"])


async def send(http: httpx.AsyncClient, url: str) -> None:
    for number in range(EVENTS):
        told = {
            "event_id": f"e{number}",
            "ticket_id": f"t{number}",
            "type": "message",
            "channel": "email",
            "text": f"{FURIOUS} Write to {ADDRESS}.",
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

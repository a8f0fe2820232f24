"""The whole product on one machine: which processes, in which order, and how each shows that it is ready."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from streams.config import Settings
from streams.kafka_security import SECURITY
from streams.up.local_kafka import LocalKafka
from streams.up.processes import answers, is_free
from streams.up.run_lock import only_one
from streams.up.supervisor import Process, Report, supervise
from streams.wrong_security import WrongSecurity

_COMMAND = (sys.executable, "-m", "streams.cli")
_STAGES = ("score", "track", "registry", "trends", "notify", "routing")
_FIRST_METRICS_PORT = 9101
_KAFKA_PORT = 9092
_SERVERS = {"kafka_brokers": "KAFKA_BROKERS", "clickhouse_url": "CLICKHOUSE_URL"}


def run_pipeline(settings: Settings, *, feed_rate: float | None, on_event: Report) -> int:
    """Run everything until SIGINT or SIGTERM; see `supervise` for what is returned and reported.

    Raises AlreadyRunning when another run holds `local_dir`, and KafkaNotRunning when a local broker is impossible.
    """
    with only_one(settings.local_dir, page=_url(settings, settings.page_port)):
        wanted = processes(settings, feed_rate=feed_rate)
        return asyncio.run(supervise(wanted, logs=settings.local_dir / "logs", on_event=on_event))


def processes(settings: Settings, *, feed_rate: float | None) -> list[Process]:
    """Every process, in the order of their start: Kafka, the topics and tables, then all the rest together.

    Unless the settings name brokers, Kafka is a local one, whose storage is prepared here. The ports of /metrics are
    written to `metrics.json` in `local_dir`, as targets for Prometheus. `feed_rate` is in events a second; None feeds
    nothing.
    """
    kafka = _local_kafka(settings)
    if kafka:
        settings = settings.model_copy(update={"kafka_brokers": kafka.brokers})
    product = _Product(settings)
    listed = [
        *([Process("kafka", kafka.argv, ready=kafka.ready)] if kafka else []),
        product.step("topics", "topics", "apply"),
        product.step("migrate", "migrate"),
        *product.sinks(),
        *(product.measured(stage, "worker", "--stage", stage) for stage in reversed(_STAGES)),
        product.measured("sender", "sink", "notify"),
        *([product.measured("enrich", "enrich")] if settings.llm else []),
        *([product.measured("mailbox", "source", "mailbox")] if settings.mailbox_url else []),
        product.server("gateway", settings.gateway_port, "serve", "gateway"),
        *([product.process("feed", "feed", "--rate", f"{feed_rate:g}")] if feed_rate else []),
    ]
    _write_targets(settings.local_dir / "metrics.json", product.targets)
    return listed


class _Product:
    """Our own commands as processes, all under the same settings."""

    def __init__(self, settings: Settings) -> None:
        self.targets: dict[str, str] = {}
        self._settings = settings
        self._environment = _environment(settings)
        self._host = _reachable(settings.host)
        self._ports = _free_ports(settings.host)

    def sinks(self) -> Sequence[Process]:
        """Only one process may open the embedded database, so there the page is served by the one that writes."""
        page = self._settings.page_port
        if self._settings.clickhouse_url.startswith("chdb:"):
            return [self.server("clickhouse", page, "sink", "clickhouse", "--serve-page", measured=True)]
        return [
            self.measured("clickhouse", "sink", "clickhouse"),
            self.server("page", page, "serve", "page", measured=True),
        ]

    def process(self, name: str, *command: str) -> Process:
        return Process(name, [*_COMMAND, *command], self._environment)

    def step(self, name: str, *command: str) -> Process:
        return Process(name, [*_COMMAND, *command], self._environment, once=True)

    def measured(self, name: str, *command: str) -> Process:
        """One that serves nothing but its metrics."""
        port = self._metrics_port(name)
        ready = partial(answers, self._host, port, "/metrics")
        return Process(name, [*_COMMAND, *command], self._with_metrics(port), ready, wait=False)

    def server(self, name: str, port: int, *command: str, measured: bool = False) -> Process:
        """An HTTP server; its metrics are on its own port unless it has another for them (`measured`)."""
        environment: Mapping[str, str] = self._environment
        if measured:
            environment = self._with_metrics(self._metrics_port(name))
        else:
            self.targets[name] = f"{self._host}:{port}"
        ready = partial(answers, self._host, port, "/readyz")
        return Process(name, [*_COMMAND, *command], environment, ready, wait=False)

    def _metrics_port(self, name: str) -> int:
        port = next(self._ports)
        self.targets[name] = f"{self._host}:{port}"
        return port

    def _with_metrics(self, port: int) -> Mapping[str, str]:
        return {**self._environment, "TICKETPULSE_METRICS_PORT": str(port)}


def _local_kafka(settings: Settings) -> LocalKafka | None:
    if "kafka_brokers" in settings.model_fields_set:
        return None
    if settings.kafka_security != "PLAINTEXT":
        raise WrongSecurity(
            f"{SECURITY}={settings.kafka_security}, but no brokers are named, and the local one asks nobody: set "
            "KAFKA_BROKERS, or take it away"
        )
    folder = settings.local_dir / "kafka"
    kafka = LocalKafka(folder, folder / "libs", preferred=_KAFKA_PORT)
    kafka.prepare()
    return kafka


def _environment(settings: Settings) -> dict[str, str]:
    # The address goes as it is: a process that also had its file would have it twice.
    return {"CLICKHOUSE_URL_FILE": ""} | {
        _SERVERS.get(name, f"TICKETPULSE_{name.upper()}"): value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.model_dump(mode="json", exclude_none=True).items()
    }


def _free_ports(host: str) -> Iterator[int]:
    return (port for port in range(_FIRST_METRICS_PORT, 65536) if is_free(port, host))


def _write_targets(path: Path, targets: Mapping[str, str]) -> None:
    groups = [{"targets": [address], "labels": {"process": name}} for name, address in targets.items()]
    path.write_text(json.dumps(groups, indent=2) + "\n")


def _reachable(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104


def _url(settings: Settings, port: int) -> str:
    return f"http://{_reachable(settings.host)}:{port}"

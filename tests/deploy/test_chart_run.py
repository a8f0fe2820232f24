"""Processes of the chart run as their pods describe them, and their probes are asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.up.local_kafka import LocalKafka
from tests.deploy.charted import Resource, containers, rendered
from tests.deploy.running import Described, all_running
from tests.servers.clickhouse_process import ClickHouseProcess

# One of each kind: the rest differ in nothing but a word of their command.
RUN = ("score", "clickhouse-sink", "enrich", "gateway", "page")
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
VALUES: Resource = {
    "kafka": {"brokers": "kafka:9092", "partitions": 2, "replication": 1},
    "clickhouse": {"secret": "clickhouse"},
    "settings": {"TICKETPULSE_LLM": "/etc/ticketpulse/model/llm.toml"},
    "files": [{"name": "model", "configMap": "model"}],
    "enrich": {"replicas": 1},
}
MODEL = '[model]\nendpoint = "http://127.0.0.1:1/v1"\nname = "small"\n'


def described(container: Resource) -> Described:
    """A container as something that can be run: each probe is a request."""
    environment = {each["name"]: each["value"] for each in container["env"]}
    asked = [container[probe]["httpGet"] for probe in PROBES if probe in container]
    urls = [f"http://127.0.0.1:{each['port']}{each['path']}" for each in asked]
    program = f"import urllib.request as r; [r.urlopen(url, timeout=3) for url in {urls}]"
    return Described(container["name"], container["args"], environment, ["python", "-c", program])


@pytest.mark.timeout(600)
async def test_pods_of_each_kind_start_answer_their_probes_and_end_in_time(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    await own_kafka.start()
    clickhouse = ClickHouseProcess(tmp_path / "clickhouse")
    clickhouse.start()
    try:
        (tmp_path / "CLICKHOUSE_URL").write_text(clickhouse.url("ticketpulse"))
        (tmp_path / "llm.toml").write_text(MODEL)
        places = {"kafka:9092": own_kafka.brokers}
        places |= dict.fromkeys(("/etc/ticketpulse/secrets", "/etc/ticketpulse/model"), str(tmp_path))
        manifest = rendered(VALUES)
        jobs = [described(each) for each in containers(manifest, "Job")]
        pods = [described(each) for each in containers(manifest, "Deployment") if each["name"] in RUN]
        assert {each.name for each in jobs} == {"migrate", "topics"}
        assert {each.name for each in pods} == set(RUN)
        async with (
            all_running(jobs, pods, places, tmp_path, grace=grace(manifest)) as running,
            httpx.AsyncClient(timeout=60) as http,
        ):
            for name, each in running.items():
                answer = await http.get(f"http://{each.address(exposed(manifest)[name])}/metrics")
                assert "# TYPE" in answer.text
    finally:
        clickhouse.kill()


def grace(manifest: list[Resource]) -> float:
    """Seconds that Kubernetes leaves a pod to end in order."""
    [seconds] = {
        each["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        for each in manifest
        if each["kind"] == "Deployment"
    }
    return float(seconds)


def exposed(manifest: list[Resource]) -> Mapping[str, Any]:
    """The port called `metrics` of each container."""
    return {
        container["name"]: port["containerPort"]
        for container in containers(manifest, "Deployment")
        for port in container["ports"]
        if port["name"] == "metrics"
    }

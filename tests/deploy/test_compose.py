"""docker-compose.yml and the image, as far as they can be looked at without an engine."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from streams.cli import app
from streams.config import Settings
from streams.secret_files import file_variables
from streams.stages import STAGES
from tests.alerting.programs import run
from tests.deploy.commands import has_command
from tests.deploy.composed import compose

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"
DOCKERFILE = ROOT / "deploy" / "image" / "Dockerfile"


@cache
def services() -> dict[str, dict[str, Any]]:
    """Every service, with what its anchors bring."""
    listed: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return listed


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services().items() if service["image"] == "ticketpulse"}


def test_every_stage_has_a_service() -> None:
    stages = {service["command"][2] for service in ours().values() if service["command"][0] == "worker"}
    assert stages == set(STAGES)


@pytest.mark.parametrize("name", sorted(ours()))
def test_a_service_runs_a_command_that_there_is(name: str) -> None:
    assert has_command(app, ours()[name]["command"])


@pytest.mark.parametrize("name", sorted(ours()))
def test_a_service_sets_what_the_settings_know(name: str) -> None:
    known = {f"TICKETPULSE_{field.upper()}" for field in Settings.model_fields} | {"KAFKA_BROKERS", "CLICKHOUSE_URL"}
    known |= set(file_variables(Settings).values())
    assert set(ours()[name]["environment"]) <= known


@pytest.mark.parametrize("name", sorted(ours()))
def test_a_service_of_ours_has_no_more_rights_than_it_needs(name: str) -> None:
    service = ours()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(services()))
def test_what_a_service_mounts_is_there(name: str) -> None:
    volumes = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["volumes"]
    for mounted in services()[name].get("volumes", []):
        source = re.sub(r"\$\{\w+:-([^}]+)\}", r"\1", mounted).split(":")[0]
        assert (ROOT / source).exists() if source.startswith("./") else source in volumes


@pytest.mark.parametrize("name", sorted(services()))
def test_a_port_is_open_to_this_machine_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in services()[name].get("ports", []))


@pytest.mark.parametrize(("name", "setting"), [("gateway", "gateway_port"), ("page", "page_port")])
def test_servers_are_published_where_they_listen(name: str, setting: str) -> None:
    port = Settings.model_fields[setting].default
    assert ours()[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"127.0.0.1:{port}/readyz" in ours()[name]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", sorted(services()))
def test_an_image_is_a_version_and_not_whatever_is_newest(name: str) -> None:
    assert services()[name]["image"] == "ticketpulse" or re.search(r":v?\d+\.\d+", services()[name]["image"])


@pytest.mark.parametrize("name", sorted(name for name, service in ours().items() if "healthcheck" in service))
def test_a_check_of_health_is_a_program(name: str) -> None:
    *_, python, option, program = ours()[name]["healthcheck"]["test"]
    assert (python, option) == ("python", "-c")
    ast.parse(program)


def test_prometheus_looks_at_every_service_that_has_metrics() -> None:
    configured = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())
    [job] = configured["scrape_configs"]
    # The alerts ask for the job by its name.
    assert job["job_name"] == "ticketpulse"
    [always], [sometimes] = job["static_configs"], job["dns_sd_configs"]
    stay = {name for name, service in ours().items() if service["restart"] != "on-failure:5"}
    by_profile = {name for name in stay if "profiles" in ours()[name]}
    # What always runs is a target also when it is gone: nobody would be told otherwise.
    assert sorted(always["targets"]) == sorted(f"{name}:9100" for name in stay - by_profile)
    assert (set(sometimes["names"]), sometimes["port"]) == (by_profile, 9100)
    assert {service["environment"]["TICKETPULSE_METRICS_PORT"] for service in ours().values()} == {"9100"}


def test_prometheus_and_alertmanager_take_their_files(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_bytes((COMPOSE / "prometheus.yml").read_bytes())
    (tmp_path / "rules").symlink_to(ROOT / "deploy" / "prometheus" / "rules")
    assert "SUCCESS" in run("promtool", "check", "config", "prometheus.yml", folder=tmp_path)
    assert "SUCCESS" in run("amtool", "check-config", "alertmanager.yml", folder=COMPOSE)


def test_docker_compose_takes_it(tmp_path: Path) -> None:
    project = compose((ROOT / "docker-compose.yml").read_text(), tmp_path)
    assert set(project["services"]) == set(services())
    assert {name: secret["file"] for name, secret in project["secrets"].items()} == {
        "clickhouse_password": str(tmp_path / "deploy/compose/secrets/clickhouse_password"),
        "grafana_password": str(tmp_path / "deploy/compose/secrets/grafana_password"),
        "privacy_keys": "/dev/null",
    }
    # Grafana's own way to name a file, not a variable of compose.
    told = project["services"]["grafana"]["environment"]["CLICKHOUSE_PASSWORD"]
    assert told == "$__file{/run/secrets/clickhouse_password}"


def test_every_process_has_the_settings_and_the_files_of_the_folder_that_is_named(tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text().replace("${CONFIG_FOLDER:-./deploy/compose/config}", "./mine")
    project = compose(text, tmp_path)
    for name in ours():
        service = project["services"][name]
        assert [each["path"] for each in service["env_file"]] == [str(tmp_path / "mine" / "settings.env")], name
        mounted = {each["target"]: each for each in service["volumes"]}
        assert mounted["/etc/ticketpulse"]["source"] == str(tmp_path / "mine"), name
        assert mounted["/etc/ticketpulse"]["read_only"] is True, name


def test_settings_that_are_shown_exist_and_are_not_set_for_good() -> None:
    shown = re.findall(r"^# (TICKETPULSE_\w+)=\S+$", (COMPOSE / "config" / "settings.env").read_text(), re.M)
    assert set(shown) <= {f"TICKETPULSE_{field.upper()}" for field in Settings.model_fields}
    for service in ours().values():
        assert not set(shown) & set(service["environment"])


def test_a_file_of_secrets_that_a_service_names_is_given_to_it() -> None:
    for name, service in services().items():
        given = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}
        named = set(re.findall(r"/run/secrets/\w+", str(service.get("environment", {}))))
        assert named == given, name


def test_no_password_is_in_an_environment() -> None:
    secret = {path.read_text().strip() for path in (COMPOSE / "secrets").iterdir()}
    assert secret == {"ticketpulse"}
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD$|KEYS$|TOKEN$|SECRET$", variable) or "/run/secrets/" in value, name
            assert "ticketpulse:" not in value, (name, variable)


def test_the_example_of_an_env_file_has_just_the_variables_that_are_read() -> None:
    read = {*re.findall(r"\$\{(\w+):[-+]\S+\}", (ROOT / "docker-compose.yml").read_text()), "COMPOSE_PROFILES"}
    example = (COMPOSE / "env.example").read_text()
    assert set(re.findall(r"^(?:# )?([A-Z_]+)=\S+$", example, re.M)) == read
    profiles = {profile for service in services().values() for profile in service.get("profiles", [])}
    assert set(re.findall(r"^# COMPOSE_PROFILES=(\S+)$", example, re.M)[0].split(",")) == profiles


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("    healthcheck:", "    health_check:", "health_check"),
        ("  read_only: true", "  read_only: sometimes", "read_only"),
        ("condition: service_healthy", "condition: service_well", "condition"),
        ("ulimits: {nofile: {soft", "ulimits: {nofile: {sofd", "sofd"),
    ],
)
def test_docker_compose_would_notice(right: str, wrong: str, told: str, tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert right in text
    with pytest.raises(ValueError, match=told):
        compose(text.replace(right, wrong), tmp_path)


def test_services_wait_for_what_is_there_and_says_when_it_is_ready() -> None:
    for service in services().values():
        for other, how in service.get("depends_on", {}).items():
            once = services()[other]["restart"] == "on-failure:5"
            assert how["condition"] == ("service_completed_successfully" if once else "service_healthy")


def test_every_service_that_stays_is_asked_for_its_health() -> None:
    for name, service in services().items():
        stays = service["restart"] != "on-failure:5"
        assert ("healthcheck" in service) is stays, name
        assert service.get("init") is True or name in ("kafka", "clickhouse")


def test_nothing_is_to_be_said_against_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--failure-threshold", "style", DOCKERFILE], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in DOCKERFILE.read_text().splitlines():
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists()
                assert any(Path(source).match(pattern) for pattern in kept)


def test_the_image_is_installed_by_hashes_and_has_what_the_project_needs() -> None:
    locked = set(re.findall(r"^([A-Za-z0-9_.-]+)==", (DOCKERFILE.parent / "requirements.lock").read_text(), re.M))
    everything = set(re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements.lock").read_text(), re.M))
    assert {"aiokafka", "clickhouse-connect", "faust-streaming", "openai", "scikit-learn"} <= locked <= everything
    assert not locked & {"chdb", "playwright", "pytest"}

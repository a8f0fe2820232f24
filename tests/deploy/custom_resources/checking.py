"""Whether an operator would take a custom resource."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_SCHEMAS = Path(__file__).parent / "schemas"
# What the chart can make, by kind.
KINDS = tuple(sorted(path.stem.partition("-")[0] for path in _SCHEMAS.glob("[A-Z]*.json")))


def faults(resource: dict[str, Any]) -> list[str]:
    """What is wrong with a resource of one of KINDS, each with its place; nothing when its operator takes it.

    Raises FileNotFoundError for a version that its operator does not serve.
    """
    version = resource["apiVersion"].rpartition("/")[2]
    found = _faults(f"{resource['kind']}-{version}", resource)
    for number, trigger in enumerate(resource["spec"].get("triggers", ())):
        told = _faults(f"scaler-{trigger['type']}", trigger["metadata"])
        found += [f"spec.triggers.{number}.metadata.{each}" for each in told]
    return found


def _faults(name: str, document: dict[str, Any]) -> list[str]:
    errors = _validator(name).iter_errors(document)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((_SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)

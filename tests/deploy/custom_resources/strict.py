"""From a CustomResourceDefinition to a JSON schema that refuses what the definition does not name."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

# What a JSON schema of this form means too. Rules in CEL (x-kubernetes-validations) are only known to an API server.
_KEPT = (
    *("type", "enum", "required", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "multipleOf"),
)
_LISTS = ("allOf", "anyOf", "oneOf")


def json_schema(definition: Mapping[str, Any], version: str) -> Schema:
    """The schema of one version of a CustomResourceDefinition: draft 2020-12, without its status and its prose.

    Raises LookupError when the definition does not have that version, or does not serve it.
    """
    spec = definition["spec"]
    found = next((each for each in spec["versions"] if each["name"] == version and each["served"]), None)
    if found is None:
        raise LookupError(f"{spec['names']['kind']} has no {version}")
    whole = strict(found["schema"]["openAPIV3Schema"])
    whole["properties"].pop("status", None)
    whole["properties"]["apiVersion"] = {"const": f"{spec['group']}/{version}"}
    whole["properties"]["kind"] = {"const": spec["names"]["kind"]}
    whole["required"] = sorted({"apiVersion", "kind", "metadata", *whole.get("required", ())})
    return whole


def strict(schema: Mapping[str, Any]) -> Schema:
    """A structural schema of Kubernetes without its prose, closed wherever it names its properties and says nothing of
    others.
    """
    made: Schema = {name: schema[name] for name in _KEPT if name in schema}
    if "pattern" in made:
        made["pattern"] = _of_python(made["pattern"])
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
    made |= {name: [strict(each) for each in schema[name]] for name in _LISTS if name in schema}
    if "not" in schema:
        made["not"] = strict(schema["not"])
    if "items" in schema:
        made["items"] = strict(schema["items"])
    if "properties" in schema:
        made["properties"] = {name: strict(each) for name, each in schema["properties"].items()}
    others = _others(schema)
    return made if others is None else made | {"additionalProperties": others}


def _of_python(pattern: str) -> str:
    # Go lets flags stand anywhere.
    return f"(?i){pattern.replace('(?i)', '')}" if "(?i)" in pattern else pattern


def _others(schema: Mapping[str, Any]) -> Schema | bool | None:
    given = schema.get("additionalProperties")
    if isinstance(given, Mapping):
        return strict(given)
    # Inside of allOf and its like there are no types, and what is not named there is named outside.
    open_ = schema.get("x-kubernetes-preserve-unknown-fields") or "type" not in schema
    return False if given is None and "properties" in schema and not open_ else given

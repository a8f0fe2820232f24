"""The rule files of Prometheus and their tests, as structs."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from prometheus_client import REGISTRY

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
PROMETHEUS: Final = DEPLOY / "prometheus"
# Metrics that Prometheus itself makes.
_OF_PROMETHEUS: Final = {"up"}
_SUFFIXES: Final = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
_QUOTED = re.compile(r'"[^"]*"')
_LABELS = re.compile(r"\{[^}]*\}|\b(?:by|on|ignoring|without)\s*\([^)]*\)")
_NAME = re.compile(r"[a-zA-Z_][\w:]*")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recording rule or an alert."""

    expr: str
    record: str | None = None
    alert: str | None = None
    for_: str | None = msgspec.field(default=None, name="for")
    keep_firing_for: str | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules that are evaluated one after the other."""

    name: str
    rules: Sequence[Rule]
    interval: str | None = None


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of deploy/prometheus/rules."""

    groups: Sequence[Group]


class ExpectedAlert(msgspec.Struct, frozen=True):
    """An alert that has to fire, with all its labels."""

    exp_labels: Mapping[str, str]


class AlertTest(msgspec.Struct, frozen=True):
    """What has to fire of an alert at a time: all of it, or nothing."""

    alertname: str
    exp_alerts: Sequence[ExpectedAlert]


class Scenario(msgspec.Struct, frozen=True):
    """One scenario of promtool."""

    name: str
    input_series: Sequence[Mapping[str, str]]
    alert_rule_test: Sequence[AlertTest] = ()


class ScenarioFile(msgspec.Struct, frozen=True):
    """One file of deploy/prometheus/tests."""

    tests: Sequence[Scenario]


def read_rules() -> Mapping[str, RuleFile]:
    """Every rule file by its name."""
    return {path.name: decode(path, RuleFile) for path in sorted(PROMETHEUS.glob("rules/*.yml"))}


def rules() -> Sequence[Rule]:
    """Every rule."""
    return [rule for file in read_rules().values() for group in file.groups for rule in group.rules]


def alerts() -> Sequence[Rule]:
    """Every alert."""
    return [rule for rule in rules() if rule.alert]


def scenarios() -> Sequence[Scenario]:
    """Every scenario of the rules' tests."""
    return [test for path in sorted(PROMETHEUS.glob("tests/*.yml")) for test in decode(path, ScenarioFile).tests]


def metrics_in(expression: str) -> set[str]:
    """The names of metrics and of recorded series in an expression: names with a prefix of ours or a colon, and `up`.

    What stands between quotes, in braces or in a list of labels is none of them.
    """
    names = set(_NAME.findall(_LABELS.sub(" ", _QUOTED.sub("", expression))))
    return {name for name in names if name.startswith("helpdesk_") or ":" in name or name in _OF_PROMETHEUS}


def unknown_metrics(expression: str) -> set[str]:
    """The names in an expression that neither a process exports nor a rule records."""
    exported = {
        f"{family.name}{suffix}" for family in REGISTRY.collect() for suffix in _SUFFIXES.get(family.type, [""])
    }
    recorded = {rule.record for rule in rules()}
    return metrics_in(expression) - exported - recorded - _OF_PROMETHEUS


def decode(path: Path, kind: type[Any]) -> Any:
    """A file of YAML as a struct; a failure that names the file and the field."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=kind)
    except msgspec.ValidationError as error:
        raise AssertionError(f"{path}: {error}") from None

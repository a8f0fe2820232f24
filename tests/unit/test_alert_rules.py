"""The rules of Prometheus: checked and tested by promtool, and all that an alert needs is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks import prometheus
from tests.alerting.programs import run
from tests.alerting.rule_files import DEPLOY, PROMETHEUS, Rule, alerts, metrics_in, rules, scenarios, unknown_metrics

DASHBOARDS = {"overview", "pipeline", "spikes", "escalations", "channel", "agents"}
RUNBOOKS = DEPLOY / "runbooks"
SECTIONS = ("## What it means", "## How to look", "## What to do", "## When to stop worrying")
ALERTING = DEPLOY.parent / "docs" / "alerting.md"
RECORDED = re.compile(r"[a-z_]+:helpdesk_[a-z_]+:[a-z_0-9]+")

# Named here, so that the metrics are registered.
assert prometheus.WINDOWS


def named(rule: Rule) -> str:
    return f"{rule.alert}-{rule.labels.get('severity')}"


def test_promtool_accepts_the_configuration_and_every_rule() -> None:
    said = run("promtool", "check", "config", "prometheus.yml", folder=PROMETHEUS)
    assert said.count("rules found") == len(list(PROMETHEUS.glob("rules/*.yml")))


@pytest.mark.parametrize("path", sorted(PROMETHEUS.glob("tests/*.yml")), ids=lambda path: path.stem)
def test_promtool_finds_that_the_rules_do_what_their_tests_say(path: Path) -> None:
    assert "SUCCESS" in run("promtool", "test", "rules", path.name, folder=path.parent)


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_never_does() -> None:
    fires, silent = set(), set()
    for scenario in scenarios():
        for test in scenario.alert_rule_test:
            fires |= {f"{test.alertname}-{alert.exp_labels['severity']}" for alert in test.exp_alerts}
        silent |= {
            name
            for name in {test.alertname for test in scenario.alert_rule_test}
            if not any(test.exp_alerts for test in scenario.alert_rule_test if test.alertname == name)
        }
    assert fires == {named(alert) for alert in alerts()}
    assert silent == {alert.alert for alert in alerts()}


@pytest.mark.parametrize("alert", alerts(), ids=named)
def test_an_alert_says_how_bad_it_is_what_happened_where_to_look_and_what_to_do(alert: Rule) -> None:
    assert alert.labels["severity"] in {"critical", "warning", "info"}
    assert set(alert.annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert all(alert.annotations.values())
    assert alert.annotations["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}/{alert.alert}.md"
    opened = re.match(r"\{\{ \$externalLabels\.dashboards }}/d/ticketpulse-(\w+)", alert.annotations["dashboard_url"])
    assert opened
    assert opened[1] in DASHBOARDS


def test_every_alert_has_a_runbook_with_all_its_sections_and_no_runbook_is_left_over() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {alert.alert for alert in alerts()}
    for path in RUNBOOKS.glob("*.md"):
        lines = path.read_text().splitlines()
        assert lines[0] == f"# {path.stem}"
        assert [line for line in lines if line.startswith("## ")] == list(SECTIONS), path


def test_the_documentation_lists_every_alert_with_its_severities() -> None:
    listed = dict(
        re.findall(r"^\| \[(\w+)\]\(\.\./deploy/runbooks/\1\.md\) \| ([\w, ]+) \|", ALERTING.read_text(), re.M)
    )
    severities: dict[str, list[str]] = {}
    for alert in alerts():
        severities.setdefault(alert.alert or "", []).append(alert.labels["severity"])
    assert listed == {name: ", ".join(dict.fromkeys(each)) for name, each in severities.items()}


def expressions() -> Iterator[str]:
    yield from (rule.expr for rule in rules())
    # Dashboards and people copy these.
    for path in (*RUNBOOKS.glob("*.md"), ALERTING):
        yield from re.findall(r"```promql\n(.+?)```", path.read_text(), re.S)


def test_every_metric_that_is_asked_for_is_exported_or_recorded() -> None:
    assert {name for expression in expressions() for name in unknown_metrics(expression)} == set()


def test_a_metric_that_nobody_exports_is_found() -> None:
    asked = 'sum by (stage) (rate(helpdesk_dead_letters_total{reason="helpdesk_x"}[5m])) > on (helpdesk_y) helpdesk_z'
    assert metrics_in(asked) == {"helpdesk_dead_letters_total", "helpdesk_z"}
    assert unknown_metrics(asked) == {"helpdesk_z"}
    assert unknown_metrics("helpdesk_dead_letters + a:helpdesk_b:c") == {"helpdesk_dead_letters", "a:helpdesk_b:c"}


def test_recorded_series_are_named_level_metric_operation() -> None:
    recorded = [rule.record for rule in rules() if rule.record]
    assert [name for name in recorded if not RECORDED.fullmatch(name)] == []
    assert len(set(recorded)) == len(recorded)


def test_amtool_accepts_the_configuration() -> None:
    assert "SUCCESS" in run("amtool", "check-config", "alertmanager.yml", folder=DEPLOY / "alertmanager")


@pytest.mark.parametrize(
    ("severity", "receivers"), [("critical", "pager,chat"), ("warning", "chat"), ("info", "mail"), ("other", "mail")]
)
def test_severities_reach_their_receivers(severity: str, receivers: str) -> None:
    told = run(
        *("amtool", "config", "routes", "test", "--config.file", "alertmanager.yml", f"severity={severity}"),
        folder=DEPLOY / "alertmanager",
    )
    assert told.strip() == receivers

"""Alerts, from deploy/prometheus/rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from deploy.docs.generate.markdown import code, page, table

DEPLOY = Path(__file__).parents[2]
INTRO = """
    What Prometheus watches, and what to do when it fires. [Alert on the pipeline](../alerting.md) tells how they are
    set up and tried, [Alerts on windows](../spikes.md) how the pipeline itself finds spikes.
"""


def alerts_page() -> str:
    """Each alert with its runbook, by the file of its rule."""
    rows = [
        [
            f"[{rule['alert']}](../../deploy/runbooks/{rule['alert']}.md)",
            rule["labels"]["severity"],
            rule.get("for", "at once"),
            rule["annotations"]["summary"],
            code(name),
        ]
        for name, rule in alerts()
    ]
    return page("Alerts and runbooks", INTRO, table(["alert", "severity", "after", "what it says", "rules"], rows))


def alerts() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each alert, with the name of its file."""
    for path in sorted((DEPLOY / "prometheus" / "rules").glob("*.yml")):
        for group in msgspec.yaml.decode(path.read_bytes())["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    yield path.name, rule

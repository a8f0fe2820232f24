"""Experiments that the tests try."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.experiments import Changes, Experiment, Running, running

START = datetime(2026, 3, 2, tzinfo=UTC)
TOML = """\
name = "sooner"
about = "Escalate at 3 points instead of 2."
tenant = "default"
start = 2026-11-21T00:00:00Z
longest = "14d"
settle = "2d"

[[arms]]
name = "now"
policy = "support"
share = 0.5

[[arms]]
name = "early"
policy = "support"
share = 0.5

[[arms.change.rules]]
name = "very_negative"
when.all = [{ fact = "score", below = 3.0 }, { fact = "status", in = ["new", "open"] }]

[[metrics]]
metric = "missed"
smallest = 0.02

[[guardrails]]
metric = "pages"
smallest = 0.1
"""


def experiment(**changes: Any) -> Experiment:
    """Two arms of equal share from `START` on."""
    fields: dict[str, Any] = {
        "name": "sooner",
        "start": START,
        "longest": "14d",
        "settle": "2d",
        "arms": [{"name": "now", "policy": "support", "share": 0.5}, {"name": "early", "policy": "shop", "share": 0.5}],
        "metrics": [{"metric": "missed", "smallest": 0.02}, {"metric": "first_response", "smallest": "5m"}],
        "guardrails": [{"metric": "pages", "smallest": 0.1}],
    }
    return Experiment.model_validate(fields | changes)


def going(**changes: Any) -> Running:
    """The same, with nothing stopped."""
    return running(experiment(**changes), Changes())


def write(folder: Path, text: str = TOML, name: str = "sooner.toml") -> Path:
    """An experiment below a folder of policies; returns the folder."""
    (folder / "experiments").mkdir(exist_ok=True)
    (folder / "experiments" / name).write_text(text)
    return folder

"""`ticketpulse predict` as people run it: what it prints, with which exit code, and what it needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.learning.in_force import read_in_force
from tests.contract.sink_worlds import embedded_url, migrated
from tests.predictions.made_history import MadeHistory, insert

pytestmark = pytest.mark.xdist_group("predictions")
DAYS = ("--until", "2026-07-01", "--days", "40")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a desk with too little history for a model."""
    folder = tmp_path_factory.mktemp("commands")
    with migrated(embedded_url(folder)) as client:
        insert(client, MadeHistory(tickets=150, days=25))
    return {
        "CLICKHOUSE_URL": embedded_url(folder),
        "TICKETPULSE_MODELS": str(folder / "models"),
        "TICKETPULSE_MODEL_KEY": "a key for tests alone",
    }


def ran(environment: dict[str, str], *arguments: str, command: str = "predict") -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "streams.cli", command, *arguments]
    return subprocess.run(line, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def test_of_too_little_history_training_says_how_much_it_has_and_needs(desk: dict[str, str]) -> None:
    told = ran(desk, "train", *DAYS)
    assert told.returncode == 0, told.stderr
    assert "of 150 tickets" in told.stderr
    assert "100 of each are needed; what is told without one goes on" in told.stderr
    assert not list(Path(desk["TICKETPULSE_MODELS"]).glob("escalation-*"))


def test_what_training_put_in_force_is_rolled_back_as_any_promotion(desk: dict[str, str], tmp_path: Path) -> None:
    with migrated(embedded_url(tmp_path)) as client:
        insert(client, MadeHistory(tickets=500, days=40))
    folder = tmp_path / "models"
    longer = desk | {
        "CLICKHOUSE_URL": embedded_url(tmp_path),
        "TICKETPULSE_MODELS": str(folder),
        "KAFKA_BROKERS": "127.0.0.1:1",
    }
    told = ran(longer, "train", "--until", "2026-07-11", "--days", "50")
    assert told.returncode == 0, told.stderr
    assert read_in_force(folder).champion("default", "sla") is not None
    undone = ran(longer, "rollback", "--kind", "sla", "--yes", command="model")
    assert undone.returncode == 0, undone.stderr
    assert read_in_force(folder).champion("default", "sla") is None


def test_an_evaluation_is_json_for_programs(desk: dict[str, str]) -> None:
    told = ran(desk, "evaluate", *DAYS, "--step", "5", "--output", "json")
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["escalation"] is None
    assert "a model needs 100 of each" in found["missing"]["escalation"]
    assert found["compared"] > 0
    live = ran(desk, "evaluate", "--live")
    assert (live.returncode, live.stderr) == (0, "no prediction is three days old yet: none can be judged\n")


def test_what_is_missing_is_one_line(desk: dict[str, str], tmp_path: Path) -> None:
    without = ran({"CLICKHOUSE_URL": desk["CLICKHOUSE_URL"]}, "train")
    assert (without.returncode, len(without.stderr.splitlines())) == (2, 1)
    empty = ran({"CLICKHOUSE_URL": embedded_url(tmp_path)}, "evaluate")
    assert empty.returncode == 1
    assert "`ticketpulse migrate` makes them" in empty.stderr

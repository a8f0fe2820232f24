"""Learning from what people corrected, out of ClickHouse."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.sink_worlds import embedded_url


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "CLICKHOUSE_URL": embedded_url(folder),
        "TICKETPULSE_MODELS": str(folder / "models"),
        "TICKETPULSE_MODEL_KEY": "a key of some length",
    }
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, env={**os.environ, **settings}, capture_output=True, text=True, check=False, timeout=240
    )


def test_as_many_corrections_as_are_needed_make_a_model(tmp_path: Path) -> None:
    train = ("streams.cli", "train", "--from-corrections", "--tenant", "default", "-o", "json")
    _run(tmp_path, "tests.learning.store_corrections", embedded_url(tmp_path), "499").check_returncode()
    declined = _run(tmp_path, *train)
    assert declined.returncode == 1
    assert "499 labels are too few to learn from: 500 are needed, 1 more" in declined.stderr
    assert not (tmp_path / "models").exists()
    # Those that are there already come again, as after a crash.
    _run(tmp_path, "tests.learning.store_corrections", embedded_url(tmp_path), "500").check_returncode()
    learned = _run(tmp_path, *train)
    assert learned.returncode == 0, learned.stderr
    told = json.loads(learned.stdout)
    assert told["card"]["classes"] == ["negative", "neutral", "positive"]
    assert (told["card"]["tenant"], told["report"]["learned"]) == ("default", 400)
    assert told["report"]["by"] == "the later ones by time"


@pytest.mark.parametrize("command", [("train", "--from-corrections"), ("model", "compare")], ids=" ".join)
def test_a_database_without_tables_is_one_line_that_says_what_makes_them(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    told = _run(tmp_path, "streams.cli", *command)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("ticketpulse: ClickHouse: its tables are missing")
    assert "`ticketpulse migrate` makes them" in told.stderr
    assert len(told.stderr.splitlines()) == 1

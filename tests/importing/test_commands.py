"""`ticketpulse import` as a person runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TABLE = """Ticket ID,Created,Title,Narrative,State
1,2026-01-05 10:00,Refund,"Terrible. I was charged twice
and nobody answers.",open
2,soon,Parcel,Where is it?,open
3,2026-01-06 10:00,=1+1,Useless. I want a person now!,open
"""


def ran(folder: Path, *arguments: str) -> tuple[int, str, str]:
    environment = {
        **os.environ,
        "CLICKHOUSE_URL": f"chdb://{folder / 'clickhouse'}",
        "TICKETPULSE_LOCAL_DIR": str(folder),
        "KAFKA_BROKERS": "127.0.0.1:1",
    }
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ticketpulse")), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
        cwd=folder,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_text(TABLE)
    return path


def test_from_a_dry_run_to_windows_that_verify(tmp_path: Path, table: Path) -> None:
    said = ["import", str(table), "--map", "text=Narrative"]
    code, out, err = ran(tmp_path, *said, "--dry-run")
    assert code == 0, err
    assert [json.loads(line)["ticket_id"] for line in out.splitlines()] == ["1", "3"]
    assert "line 4: Created: 'soon' is no time" in err
    assert not (tmp_path / "clickhouse").exists()
    code, out, err = ran(tmp_path, *said, "--no-kafka", "--yes", "-o", "json")
    assert code == 1, err
    assert "1 row rejected; the reasons are in" in err
    found = json.loads(out)
    assert (found["rows"], found["rejected"], found["stored"]["events"], found["stored"]["scored"]) == (3, 1, 2, 2)
    [rejected] = (tmp_path / "tickets.csv.rejects.jsonl").read_text().splitlines()
    assert json.loads(rejected)["line"] == 4
    kept = tmp_path / "tickets.csv.mapping.toml"
    assert '"text" = "Narrative"' in kept.read_text()
    code, out, err = ran(tmp_path, "windows", "verify", "--from", "2026-01-01", "--to", "2026-01-10")
    assert (code, "0 different" in out) == (0, True), err
    code, out, err = ran(tmp_path, "import", str(table), "--mapping", str(kept), "--dry-run")
    assert [json.loads(line)["ticket_id"] for line in out.splitlines()] == ["1", "3"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--yes says so"),
        (("--map", "mood=State"), 2, "fields are ticket_id"),
        (("--map", "text=Words"), 2, "no column 'Words'; there are Ticket ID"),
        (("--map", "ticket_id="), 2, "--map ticket_id=COLUMN"),
        (("--delimiter", ";;"), 2, "--delimiter ;;: one character, or tab"),
        (("--zone", "Mars"), 2, "'Mars' is no time zone"),
        (("--yes", "--max-errors", "0"), 1, "nothing was imported; the reasons are in tickets.csv.rejects.jsonl"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    tmp_path: Path, table: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found, _, err = ran(tmp_path, "import", str(table), *arguments)
    assert said in err
    assert found == code


def test_a_file_that_is_empty_and_one_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    assert ran(tmp_path, "import", str(tmp_path / "empty.csv"))[2].endswith("the file is empty\n")
    assert "No such file" in ran(tmp_path, "import", str(tmp_path / "none.csv"))[2]

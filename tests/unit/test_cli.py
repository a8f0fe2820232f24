"""The command line without any server: what it prints, where, and with which exit code."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from streams.commands.failure import variable_of
from streams.config import Settings
from streams.up.processes import free_port
from tests.unit.conftest import Run

EVENT = b'{"event_id": "1", "ticket_id": "T-1", "text": "This is terrible, the worst service"}'


def test_score_keeps_order_and_says_what_it_found(run: Run) -> None:
    lines = b"\n".join(b'{"event_id": "%d", "ticket_id": "T", "text": "Great, thanks!"}' % n for n in range(20))
    result = run("score", stdin=EVENT + b"\n\n" + lines)
    scored = [msgspec.json.decode(line) for line in result.out.splitlines()]
    assert result.code == 0
    assert result.err == ""
    assert [one["event_id"] for one in scored] == ["1", *(str(n) for n in range(20))]
    assert scored[0]["ticket_id"] == "T-1"
    assert set(scored[0]["sentiment"]) == {"score", "label", "compound", "polarity", "subjectivity"}
    assert scored[0]["sentiment"]["label"] == "very_negative"
    assert scored[1]["sentiment"]["score"] > 5


def test_score_reads_a_file_and_keeps_unknown_fields(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(EVENT[:-1] + b', "order": [1]}\n')
    assert msgspec.json.decode(run("score", str(file)).out)["order"] == [1]


def test_an_event_without_a_text_is_not_scored(run: Run) -> None:
    event = b'{"event_id": "1", "ticket_id": "T", "type": "rated", "satisfaction": 5}'
    assert msgspec.json.decode(run("score", stdin=event).out)["sentiment"] is None
    assert "not scored" in run("score", "-o", "text", stdin=event).out


def test_a_bad_line_is_named_and_the_others_are_scored(run: Run) -> None:
    bad = b'{"event_id": "2", "ticket_id": "T", "text": "x", "channel": "fax"}'
    result = run("score", stdin=b"\n".join([EVENT, b"complaint", bad, EVENT]))
    assert result.code == 1
    assert len(result.out.splitlines()) == 2
    assert [line.split(":")[0:2] for line in result.err.splitlines()[:2]] == [
        ["line 2", " value"],
        ["line 3", " channel"],
    ]
    assert "2 of 4 lines" in result.err


def test_a_missing_file_is_one_line(run: Run) -> None:
    result = run("score", "/nowhere/events.jsonl")
    assert (result.code, result.out) == (1, "")
    assert result.err == "ticketpulse: /nowhere/events.jsonl: No such file or directory\n"


@pytest.mark.parametrize(
    "command",
    [("topics", "ls"), ("topics", "apply"), ("dlq", "ls"), ("dlq", "show", "0-0"), ("dlq", "redrive", "0-0")],
    ids=" ".join,
)
def test_kafka_away_is_one_line_that_names_the_variable(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, KAFKA_BROKERS=f"127.0.0.1:{free_port()}")
    assert (result.code, result.out) == (1, "")
    assert len(result.err.splitlines()) == 1
    assert "KAFKA_BROKERS" in result.err


def test_status_says_which_servers_do_not_answer(run: Run) -> None:
    brokers = f"127.0.0.1:{free_port()}"
    result = run("status", "-o", "json", KAFKA_BROKERS=brokers, TICKETPULSE_PAGE_PORT=free_port())
    assert result.code == 1
    assert msgspec.json.decode(result.out) == {"groups": [], "last_window": None}
    assert brokers in result.err
    assert "the page at" in result.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TICKETPULSE_PARTITIONS", "many"),
        ("TICKETPULSE_PARTITIONS", "0"),
        ("TICKETPULSE_GATEWAY_PORT", "70000"),
        ("TICKETPULSE_WINDOW_SIZES", "[60, 90]"),
        ("TICKETPULSE_WINDOW_SIZES", "60,90"),
        ("TICKETPULSE_WATCHED_SIZE", "90"),
        ("TICKETPULSE_NAME", "Not A Name"),
    ],
)
def test_a_wrong_setting_names_its_variable(run: Run, variable: str, value: str) -> None:
    result = run("topics", "ls", **{variable: value})
    assert result.code == 2
    assert result.err.startswith(f"ticketpulse: {variable}")
    assert "Traceback" not in result.err


def test_a_wrong_secret_is_not_shown(run: Run) -> None:
    result = run("model", "ls", TICKETPULSE_MODEL_KEY="hunter2")
    assert (result.code, result.out) == (2, "")
    assert result.err == "ticketpulse: TICKETPULSE_MODEL_KEY: 16 bytes at least\n"


def test_every_setting_has_the_variable_that_errors_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("kafka_brokers", "clickhouse_url", "name", "host"):
        monkeypatch.setenv(variable_of(name), "xyz")
        assert getattr(Settings(), name) == "xyz"


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("worker",), ("worker", "--stage", "x"), ("feed", "--rate", "0"), ("dlq", "show", "abc")],
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err


COMMANDS = [
    *(("up",), ("status",), ("score",), ("produce",), ("feed",), ("sql",), ("worker",), ("migrate",)),
    *(
        ("dlq", "ls"),
        ("dlq", "show"),
        ("dlq", "redrive"),
        ("dlq", "drop"),
        ("topics", "ls"),
        ("topics", "apply"),
        ("sink", "clickhouse"),
    ),
    *(("serve", "gateway"), ("serve", "page"), ("policy", "check"), ("policy", "show"), ("policy", "diff")),
    *(("windows", "verify"), ("windows", "rebuild")),
    *(("token", "new"), ("token", "ls"), ("token", "revoke")),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_shows_an_example(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.code == 0
    assert f"ticketpulse {' '.join(command)}" in result.out.split("Options")[0].replace("Usage: ", "", 1)


def test_help_lists_every_command(run: Run) -> None:
    listed = run("--help").out
    assert all(command[0] in listed for command in COMMANDS)


def test_migrate_tells_what_it_did(run: Run, tmp_path: Path) -> None:
    result = run("migrate", CLICKHOUSE_URL="mysql://x")
    assert result.code == 1
    assert "CLICKHOUSE_URL" in result.err


def test_a_reader_that_goes_away_is_no_error_message(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join([EVENT] * 3000))
    pipeline = '"$0" -m streams.cli score "$1" | head -n 1'
    done = subprocess.run(["sh", "-c", pipeline, sys.executable, str(file)], capture_output=True, check=True)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "yesterday"), "--from yesterday: no time"),
        (("--from", "2026-11-02", "--to", "2026-11-01"), "no window is between them"),
        (("--tenant", "a'b"), "--tenant a'b: 1 to 64 letters"),
    ],
)
def test_windows_are_not_compared_with_wrong_usage(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run("windows", "verify", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err

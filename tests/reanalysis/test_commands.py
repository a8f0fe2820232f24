"""`ticketpulse reanalyze` as a person runs it: with its own processes, and stopped by Ctrl-C."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from schemas.audit import decode_audit
from streams import topics
from streams.broker.admin import apply_topics
from streams.up.local_kafka import LocalKafka
from tests.contract.sink_worlds import embedded_url, migrated
from tests.reanalysis.rows_of_tickets import store, tickets
from tests.soak.reading import read_topic

MADE = (
    "INSERT INTO scored_events (tenant, ticket_id, event_id, type, channel, priority, category, voice, occurred_at, "
    "received_at, appended_at, text, scored, score, label, log_partition, log_offset, version) "
    "SELECT 'default', concat('made-', toString(number)), toString(number), 'message', 'web', 'low', 'general', "
    "'customer', toDateTime64('2026-11-21 09:00:00', 3, 'UTC') + number AS at, at, at, "
    "concat('This is terrible, nobody answers me about order ', toString(number)), true, 5, 'neutral', 0, number, "
    "number FROM numbers(5000)"
)

# The command, but it waits for a line of its input once rows are stored: whoever stops it may be slower than it.
HELD = """
import sys
from streams.cli import main
from streams.commands.reanalyze import _Shown

show, held = _Shown.show, []

def hold(self, run):
    show(self, run)
    if run.done and not held:
        held.append(run)
        print("\\nheld", file=sys.stderr, flush=True)
        sys.stdin.readline()

_Shown.show = hold
main()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Filled by a process of its own: the command must be able to open it."""
    folder = tmp_path_factory.mktemp("reanalyze")
    subprocess.run([sys.executable, "-m", "tests.reanalysis.test_commands", str(folder)], check=True)
    return embedded_url(folder)


def started(
    url: str, *arguments: str, brokers: str = "127.0.0.1:1", program: Sequence[str] = ("-m", "streams.cli")
) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "CLICKHOUSE_URL": url,
        "KAFKA_BROKERS": brokers,
        "TICKETPULSE_LOCAL_DIR": str(Path(url).parent),
    }
    command = [sys.executable, *program, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)


def ran(url: str, *arguments: str, brokers: str = "127.0.0.1:1") -> tuple[int, str, str]:
    process = started(url, *arguments, brokers=brokers)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_ctrl_c_stops_it_in_order_and_it_is_resumed_to_its_end(url: str) -> None:
    process = started(url, "reanalyze", "--all", "--source", "rows", "--processes", "1", program=("-c", HELD))
    assert process.stderr is not None
    assert "of 5,020 tickets" in process.stderr.readline()
    assert "held\n" in process.stderr
    process.send_signal(signal.SIGINT)
    assert any(line.startswith("stopping:") for line in process.stderr)
    _, err = process.communicate("\n", timeout=120)
    assert process.returncode == 130, err
    [told] = [line for line in err.splitlines() if line.startswith("stopped; to go on")]
    run_id = told.split()[-1]
    code, out, err = ran(url, "reanalyze", "--resume", run_id, "--source", "rows", "-o", "json")
    assert code == 0, err
    run = json.loads(out)
    assert (run["id"], run["state"], run["done"]) == (run_id, "done", run["events"])
    code, out, err = ran(url, "windows", "verify", "--from", "2026-11-20", "--to", "2026-11-24")
    assert code == 0, out + err
    assert "0 different" in out
    code, out, _ = ran(url, "reanalyze", "--list", "-o", "json")
    assert code == 0
    assert [each["state"] for each in json.loads(out) if each["id"] == run_id] == ["done"]


def test_that_it_began_is_in_the_audit(url: str, own_kafka: LocalKafka) -> None:
    asyncio.run(own_kafka.start())
    audit = [topic for topic in topics.ALL if topic.name == topics.AUDIT]
    asyncio.run(apply_topics(own_kafka.brokers, audit, 1, 1))
    code, out, err = ran(url, "reanalyze", "made-7", "--source", "rows", "-o", "json", brokers=own_kafka.brokers)
    assert (code, "audit" in err) == (0, False), err
    [told] = asyncio.run(read_topic(own_kafka.brokers, topics.AUDIT, 1))
    record = decode_audit(told.value)
    assert (record.action, record.target, record.source) == ("reanalysis.start", json.loads(out)["id"], "cli")
    assert "made-7" in record.detail


def test_what_the_audit_does_not_hear_of_is_said_and_done(url: str) -> None:
    code, _, err = ran(url, "reanalyze", "made-8", "--source", "rows")
    assert code == 0
    assert "the audit does not know of it, the table reanalyses does: no acknowledgement" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("reanalyze",), "say which tickets"),
        (("reanalyze", "--status", "ajar"), "--status: invalid enum value 'ajar'"),
        (("reanalyze", "--all", "--since", "soon"), "--since soon: no time"),
        (("reanalyze", "--resume", "nine", "--source", "rows"), "'nine' is no id of a re-analysis"),
        (("reanalyze", "--tenant", "a/b", "--all"), "--tenant a/b"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(url: str, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = ran(url, *arguments)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_ids_of_a_file_are_read_behind_its_mark_and_another_encoding_is_said(url: str, tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_bytes("made-9\r\n".encode("utf-8-sig"))
    code, out, err = ran(url, "reanalyze", "--file", str(file), "--source", "rows", "-o", "json")
    assert (code, json.loads(out)["events"] > 0) == (0, True), err
    file.write_bytes("Zoë\n".encode("utf-16"))
    code, _, err = ran(url, "reanalyze", "--file", str(file), "--source", "rows")
    assert (code, "Traceback" in err) == (2, False)
    assert "ids.txt: no UTF-8; ids of tickets are wanted, one a line" in err


if __name__ == "__main__":
    stages = tickets()
    with migrated(embedded_url(Path(sys.argv[1]))) as client:
        store(embedded_url(Path(sys.argv[1])), stages.take())
        client.command(MADE)

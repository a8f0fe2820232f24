"""`ticketpulse experiment` over an embedded database, without any server."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from schemas.experiments import running
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from streams.escalation.experiments import read_changes, read_experiment
from tests.contract.messages import TABLES
from tests.contract.sink_worlds import embedded_url, migrated
from tests.experiments.desk_rows import Rows
from tests.experiments.made import TOML, write
from tests.unit.conftest import Run

OF_MARCH = TOML.replace("2026-11-21", "2026-03-02")
NO_BROKER = "127.0.0.1:1"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = embedded_url(tmp_path_factory.mktemp("command"))
    with migrated(address):
        sink = ClickHouseSink(partial(connect, address), TABLES)

        async def fill() -> None:
            await sink.write(Rows().messages)
            await sink.close()

        asyncio.run(fill())
    return address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, OF_MARCH)


def test_a_folder_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    told = run("experiment", "status", TICKETPULSE_POLICIES=tmp_path / "nowhere")
    assert (told.code, told.out) == (2, "")
    assert told.err == f"ticketpulse: {tmp_path / 'nowhere'}: no such folder of policies\n"


def test_check_names_arms_and_mistakes(run: Run, folder: Path) -> None:
    told = run("experiment", "check", str(folder))
    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "sooner: tenant default, now 50% by support, early 50% by sooner-early; from 2026-03-02 to 2026-03-16\n"
    )
    write(folder, OF_MARCH.replace('"missed"', '"missing"'))
    told = run("experiment", "check", str(folder))
    assert (told.code, told.out) == (2, "")
    assert "sooner.toml:23: metrics[1].metric: Input should be 'escalation_rate'" in told.err


def test_status_and_report_tell_the_same(run: Run, folder: Path, url: str) -> None:
    known = {"TICKETPULSE_POLICIES": folder, "CLICKHOUSE_URL": url}
    told = json.loads(run("experiment", "status", "sooner", "-o", "json", **known).out)
    tickets = [arm["tickets"] for arm in told[0]["arms"]]
    assert sum(tickets) > 100
    text = run("experiment", "status", **known).out
    assert text.startswith(f"sooner: over, {sum(tickets)} tickets")
    assert "early: undecided." in text
    page = folder / "sooner.html"
    made = run("experiment", "report", "sooner", "--format", "html", "-o", str(page), **known)
    assert (made.code, made.err) == (0, f"{page}: Experiment sooner\n")
    assert "<h1>Experiment sooner</h1>" in page.read_text()
    assert run("experiment", "report", "sooner", **known).out.startswith("# Experiment sooner\n")


def test_what_nobody_knows_is_told(run: Run, folder: Path) -> None:
    told = run("experiment", "status", "later", TICKETPULSE_POLICIES=folder)
    assert (told.code, told.err) == (2, "ticketpulse: there is no experiment 'later'; there are: sooner\n")
    told = run("experiment", "stop", "sooner", "--arm", "late", TICKETPULSE_POLICIES=folder, KAFKA_BROKERS=NO_BROKER)
    assert (told.code, told.err) == (2, "ticketpulse: sooner has no arm 'late'; there are: now, early\n")


def test_a_folder_must_be_named(run: Run) -> None:
    told = run("experiment", "status")
    assert (told.code, told.err) == (
        2,
        "ticketpulse: no folder of policies: name one, or set TICKETPULSE_POLICIES\n",
    )


def test_an_arm_is_stopped_only_when_harmed_and_allowed(run: Run, folder: Path, url: str) -> None:
    known = {"TICKETPULSE_POLICIES": folder, "CLICKHOUSE_URL": url}
    told = run("experiment", "stop", "sooner", "--if-harmed", **known)
    assert (told.code, told.err) == (0, "sooner: no arm that takes tickets is harmed\n")
    assert not (folder / "experiments" / "changes.toml").exists()


def test_stop_and_resume_are_kept_with_who_and_why(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.commands.audited.AUDIT_SECONDS", 0.2)
    known = {"TICKETPULSE_POLICIES": folder, "KAFKA_BROKERS": NO_BROKER}
    told = run("experiment", "stop", "sooner", "--arm", "early", "--reason", "too many", **known)
    assert told.code == 0
    assert told.out.startswith("sooner:early: stopped; ")
    assert "in that file alone" in told.err
    file = folder / "experiments" / "changes.toml"
    (change,) = read_changes(file).change
    assert (change.arm, change.what, change.reason, bool(change.by)) == ("early", "stop", "too many", True)
    assert run("experiment", "resume", "sooner", "--arm", "early", **known).out.startswith("sooner:early: goes on; ")
    stands = running(read_experiment(folder / "experiments" / "sooner.toml"), read_changes(file))
    (pause,) = stands.pauses["early"]
    assert pause.end is not None

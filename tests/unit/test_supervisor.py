"""The supervisor, with real processes that take milliseconds."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streams.up.run_lock import AlreadyRunning, only_one
from streams.up.supervisor import Patience, Process, supervise
from tests.ended import has_ended

QUICK = Patience(exits=3, first_delay=0.01, ready=30.0)
_FOREVER = "exec sleep 600"

_PARENT = """
import asyncio, sys
from pathlib import Path
from streams.up.supervisor import Process, supervise
child = Process("child", ["sleep", "600"])
asyncio.run(supervise([child], logs=Path(sys.argv[1]), on_event=lambda event: print(event, flush=True)))
"""


class Events(list[str]):
    """What was reported; a signal is sent to this process when a given event comes."""

    def __init__(self, **signals: signal.Signals) -> None:
        self._signals = {name.replace("_", " "): number for name, number in signals.items()}

    def __call__(self, event: str) -> None:
        self.append(event)
        if event in self._signals:
            signal.raise_signal(self._signals[event])


def shell(name: str, script: str, *, once: bool = False) -> Process:
    return Process(name, ["sh", "-c", script], once=once)


def lines(diary: Path) -> list[str]:
    return diary.read_text().splitlines() if diary.exists() else []


def writes(name: str, diary: Path) -> Process:
    """Runs until it is stopped; the diary shows when that was. Ready once its trap is set."""
    script = (
        f"trap 'echo {name} ends >> {diary}; exit 0' TERM; echo {name} runs >> {diary}; while :; do sleep 0.01; done"
    )

    async def ready() -> bool:
        return f"{name} runs" in lines(diary)

    return Process(name, ["sh", "-c", script], ready=ready)


async def test_processes_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    processes = [writes("kafka", diary), writes("worker", diary), writes("feed", diary)]
    status = await supervise(processes, logs=tmp_path, on_event=Events(everything_is_up=signal.SIGTERM), patience=QUICK)
    assert status == 0
    assert diary.read_text().splitlines() == [
        *("kafka runs", "worker runs", "feed runs"),
        *("feed ends", "worker ends", "kafka ends"),
    ]


async def test_a_step_is_done_before_the_next_process_starts(tmp_path: Path) -> None:
    steps = [
        shell("topics", f"echo made > {tmp_path}/topics", once=True),
        shell("worker", f"cat {tmp_path}/topics", once=True),
    ]
    assert await supervise(steps, logs=tmp_path, on_event=Events(), patience=QUICK) == 0
    assert (tmp_path / "worker.log").read_text() == "made\n"


async def test_one_that_is_not_waited_for_still_counts_for_everything_is_up(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    needs_the_next = Process("worker", ["sleep", "600"], ready=writes("gateway", diary).ready, wait=False)
    events = Events(everything_is_up=signal.SIGTERM)
    assert (
        await supervise([needs_the_next, writes("gateway", diary)], logs=tmp_path, on_event=events, patience=QUICK) == 0
    )
    assert events.index("everything is up") > events.index("worker is ready")


async def test_a_process_that_ends_is_started_again(tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    fails_at_first = f"test -e {tmp_path}/been || {{ touch {tmp_path}/been; exit 3; }}; "
    worker = writes("worker", diary)
    process = Process("worker", ["sh", "-c", fails_at_first + worker.argv[2]], ready=worker.ready)
    events = Events(everything_is_up=signal.SIGINT)
    assert await supervise([process], logs=tmp_path, on_event=events, patience=QUICK) == 0
    assert f"worker ended with status 3, starts again in 0.01 s; see {tmp_path}/worker.log" in events
    assert diary.read_text() == "worker runs\nworker ends\n"


async def test_a_process_that_keeps_ending_ends_the_run_and_shows_its_log(tmp_path: Path) -> None:
    diary, events = tmp_path / "diary", Events()
    processes = [writes("kafka", diary), shell("worker", "echo the schema is unknown; exit 4")]
    assert await supervise(processes, logs=tmp_path, on_event=events, patience=QUICK) == 1
    assert events[-1].startswith("kafka stopping")
    [reason] = [event for event in events if "in a row" in event]
    assert reason.startswith("worker ended 3 times in a row, the last time with status 4; ")
    assert f"{tmp_path}/worker.log ends with:\n  the schema is unknown" in reason
    assert diary.read_text() == "kafka runs\nkafka ends\n"


async def test_a_process_that_never_gets_ready_ends_the_run(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    events = Events()
    process = Process("gateway", ["sh", "-c", _FOREVER], ready=never)
    assert await supervise([process], logs=tmp_path, on_event=events, patience=QUICK._replace(ready=0.05)) == 1
    assert any("gateway was not ready 0.05 s after its start" in event for event in events)


async def test_one_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    process = stubborn(tmp_path)
    events = Events(everything_is_up=signal.SIGTERM)
    assert await supervise([process], logs=tmp_path, on_event=events, patience=QUICK._replace(stop=0.05)) == 0
    assert f"sink does not stop within 0.05 s and is killed; see {tmp_path}/sink.log" in events


async def test_a_second_signal_kills_at_once(tmp_path: Path) -> None:
    events = Events(everything_is_up=signal.SIGINT, sink_stopping=signal.SIGINT)
    patient = QUICK._replace(stop=600.0)
    assert await supervise([stubborn(tmp_path)], logs=tmp_path, on_event=events, patience=patient) == 0
    assert events[-1] == "sink stopping"


def stubborn(folder: Path) -> Process:
    deaf = folder / "deaf"

    async def ready() -> bool:
        return deaf.exists()

    return Process("sink", ["sh", "-c", f"trap '' TERM; touch {deaf}; sleep 600"], ready=ready)


async def test_cancelling_stops_all(tmp_path: Path) -> None:
    diary, up = tmp_path / "diary", asyncio.Event()

    def on_event(event: str) -> None:
        if event == "everything is up":
            up.set()

    running = asyncio.create_task(supervise([writes("kafka", diary)], logs=tmp_path, on_event=on_event, patience=QUICK))
    await up.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert diary.read_text() == "kafka runs\nkafka ends\n"


def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT, tmp_path], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        started = supervisor.stdout.readline()
        assert supervisor.stdout.readline() == "child is ready\n"
        child = os.pidfd_open(int(started.removeprefix("child started, pid ")))
        supervisor.kill()
    assert has_ended(child)


def test_a_folder_has_one_supervisor_which_says_where_it_is(tmp_path: Path) -> None:
    told = f"already running: pid {os.getpid()}, page http://127.0.0.1:8081"
    with (
        only_one(tmp_path, page="http://127.0.0.1:8081"),
        pytest.raises(AlreadyRunning, match=told),
        only_one(tmp_path),
    ):
        raise AssertionError
    with only_one(tmp_path):
        pass

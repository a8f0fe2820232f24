"""Who is compared, and how each is started: processes, topics and tables of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from sinks.clickhouse.client import connect
from streams import topics
from streams.topics import Topic
from streams.up.processes import last_lines, tied
from tests.bench.usage import cpu_seconds, resident_bytes
from tests.peers.asked import Asked
from tests.servers.clickhouse_process import ClickHouseProcess

ROOT: Final = Path(__file__).parents[2]
PEERS_PYTHON: Final = ROOT / ".venv-peers" / "bin" / "python"
PARTITIONS: Final = 2
_LOG: Final = {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime", "max.message.bytes": "4194304"}
_COMPACTED: Final = {"cleanup.policy": "compact", "max.message.bytes": "4194304"}
# Of ticketpulse: what does the job. Numbers of escalations and notices are not part of it.
_STAGES: Final = ("score", "track", "trends")


class Place(NamedTuple):
    """Where a contestant runs."""

    brokers: str
    clickhouse: ClickHouseProcess
    folder: Path


class Contestant(NamedTuple):
    """`guarantee` is what it promises of its topics; `share` of the backlog it is given, if it is slow."""

    name: str
    guarantee: str
    module: str
    python: Path
    share: float = 1.0


OURS: Final = Contestant("ticketpulse", "exactly once", "", Path(sys.executable))
AIOKAFKA: Final = Contestant(
    "plain aiokafka", "exactly once, one instance", "tests.peers.aiokafka_peer", Path(sys.executable)
)
FAUST: Final = Contestant("stock Faust", "exactly once", "tests.peers.faust_peer", Path(sys.executable), 0.3)
QUIX: Final = Contestant("Quix Streams", "exactly once", "tests.peers.quix_peer", PEERS_PYTHON)
BYTEWAX: Final = Contestant("Bytewax", "at least once", "tests.peers.bytewax_peer", PEERS_PYTHON)
# Bytewax has no wheel for a newer Python.
ALL: Final = (OURS, AIOKAFKA, *([BYTEWAX] if sys.version_info < (3, 13) else []), QUIX, FAUST)
PEERS: Final = ALL[1:]


class Usage(NamedTuple):
    """Processor seconds of each of its processes, and resident bytes of all of them."""

    seconds: Sequence[float]
    resident: int

    @property
    def cpu_seconds(self) -> float:
        """Of all of them."""
        return sum(self.seconds)


class Running:
    """A contestant with its topics and tables, under a name that no other run has. It begins when `start` is called."""

    def __init__(self, who: Contestant, place: Place, run: str, *, only_scores: bool = False) -> None:
        self.who = who
        self._only_scores = only_scores
        self._place = place
        self.name = f"peer-{run}"
        self.database = self.name.replace("-", "_")
        self.folder = place.folder / self.name
        self.folder.mkdir()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ours = who is OURS

    @property
    def input(self) -> str:
        """The topic that it reads."""
        return topics.EVENTS if self._ours else f"{self.name}-events"

    @property
    def scored(self) -> str:
        """The topic of scored events."""
        return topics.SCORED if self._ours else self._asked.scored

    @property
    def escalations(self) -> str:
        """The topic of escalations."""
        return topics.ESCALATIONS if self._ours else self._asked.escalations

    @property
    def topics(self) -> Sequence[Topic]:
        """All that have to be there, empty, before it starts."""
        if self._ours:
            return topics.ALL
        logs = (self.input, self._asked.scored, self._asked.escalations)
        return (*(Topic(name, _LOG) for name in logs), Topic(self._asked.changelog, _COMPACTED))

    @property
    def url(self) -> str:
        """Its database."""
        return self._place.clickhouse.url(self.database)

    @property
    def _asked(self) -> Asked:
        _, port = self._place.clickhouse.address
        place = self._place
        names = (place.brokers, self.name, f"{self.name}-events", PARTITIONS, port, self.database, str(self.folder))
        return Asked(*names, self._only_scores)

    def start(self) -> None:
        """Start its processes, which do not wait for each other; the database is made."""
        connect(self.url).close()
        if self._ours and not self._processes:
            subprocess.run(
                [sys.executable, "-m", "streams.cli", "migrate"],
                env=self._environment(),
                cwd=ROOT,
                check=True,
                capture_output=True,
            )
        self._processes = [self._spawned(number, argv) for number, argv in enumerate(self._commands())]

    def kill(self) -> None:
        """SIGKILL to all of its processes at once."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()

    def used(self) -> Usage:
        """What it has used so far and holds now. Raises RuntimeError when one of its processes has ended."""
        seconds, resident = [], 0
        for number, process in enumerate(self._processes):
            if process.poll() is not None:
                raise RuntimeError(f"{self.who.name} ended with {process.returncode}; {last_lines(self._log(number))}")
            seconds.append(cpu_seconds(process.pid))
            resident += resident_bytes(process.pid)
        return Usage(seconds, resident)

    @property
    def parts(self) -> Sequence[str]:
        """What its processes are called."""
        return (*_STAGES, "sink") if self._ours else (self.who.name,)

    def said(self) -> str:
        """The ends of its logs."""
        return "\n".join(last_lines(self._log(number)) for number in range(len(self._processes)))

    def _commands(self) -> Sequence[Sequence[str]]:
        if not self._ours:
            return [[str(self.who.python), "-m", self.who.module, json.dumps(self._asked)]]
        ours = [sys.executable, "-m", "streams.cli"]
        if self._only_scores:
            return [[*ours, "worker", "--stage", _STAGES[0]]]
        return [*([*ours, "worker", "--stage", stage] for stage in _STAGES), [*ours, "sink", "clickhouse"]]

    def _environment(self) -> Mapping[str, str]:
        own = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": "1"}
        if self._ours:
            own |= {
                "KAFKA_BROKERS": self._place.brokers,
                "CLICKHOUSE_URL": self.url,
                "TICKETPULSE_NAME": self.name,
                "TICKETPULSE_PRESET": "helpdesk",
                "TICKETPULSE_WINDOW_SIZES": "[60, 3600]",
                "TICKETPULSE_LOCAL_DIR": str(self.folder),
            }
        return {**os.environ, **own}

    def _spawned(self, number: int, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
        with self._log(number).open("ab") as log:
            return subprocess.Popen(
                tied(argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env=self._environment()
            )

    def _log(self, number: int) -> Path:
        return self.folder / f"{number}.log"


def missing() -> str | None:
    """What has to be done before all of them can run; None when nothing has."""
    return None if PEERS_PYTHON.exists() else f"{PEERS_PYTHON} is not there: scripts/setup --with-peers makes it"


def made(arguments: Any) -> Sequence[Contestant]:
    """Those of these names."""
    return [who for who in ALL if who.name in arguments]

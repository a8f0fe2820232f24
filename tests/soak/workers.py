"""Worker processes of the product, and what faults do to them."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from streams.up.processes import free_port, last_lines, tied
from tests.policies import SIMPLE_FOLDER
from tests.soak.windows import SIZES

# A stop in order takes no longer, transactions under way included.
STOP_SECONDS = 30.0
PRODUCT = ("-m", "streams.cli", "worker")
_PROJECT = Path(__file__).parents[2]
_ANSWER_SECONDS = 10.0
_ODDITIES = re.compile(r"Traceback|starts over|tick failed|expected -?\d+, |dropped|Crash")


class WorkerDied(Exception):
    """A process ended that nobody told to, or with an error. The message has the end of its log; `code` is None when it
    did not end by itself.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class ProductProcess:
    """One process of the product, with its metrics. It dies with this one, however that happens. `argv` is what Python
    runs.
    """

    def __init__(self, name: str, argv: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._told_to_end = False
        self._port = free_port()
        complete = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(_PROJECT),
            "TICKETPULSE_METRICS_PORT": str(self._port),
            **environment,
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                tied([sys.executable, *argv]), stdout=log, stderr=log, cwd=folder, env=complete
            )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether it runs; a stopped one does too. Raises WorkerDied when it ended on its own."""
        code = self._process.poll()
        if code is not None and not self._told_to_end:
            raise WorkerDied(f"{self.name} ended with {code}; {last_lines(self.log)}", code)
        return code is None

    def kill(self) -> None:
        """SIGKILL: it has no time for a last word."""
        self._end(signal.SIGKILL)
        self._process.wait()

    def discard(self) -> None:
        """Make sure that it is gone."""
        self._told_to_end = True
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """SIGSTOP: the process hangs, its connections stay."""
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT: it goes on as if no time had passed."""
        self._process.send_signal(signal.SIGCONT)

    async def leave(self) -> float:
        """SIGTERM; returns the seconds that it took to end in order.

        Raises WorkerDied when it ended with an error or is still there after 30 seconds.
        """
        clock = asyncio.get_running_loop().time
        begun = clock()
        self._end(signal.SIGTERM)
        try:
            code = await asyncio.to_thread(self._process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise WorkerDied(f"{self.name} did not end within {STOP_SECONDS:.0f} s; {last_lines(self.log)}") from None
        # One that has said nothing yet had not begun, and has nothing to end in order.
        if code and not (code == -signal.SIGTERM and not self.log.stat().st_size):
            raise WorkerDied(f"{self.name} ended with {code} after SIGTERM; {last_lines(self.log)}", code)
        return clock() - begun

    def metrics(self) -> str:
        """All that it tells Prometheus."""
        with urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=_ANSWER_SECONDS) as answer:
            return str(answer.read().decode())

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels; 0 without any."""
        samples = [one for family in text_string_to_metric_families(self.metrics()) for one in family.samples]
        return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())

    def resident_bytes(self) -> int:
        """The memory that it takes now, as the kernel counts it."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def oddities(self) -> list[str]:
        """Lines of its log that an undisturbed process does not write."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if _ODDITIES.search(line)]

    def _end(self, sign: signal.Signals) -> None:
        self._told_to_end = True
        self._process.send_signal(sign)


class StageProcess(ProductProcess):
    """Runs one stage. `program` is what Python runs; `also` are more variables of its environment."""

    def __init__(
        self,
        stage: str,
        number: int,
        brokers: str,
        folder: Path,
        *,
        program: Sequence[str] = PRODUCT,
        also: Mapping[str, str] | None = None,
    ) -> None:
        self.stage = stage
        environment = {
            "KAFKA_BROKERS": brokers,
            "TICKETPULSE_POLICIES": str(SIMPLE_FOLDER),
            "TICKETPULSE_WINDOW_SIZES": str(list(SIZES)),
            **(also or {}),
        }
        super().__init__(f"{stage}-{number}", [*program, "--stage", stage], environment, folder)


class Worker(StageProcess):
    """Knows how often it took partitions over."""

    _takeovers = 0

    def _end(self, sign: signal.Signals) -> None:
        if not self._told_to_end:
            self._count_takeovers()
        super()._end(sign)

    def takeovers(self) -> int:
        """How often it took a partition over so far, or until it was told to end."""
        if not self._told_to_end:
            self._count_takeovers()
        return self._takeovers

    def _count_takeovers(self) -> None:
        self._takeovers = round(self.metric("helpdesk_takeovers_total"))

"""Stops a process in order that takes more memory than it may; whoever started it starts it again."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Final

log = logging.getLogger(__name__)

# The process ends with this code after it has stopped in order.
OUTGROWN: Final = 76
_LOOK_SECONDS = 1.0


class MemoryBound:
    """Looks once a second from `start` on, in a thread. When the process takes more than `most` MiB (0: any),
    `exceeded` is true and `outgrown` is called once, from that thread: it begins a stop in order. `name` stands in the
    log.
    """

    def __init__(self, name: str, most: int, outgrown: Callable[[], object]) -> None:
        self._name = name
        self._most = most << 20
        self._outgrown = outgrown
        self._stopped = Event()
        self.exceeded = False

    def start(self) -> None:
        """Look from now on."""
        if self._most:
            Thread(target=self._look, name="memory-bound", daemon=True).start()

    def stop(self) -> None:
        """Look no more: the process stops already."""
        self._stopped.set()

    def _look(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            taken = resident_bytes()
            if taken > self._most:
                self.exceeded = True
                log.critical(
                    "%s: this process takes %d MiB of memory and may take %d; it stops in order and ends with code "
                    "%d, to be started again",
                    self._name,
                    taken >> 20,
                    self._most >> 20,
                    OUTGROWN,
                )
                self._outgrown()
                return


def resident_bytes() -> int:
    """The memory that this process takes now, as the kernel counts it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

"""What a measured process tells its parent: one JSON line on stdout."""

import time
from typing import NamedTuple

import msgspec


class Lap(NamedTuple):
    """Events whose outputs and positions were committed within `seconds`; `cpu_seconds` is the process's own."""

    events: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def cpu_micros(self) -> float:
        """Microseconds of processor time an event."""
        return self.cpu_seconds / self.events * 1e6


class Stopwatch:
    """Times the events between the first `warm_up` and the first `total` that were committed."""

    def __init__(self, warm_up: int, total: int) -> None:
        self._warm_up = warm_up
        self._total = total
        self._began: tuple[int, float, float] | None = None

    def committed(self, events: int) -> Lap | None:
        """Call it with the number of events committed so far; the lap, once there are `total`."""
        now = (events, time.perf_counter(), time.process_time())
        if self._began is None:
            self._began = now if events >= self._warm_up else None
            return None
        if events < self._total:
            return None
        events_then, then, cpu_then = self._began
        return Lap(events - events_then, now[1] - then, now[2] - cpu_then)


def tell(lap: Lap) -> None:
    """Print the lap for the parent."""
    print(msgspec.json.encode(lap).decode(), flush=True)

"""The one place that reads the wall clock for the engine; everything else is given the time."""

import time


def wall_clock() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000

"""Processes that score and count."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from streams.reanalysis.scoring import ignore_interrupts


def usual_processes() -> int:
    """One for each processor that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def processes(number: int) -> Iterator[Executor]:
    """A pool of so many. Spawned, because a process that has the embedded engine open must not fork."""
    pool = ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn"), initializer=ignore_interrupts)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)

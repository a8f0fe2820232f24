"""Processes that score and count."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from streams.engine.garbage import collect_garbage_seldom


def usual_processes() -> int:
    """One for each processor that this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def processes(number: int) -> Iterator[Executor]:
    """A pool of so many. Spawned, because a process that has the embedded engine open must not fork."""
    pool = ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    # Ctrl-C goes to every process of a terminal; the one that asked ends the others in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_garbage_seldom()

"""Processes that score and count."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait

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
    threading.Thread(target=_end_with_parent, daemon=True).start()
    collect_garbage_seldom()


def _end_with_parent() -> None:
    """One that was killed ends nobody in order, and a worker has its own end of the pipe on which it would wait."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)

"""What a process is doing: the stacks of its threads and of its asyncio tasks, a line for each."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any


def describe_stacks(loop: asyncio.AbstractEventLoop) -> list[str]:
    """Every thread and every task of the loop, innermost call first. May be called from any thread, at any time."""
    return [*_threads(), *_tasks(loop)]


def _threads() -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        yield f"thread {names.get(ident, ident)}: {_calls(list(_callers(frame)))}"


def _tasks(loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    for task in sorted(asyncio.all_tasks(loop), key=asyncio.Task.get_name):
        yield f"task {task.get_name()}: {_calls(list(_awaited(task.get_coro()))[::-1])}"


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _awaited(waiting: Any) -> Iterator[FrameType]:
    """From a coroutine to what it waits for. A task's own stack ends with its outermost call."""
    while waiting is not None:
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(waiting, f"{kind}_frame")), None)
        if kind is None:
            return
        frame = getattr(waiting, f"{kind}_frame")
        if frame is not None:
            yield frame
        waiting = getattr(waiting, f"{kind}_yieldfrom" if kind == "gi" else f"{kind}_await")


def _calls(frames: list[FrameType]) -> str:
    calls = [f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}" for frame in frames]
    return " < ".join(calls) or "(has not begun)"

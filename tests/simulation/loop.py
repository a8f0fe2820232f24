"""An event loop that a seed drives: time is a number, and which of the steps that are ready runs next is drawn."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heappop, heappush
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(Exception):
    """More steps than anything that gets on can take."""


class Process:
    """What dies, stands still and wakes as one: everything that was begun within it.

    A dead process takes no further step: no `finally` and no `except` of it runs, as after a kill. One that is paused
    keeps its steps for when it wakes, as after SIGSTOP.
    """

    def __init__(self, name: str, stage: str = "") -> None:
        self.name = name
        self.stage = stage
        self.alive = True
        self.paused = False
        self.held: list[Step] = []
        self.context = Context()
        self.context.run(PROCESS.set, self)


PROCESS: ContextVar[Process | None] = ContextVar("PROCESS", default=None)
# Of what belongs to no process: messages on their way, the group, whoever makes the faults.
NOBODY = Context()


class Step:
    """A callback and the context of whoever takes it. What asyncio uses of a handle."""

    __slots__ = ("arguments", "callback", "context", "is_cancelled")

    def __init__(self, callback: Callable[..., object], arguments: tuple[Any, ...], context: Context | None) -> None:
        self.callback = callback
        self.arguments = arguments
        self.context = copy_context() if context is None else context
        self.is_cancelled = False

    def cancel(self) -> None:
        """It is passed over when its turn comes."""
        self.is_cancelled = True


class SimulationLoop(asyncio.AbstractEventLoop):
    """The part of asyncio's loop that needs no operating system. `stepped` is called before a process takes a step.

    `step_seconds` is how much time a step takes at most. `errors` has what callbacks and forgotten tasks raised.
    """

    def __init__(self, random: Random, step_seconds: float, most_steps: int) -> None:
        self._random = random.random
        self._step_seconds = step_seconds
        self._steps_left = most_steps
        # The time, in seconds from the start.
        self.now = 0.0
        self._number = 0
        self._ready: list[Step] = []
        self._timers: list[tuple[float, int, Step]] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self.errors: list[str] = []
        self.stepped: Callable[[Process], None] | None = None

    # -- what the scheduler does

    def run_until(self, moment: float) -> None:
        """Take steps until that time. Raises Stuck when there are too many of them."""
        ready, timers, draw = self._ready, self._timers, self._random
        asyncio._set_running_loop(self)
        try:
            while self.now < moment:
                while timers and timers[0][0] <= self.now:
                    ready.append(heappop(timers)[2])
                if not ready:
                    self.now = min(moment, timers[0][0]) if timers else moment
                    continue
                chosen = int(draw() * len(ready))
                step, ready[chosen] = ready[chosen], ready[-1]
                ready.pop()
                # Most timers are of time limits that were kept.
                if not step.is_cancelled:
                    self._take(step)
        finally:
            asyncio._set_running_loop(None)

    def _take(self, step: Step) -> None:
        # None for what no fault touches.
        process = step.context.get(PROCESS)
        if process is not None:
            if self.stepped is not None and process.alive and not process.paused:
                self.stepped(process)
            if not process.alive:
                return
            if process.paused:
                process.held.append(step)
                return
        if not self._steps_left:
            raise Stuck(f"not at an end after {self.now:.1f} s")
        self._steps_left -= 1
        self.now += self._step_seconds * self._random()
        try:
            step.context.run(step.callback, *step.arguments)
        except Exception as error:  # what a real loop logs, too
            self.errors.append(f"{step.callback!r} raised {error!r}")

    def wake(self, process: Process) -> None:
        """Let a paused process go on."""
        process.paused = False
        self._ready += process.held
        process.held = []

    def dispose(self) -> None:
        """Throw away what has not ended."""
        asyncio._set_running_loop(self)
        try:
            for task in self._tasks:
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    coroutine = task.get_coro()
                    if isinstance(coroutine, Coroutine):
                        coroutine.close()
        finally:
            asyncio._set_running_loop(None)
        self._tasks, self._ready, self._timers = [], [], []

    # -- what asyncio asks for

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Step:
        step = Step(callback, args, context)
        self._ready.append(step)
        return step

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Step:
        step = Step(callback, args, context)
        self._number += 1
        heappush(self._timers, (when, self._number, step))
        return step

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Step:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[T]":
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.errors.append(f"{context.get('message')}: {error!r}")

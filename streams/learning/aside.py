"""A thread beside the stage's, for what may be late, hang or fail without anybody waiting for it."""

import queue
import threading
from collections.abc import Callable
from typing import Any, Final

from streams.learning.shadow import Made, TooSlow

_NAME: Final = "challenger"


class Thread:
    """Keeps `streams.learning.shadow.Aside`: whoever asks waits for `seconds` a batch, and after that not at all until
    what hangs has ended. `clock` is in seconds and never goes back.

    The thread holds no process up that ends. It has the interpreter's lock in turns with the stage's thread, so what a
    challenger written in Python takes beyond its time still costs the stage a share of the processor.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until = 0.0
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._busy = threading.Event()
        self._started = False

    def begin(self) -> None:
        """See `Aside`."""
        self._until = self._clock() + self._seconds

    def run(self, work: Callable[[], Made]) -> Made:
        """See `Aside`."""
        if self._busy.is_set():
            raise TooSlow("what it was asked before takes on")
        left = self._until - self._clock()
        if left <= 0:
            raise TooSlow(f"the {self._seconds:g} s of a batch are over")
        if not self._started:
            self._started = True
            threading.Thread(target=self._work, name=_NAME, daemon=True).start()
        return self._wait(work, left)

    def _wait(self, work: Callable[[], Made], seconds: float) -> Made:
        answer: queue.SimpleQueue[tuple[Made | None, BaseException | None]] = queue.SimpleQueue()

        def answered() -> None:
            try:
                made: tuple[Made | None, BaseException | None] = work(), None
            except BaseException as error:
                made = None, error
            self._busy.clear()
            answer.put(made)

        self._busy.set()
        self._asked.put(answered)
        try:
            found, error = answer.get(timeout=seconds)
        except queue.Empty:
            raise TooSlow(f"it took more than {self._seconds:g} s for a batch") from None
        if error is not None:
            raise error
        result: Any = found
        return result  # type: ignore[no-any-return]

    def _work(self) -> None:
        while True:
            self._asked.get()()

"""A circuit breaker: who does not answer is left alone for a while. Pure; time is given in seconds of any clock."""

from typing import Literal

State = Literal["closed", "half_open", "open"]
STATES: tuple[State, ...] = ("closed", "half_open", "open")


class Breaker:
    """Opens after `failures` in a row. `pause` seconds later one request may try, and closes it or opens it again."""

    def __init__(self, failures: int, pause: float) -> None:
        self._limit = failures
        self._pause = pause
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False

    def allows(self, now: float) -> bool:
        """Whether a request may be made. Who is told yes tells what came of it, by one of the three below."""
        if self._opened_at is None:
            return True
        if self._probing or now < self._opened_at + self._pause:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """The server answered."""
        self._failures, self._opened_at, self._probing = 0, None, False

    def failed(self, now: float) -> None:
        """It did not."""
        self._failures += 1
        if self._probing or self._failures >= self._limit:
            self._opened_at = now
        self._probing = False

    def gave_up(self) -> None:
        """Nobody knows: the request was called off."""
        self._probing = False

    def state(self, now: float) -> State:
        """Open: nothing is asked. Half open: the next request tries, or is under way."""
        if self._opened_at is None:
            return "closed"
        return "half_open" if self._probing or now >= self._opened_at + self._pause else "open"

"""How much one may ask: moving and sliding windows by the library `limits`, in this process's memory."""

import math
import time
from typing import Final, NamedTuple

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter

# The library keeps an empty list of everybody who was ever counted one by one.
_MOST_EMPTY: Final = 10_000


class Rates(NamedTuple):
    """Of each kind the most, as in `600/minute`; empty for no limit. `requests` and `events` are those of one token,
    `failures` wrong tokens from one address, `messages` those of one user of a chat.
    """

    requests: str = "1200/minute"
    events: str = "60000/minute"
    failures: str = "20/minute"
    messages: str = "60/minute"


class Counted(NamedTuple):
    """What is left of a limit after a request. `passed` is false for one too many; `seconds` until there is room again,
    or until all of it is there.
    """

    name: str
    passed: bool
    most: int
    window: int
    left: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit-Policy and RateLimit, as the IETF's draft has them; Retry-After for one too many."""
        told = {
            "RateLimit-Policy": f'"{self.name}";q={self.most};w={self.window}',
            "RateLimit": f'"{self.name}";r={self.left};t={self.seconds}',
        }
        return told if self.passed else {**told, "Retry-After": str(max(1, self.seconds))}


class Limiter:
    """Counts in one process: several gateways allow several times as much."""

    def __init__(self, rates: Rates) -> None:
        """Raises ValueError for a rate that cannot be read."""
        self._storage = MemoryStorage()
        # Exact, at the price of an entry for each; and nearly exact with two numbers, for what may be thousands.
        self._exact = MovingWindowRateLimiter(self._storage)
        self._near = SlidingWindowCounterRateLimiter(self._storage)
        self._items: dict[str, RateLimitItem] = {name: parse(rate) for name, rate in rates._asdict().items() if rate}

    def request(self, token_id: str) -> Counted | None:
        """Count a request of a token; None where there is no limit."""
        return self._count("requests", token_id, self._near)

    def events(self, token_id: str) -> Counted | None:
        """Count a request that sends events."""
        return self._count("events", token_id, self._near)

    def message(self, tenant: str, user: str) -> Counted | None:
        """Count a message of a chat's user."""
        return self._count("messages", f"{tenant}/{user}", self._exact)

    def failure(self, address: str) -> Counted | None:
        """Count a wrong token from an address."""
        return self._count("failures", address, self._exact)

    def _count(
        self, name: str, who: str, limiter: MovingWindowRateLimiter | SlidingWindowCounterRateLimiter
    ) -> Counted | None:
        item = self._items.get(name)
        if item is None:
            return None
        passed = limiter.hit(item, name, who)
        stats = limiter.get_window_stats(item, name, who)
        self._forget()
        # The wall clock is the library's.
        seconds = max(0, math.ceil(stats.reset_time - time.time()))
        return Counted(name, passed, item.amount, item.get_expiry(), max(0, stats.remaining), seconds)

    def _forget(self) -> None:
        if len(self._storage.events) > _MOST_EMPTY:
            for key in [key for key, entries in list(self._storage.events.items()) if not entries]:
                self._storage.events.pop(key, None)

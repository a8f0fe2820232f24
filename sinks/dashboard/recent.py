"""Answers kept for a moment, so that a hundred viewers cost the database as much as one."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

import anyio

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

# A costly answer is kept longer, so that the page takes at most a quarter of the time of one core; but never so long
# that nobody would call it live.
COST_FACTOR = 3.0
LONGEST_KEEP = 10.0
MAX_KEPT = 64


class Kept(NamedTuple, Generic[Answer]):
    """An answer and the time (of the given clock) until which it serves."""

    answer: Answer
    until: float


class Recent(Generic[Key, Answer]):
    """Asks `read` at most once in `keep` seconds for each key, and never twice at once.

    Who asks while another reading runs waits for it, up to `patience` seconds; TimeoutError after that. An error of
    `read` is raised to whoever caused it and is not kept. `clock` gives seconds and never goes back.
    """

    def __init__(
        self,
        read: Callable[[Key], Awaitable[Answer]],
        clock: Callable[[], float],
        keep: float = 1.0,
        patience: float = 5.0,
    ) -> None:
        self._read = read
        self._clock = clock
        self._keep = keep
        self._patience = patience
        self._one_at_a_time = anyio.Lock()
        self._kept: dict[Key, Kept[Answer]] = {}

    async def get(self, key: Key) -> Answer:
        """The answer for `key`, at most as old as it is kept."""
        kept = self._fresh(key)
        if kept is not None:
            return kept.answer
        with anyio.fail_after(self._patience):
            await self._one_at_a_time.acquire()
        try:
            kept = self._fresh(key)
            return kept.answer if kept is not None else await self._renew(key)
        finally:
            self._one_at_a_time.release()

    def _fresh(self, key: Key) -> Kept[Answer] | None:
        kept = self._kept.get(key)
        return kept if kept is not None and self._clock() < kept.until else None

    async def _renew(self, key: Key) -> Answer:
        started = self._clock()
        answer = await self._read(key)
        ended = self._clock()
        self._kept.pop(key, None)
        while len(self._kept) >= MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = Kept(answer, ended + max(self._keep, min(COST_FACTOR * (ended - started), LONGEST_KEEP)))
        return answer

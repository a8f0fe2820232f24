"""A bounded memory of what a pure function said about short strings."""

from collections.abc import Callable
from typing import Final, TypeVar

Value = TypeVar("Value")

# Support mail repeats some ten thousand words. 65,536 entries of at most 32 characters stay below 16 MB.
ENTRIES: Final = 65_536
LONGEST: Final = 32


class Memo(dict[str, Value]):
    """`memo[key]` is `compute(key)`, remembered. Longer keys are computed each time; a full memory is emptied.

    A dictionary with `__missing__`, because `map(memo.__getitem__, keys)` then runs without a Python call for each
    key that is known: `functools.lru_cache` takes twice as long. Threads may share one.
    """

    def __init__(self, compute: Callable[[str], Value], entries: int = ENTRIES, longest: int = LONGEST) -> None:
        super().__init__()
        self._compute = compute
        self._entries = entries
        self._longest = longest

    def __missing__(self, key: str) -> Value:
        value = self._compute(key)
        if len(key) <= self._longest:
            if len(self) >= self._entries:
                self.clear()
            self[key] = value
        return value

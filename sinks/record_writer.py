"""The log as the page sees it: something that takes a record and says when it is safe."""

from collections.abc import Sequence
from typing import Protocol

Headers = Sequence[tuple[str, bytes]]


class NotAcknowledged(Exception):
    """The log did not confirm a record in time: it may be stored or not. Sending it again is safe: ids count once."""


class RecordWriter(Protocol):
    """Appends records to one topic. Sends of one key that were begun in order are appended in order."""

    async def start(self) -> None:
        """Get ready to write. Returns also while the log cannot be reached; it is tried again until it can."""
        ...

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        """Append one record. Once this returns it is stored; raises NotAcknowledged when that is not known in time."""
        ...

    async def stop(self) -> None:
        """Release what `start` took. May be called without it."""
        ...

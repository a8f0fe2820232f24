"""The log as the gateway sees it: something that takes an event and says when it is safe."""

from collections.abc import Sequence
from typing import Protocol

Headers = Sequence[tuple[str, bytes]]


class EventWriter(Protocol):
    """Appends events to `tickets.events.v1`. Sends of one key that were begun in order are appended in order."""

    async def start(self) -> None:
        """Get ready to write. Returns also while the log cannot be reached; it is tried again until it can."""
        ...

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        """Append one event. Once this returns it is stored; raises NotAcknowledged when that is not known in time."""
        ...

    async def ready(self) -> bool:
        """Whether the log answers now and has the topic."""
        ...

    async def stop(self) -> None:
        """Release what `start` took. May be called without it."""
        ...


class NotAcknowledged(Exception):
    """The log did not confirm an event in time: it may be stored or not. Sending it again is safe: ids count once."""

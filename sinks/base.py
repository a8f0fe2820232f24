"""The sink contract: where messages come from, where they go, and what "away for now" is."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """One record of a topic. `timestamp` is its append in Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Refused(NamedTuple):
    """A message that a destination takes no row of, and why, in the destination's words."""

    message: Message
    reason: str


class Unavailable(Exception):
    """The destination cannot take rows now. Nothing of the batch counts as written; try again after `retry_after`
    seconds.
    """

    def __init__(self, why: str, retry_after: float = 1.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Source(Protocol):
    """Committed messages in order of each partition, as one consumer group reads them. At least once."""

    async def start(self) -> None: ...

    async def poll(self, max_messages: int, timeout: float) -> Sequence[Message]:
        """Up to `max_messages`; an empty list after `timeout` seconds without any."""
        ...

    async def commit(self) -> None:
        """Everything polled so far is written."""
        ...

    async def lag(self) -> dict[str, int]:
        """Messages not yet polled, by topic."""
        ...

    async def stop(self) -> None: ...


class Burial(Protocol):
    """Where refused messages go."""

    async def bury(self, refused: Sequence[Refused]) -> None:
        """Keep all of them, or raise Unavailable. At least once: one may be kept again after that."""
        ...


class Sink(Protocol):
    """A destination. Writing the same messages twice leaves the same rows as writing them once."""

    name: str
    topics: Sequence[str]

    async def write(self, messages: Sequence[Message]) -> Sequence[Refused]:
        """Write all that can be written, or raise Unavailable. Once it returns they are stored, but for those that it
        returns: they were refused themselves, and would be again.
        """
        ...

    async def close(self) -> None: ...

"""The log as the gateway sees it: something that takes an event and says when it is safe."""

from typing import Protocol

from sinks.record_writer import Headers, NotAcknowledged, RecordWriter

__all__ = ["EventWriter", "Headers", "NotAcknowledged"]


class EventWriter(RecordWriter, Protocol):
    """Appends events to `tickets.events.v1`. Sends of one key that were begun in order are appended in order."""

    async def ready(self) -> bool:
        """Whether the log answers now and has the topic."""
        ...

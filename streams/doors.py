"""What writes to `tickets.events.v1`: nothing else does, so that nothing passes by the doorkeeper."""

from typing import TYPE_CHECKING

from streams.config import Settings
from streams.gateway.writer import EventWriter

if TYPE_CHECKING:
    from streams.gateway.doorkeeper import Doorkeeper


def doorkeeper_of(settings: Settings) -> "Doorkeeper | None":
    """Who replaces personal data before events are stored; None without rules. Raises FileError for wrong rules, and
    where a key is missing.
    """
    if settings.privacy is None:
        return None
    # What finds personal data is loaded where it is wanted only.
    from streams.gateway.doorkeeper import Doorkeeper  # noqa: PLC0415
    from streams.policies import redaction_source  # noqa: PLC0415

    return Doorkeeper(redaction_source(settings))


def event_writer(settings: Settings, *, ack_seconds: float = 5.0) -> EventWriter:
    """Events to Kafka, without the personal data that is replaced at the door. Raises FileError."""
    from streams.gateway.kafka_writer import KafkaWriter  # noqa: PLC0415

    return kept_by(doorkeeper_of(settings), KafkaWriter(settings.kafka, ack_seconds=ack_seconds))


def kept_by(keeper: "Doorkeeper | None", writer: EventWriter) -> EventWriter:
    """A writer of events whom the keeper stands before."""
    if keeper is None:
        return writer
    from streams.gateway.doorkeeper import RedactingWriter  # noqa: PLC0415

    return RedactingWriter(writer, keeper)

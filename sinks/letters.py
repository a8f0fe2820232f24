"""What a refused message says of itself as a dead letter."""

from schemas.deadletters import Headers, attempts_so_far, error_headers, own_headers
from schemas.rejections import Reason, Rejected
from sinks.base import Refused


def letter_headers(refused: Refused, sink: str) -> Headers:
    """The message's own headers, and which record it is and why the sink refused its row."""
    message = refused.message
    why = Rejected(Reason.REFUSED, "row", refused.reason)
    attempts = attempts_so_far(message.headers) + 1
    return (
        *own_headers(message.headers),
        *error_headers(sink, message.topic, message.partition, message.offset, why, attempts),
    )

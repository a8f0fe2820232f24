"""Why an input cannot be processed: a short code for counting, the field, and words for a person."""

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """The bounded set of reasons; it is a metric label and a column."""

    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    NO_ID = "no_id"
    UNKNOWN_TYPE = "unknown_type"
    INVALID = "invalid_field"
    TIME = "bad_time"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOMBSTONE = "tombstone"
    VERSION = "unknown_version"
    ENVELOPE = "bad_envelope"
    FAILED = "processing_failed"
    REFUSED = "refused_row"


class Rejected(NamedTuple):
    """An input that was read and cannot be an event. `str()` is one sentence: field, then what is wrong with it."""

    reason: Reason
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"

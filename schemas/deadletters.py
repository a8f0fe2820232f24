"""Dead letters: the untouched record, and in headers, as Kafka Connect writes them, where it came from and what is
wrong.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from schemas.rejections import Rejected

Headers = tuple[tuple[str, bytes], ...]

_PREFIX = "__connect.errors."
TOPIC = f"{_PREFIX}topic"
PARTITION = f"{_PREFIX}partition"
OFFSET = f"{_PREFIX}offset"
STAGE = f"{_PREFIX}stage"
REASON = f"{_PREFIX}exception.class.name"
MESSAGE = f"{_PREFIX}exception.message"
ATTEMPTS = "ticketpulse.attempts"
# More failures than that nobody has counted.
_DIGITS = 9
_OURS = frozenset({TOPIC, PARTITION, OFFSET, STAGE, REASON, MESSAGE, ATTEMPTS})


class DeadLetter(msgspec.Struct, kw_only=True, frozen=True):
    """A record that could not be processed. `key`, `value` and `headers` are its own, byte for byte."""

    stage: str
    topic: str
    partition: int
    offset: int
    reason: str
    message: str
    attempts: int
    failed_at: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def error_headers(stage: str, topic: str, partition: int, offset: int, rejected: Rejected, attempts: int) -> Headers:
    """The headers that say what went wrong, to be put behind the record's own."""
    return (
        (TOPIC, topic.encode()),
        (PARTITION, b"%d" % partition),
        (OFFSET, b"%d" % offset),
        (STAGE, stage.encode()),
        (REASON, rejected.reason.encode()),
        (MESSAGE, str(rejected).encode()),
        (ATTEMPTS, b"%d" % attempts),
    )


def attempts_so_far(headers: Iterable[tuple[str, bytes]]) -> int:
    """How often the record has failed before: 0 for one that was never a dead letter, or says nonsense of it."""
    said = [raw or b"" for name, raw in headers if name == ATTEMPTS]
    return max((int(raw) for raw in said if raw.isdigit() and len(raw) <= _DIGITS), default=0)


def own_headers(headers: Iterable[tuple[str, bytes]]) -> Headers:
    """The record's headers without those that an earlier failure added."""
    return tuple((name, raw) for name, raw in headers if name not in _OURS)


def read_dead_letter(
    key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]], failed_at: datetime
) -> DeadLetter:
    """Read a record of the dead-letter topic, also one that somebody else wrote: what is missing is "" or -1."""
    headers = tuple(headers)
    said: Mapping[str, str] = {name: (raw or b"").decode("utf-8", "replace") for name, raw in headers if name in _OURS}
    return DeadLetter(
        stage=said.get(STAGE, ""),
        topic=said.get(TOPIC, ""),
        partition=_whole(said.get(PARTITION)),
        offset=_whole(said.get(OFFSET)),
        reason=said.get(REASON, ""),
        message=said.get(MESSAGE, ""),
        attempts=attempts_so_far(headers),
        failed_at=failed_at,
        key=key,
        value=value,
        headers=own_headers(headers),
    )


def _whole(text: str | None) -> int:
    try:
        return int(text) if text else -1
    except ValueError:
        return -1

"""From messages to columns: what each topic's records look like in their table. Pure.

Columns, not rows: the engine takes 50,000 rows a second one by one and several times that column by column. Values are
what the client writes without converting: times are whole milliseconds since 1970 UTC (window starts whole seconds),
scores are texts with two decimals, which become decimals exactly (a float would be cut: 8.29 is stored as 8.28).
"""

import base64
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import fields

from schemas.deadletters import DeadLetter, read_dead_letter
from schemas.escalations import Escalation, decode_escalation
from schemas.events import EARLIEST, LATEST
from schemas.registry import ANSWER_HEADER
from schemas.scored import ScoredEvent, Sentiment
from schemas.windows import HUNDREDTHS, NO_SCORE, Totals, WindowAggregate, decode_aggregate
from sinks.base import Message

Columns = dict[str, list[Any]]

OFFSET_BITS = 44
EPOCH_BITS = 20
MAX_SCORE = 10
DEFAULT_PRIORITY = "medium"

_INT32, _INT64, _UINT32, _UINT64 = 2**31, 2**63, 2**32, 2**64
_POINTS = tuple(f"{hundredths / HUNDREDTHS:.2f}" for hundredths in range(MAX_SCORE * HUNDREDTHS + 1))
_UNSCORED = Sentiment(score=0.0, label="neutral", compound=0.0, polarity=0.0, subjectivity=0.0)
# The scored event without what no column takes (metadata, attachments, contacts). The decoder passes over it, which
# saves a third of its time on the busiest topic.
_NO_COLUMN = {"attachments", "metadata", "extra", "author", "email", "phone", "session_id", "source_type"}
_NO_COLUMN |= {"source_reference_id", "removed", "correlation_id", "wants_state"}
# What the engine reads itself, as it stands in the message.
_AS_JSON = {"reasons": msgspec.Raw(b"[]"), "reading": msgspec.Raw(b"{}")}
_ScoredColumns = msgspec.defstruct(
    "_ScoredColumns",
    [
        (each.name, msgspec.Raw, _AS_JSON[each.name]) if each.name in _AS_JSON else (each.name, each.type, each.default)
        for each in fields(ScoredEvent)
        if each.name not in _NO_COLUMN
    ],
    kw_only=True,
    gc=False,
)
_decode_scored: Callable[[bytes], ScoredEvent] = msgspec.json.Decoder(_ScoredColumns).decode  # type: ignore[assignment]
# Decoded records are dropped after this many: all of a block at once would keep the garbage collector busy, which costs
# more than the decoding itself.
_AT_A_TIME = 100
# What decoding and checking raise for bytes that are no such record. msgspec's errors are ValueErrors.
_UNREADABLE = (ValueError, TypeError, OverflowError, OSError, RecursionError)


class Unusable(NamedTuple):
    """A message that cannot become a row, and why, for a person."""

    message: Message
    reason: str


class Block(NamedTuple):
    """Rows of one table; row i was made of `messages[i]`."""

    table: str
    columns: Columns
    messages: Sequence[Message]

    def part(self, start: int, stop: int) -> "Block":
        """The rows from `start` up to, not including, `stop`."""
        columns = {name: values[start:stop] for name, values in self.columns.items()}
        return Block(self.table, columns, self.messages[start:stop])


class Table(NamedTuple):
    """How records become rows. Of rows with the same `key` the one with the highest version stays. A message that the
    table does not concern becomes none, and nobody misses it.
    """

    key: tuple[str, ...]
    read: Callable[[Message], Any]
    columns: Callable[[Sequence[Message], Any], Columns]
    concerns: Callable[[Message], bool] = lambda message: True


def to_block(table: str, messages: Sequence[Message]) -> tuple[Block, list[Unusable]]:
    """The rows of all messages that can become one, in order, and the messages that cannot. No content raises."""
    columns = TABLES[table].columns([], [])
    messages = [message for message in messages if TABLES[table].concerns(message)]
    usable: list[Message] = []
    unusable: list[Unusable] = []
    for start in range(0, len(messages), _AT_A_TIME):
        readable, records = _read(TABLES[table], messages[start : start + _AT_A_TIME], unusable)
        for name, values in TABLES[table].columns(readable, records).items():
            columns[name] += values
        usable += readable
    return Block(table, columns, usable), unusable


def _read(
    table: Table, messages: Sequence[Message], unusable: list[Unusable]
) -> tuple[Sequence[Message], Sequence[Any]]:
    readable: list[Message] = []
    records: list[Any] = []
    for message in messages:
        try:
            records.append(table.read(message))
            readable.append(message)
        except _UNREADABLE as error:
            unusable.append(Unusable(message, str(error)))
    return readable, records


def version(model_epoch: int, offset: int) -> int:
    """Which of two rows with one key stays: the higher model epoch, then the later record of the log; never a clock.

    The epoch fills the upper 20 of 64 bits, so that a re-analysis outranks every earlier row, whatever its offset.
    44 bits of offset last 557 years at 1,000 records a second in one partition, and a million epochs are enough to
    re-analyse every day for 2,800 years. Raises ValueError for what does not fit.
    """
    if not (0 <= model_epoch < 1 << EPOCH_BITS and 0 <= offset < 1 << OFFSET_BITS):
        raise ValueError(
            f"model epoch {model_epoch} (20 bits) and offset {offset} (44 bits) do not fit into one version"
        )
    return model_epoch << OFFSET_BITS | offset


def _read_scored(message: Message) -> ScoredEvent:
    """Checked in place, without a call for each field: this is the busiest topic by far."""
    event = _decode_scored(_value(message))
    if not (EARLIEST <= event.occurred_at < LATEST and EARLIEST <= event.received_at < LATEST):
        _check_time("occurred_at", event.occurred_at)
        _check_time("received_at", event.received_at)
    if event.sentiment is not None and not 0 <= event.sentiment.score <= MAX_SCORE:
        _check_score(event.sentiment.score)
    if not 0 <= event.model_epoch < 1 << EPOCH_BITS:
        version(event.model_epoch, message.offset)
    return event


def _scored_columns(messages: Sequence[Message], events: Sequence[ScoredEvent]) -> Columns:
    sentiments = [event.sentiment or _UNSCORED for event in events]
    return {
        "tenant": [event.tenant for event in events],
        "ticket_id": [event.ticket_id for event in events],
        "event_id": [event.event_id for event in events],
        "type": [event.type for event in events],
        "channel": [event.channel for event in events],
        "priority": [event.priority or DEFAULT_PRIORITY for event in events],
        "category": [event.category for event in events],
        "voice": [event.voice for event in events],
        "status": [event.status or "" for event in events],
        "customer_id": [event.customer_id or "" for event in events],
        "agent_id": [event.agent_id or "" for event in events],
        "language": [event.language or "" for event in events],
        "journey_stage": [event.journey_stage or "" for event in events],
        "occurred_at": [_milliseconds(event.occurred_at) for event in events],
        "received_at": [_milliseconds(event.received_at) for event in events],
        "appended_at": [message.timestamp for message in messages],
        "subject": [event.subject or "" for event in events],
        "text": [event.text or "" for event in events],
        "scored": [event.sentiment is not None for event in events],
        "score": [_POINTS[round(sentiment.score * HUNDREDTHS)] for sentiment in sentiments],
        "label": ["unset" if sentiment is _UNSCORED else sentiment.label for sentiment in sentiments],
        "compound": [sentiment.compound for sentiment in sentiments],
        "polarity": [sentiment.polarity for sentiment in sentiments],
        "subjectivity": [sentiment.subjectivity for sentiment in sentiments],
        "confidence": [event.confidence for event in events],
        "reasons": [_json(event.reasons) for event in events],
        "reading": [_json(event.reading) for event in events],
        "unscored": [event.unscored or "" for event in events],
        "satisfaction": [event.satisfaction or 0 for event in events],
        "scorer": [event.scorer for event in events],
        "model_epoch": [event.model_epoch for event in events],
        "log_partition": [message.partition for message in messages],
        "log_offset": [message.offset for message in messages],
        "version": [event.model_epoch << OFFSET_BITS | m.offset for event, m in zip(events, messages, strict=True)],
    }


def _is_scored(message: Message) -> bool:
    """The topic has the registry's answers too."""
    return not any(name == ANSWER_HEADER for name, _ in message.headers)


def _read_escalation(message: Message) -> Escalation:
    escalation = decode_escalation(_value(message))
    uuid.UUID(escalation.escalation_id)
    for name in ("occurred_at", "respond_by", "updated_at", *_TIMES_SINCE):
        moment = getattr(escalation, name)
        if moment is not None:
            _check_time(name, moment)
    if escalation.score is not None:
        _check_score(escalation.score)
    _check_whole("revision", escalation.revision, 0, _UINT32)
    _check_whole("reopened", escalation.reopened, 0, _UINT32)
    _check_whole("policy_version", escalation.policy_version, 0, _UINT32)
    _check_whole("episode", escalation.episode, 0, _UINT32)
    version(0, message.offset)
    return escalation


_TIMES_SINCE = ("acknowledged_at", "first_response_at", "resolved_at")
_MAY_BE_EMPTY = (
    *("number", "arm", "emotion", "journey_stage", "customer_id", "queue"),
    *("resolution_notes", "resolution_category"),
)


def _escalation_columns(messages: Sequence[Message], escalations: Sequence[Escalation]) -> Columns:
    return {
        "escalation_id": [uuid.UUID(escalation.escalation_id) for escalation in escalations],
        **_as_they_are(("tenant", "ticket_id", "session", "episode", "event_id", "correlation_id"), escalations),
        **_as_they_are(("policy", "policy_version", "rule", "reason"), escalations),
        **_as_they_are(("channel", "category", "priority_before", "priority", "status"), escalations),
        **_as_they_are(("subject", "text", "state", "revision", "reopened"), escalations),
        **_as_they_are(("first_response_seconds", "resolution_seconds"), escalations),
        "raised_by": [list(escalation.raised_by) for escalation in escalations],
        **{name: [getattr(escalation, name) or "" for escalation in escalations] for name in _MAY_BE_EMPTY},
        **{
            name: [_milliseconds(getattr(escalation, name)) for escalation in escalations]
            for name in ("occurred_at", "respond_by", "updated_at")
        },
        **{
            name: [_milliseconds(moment) if (moment := getattr(each, name)) else None for each in escalations]
            for name in _TIMES_SINCE
        },
        "appended_at": [message.timestamp for message in messages],
        "score": [_POINTS[round((escalation.score or 0) * HUNDREDTHS)] for escalation in escalations],
        "label": [escalation.label or "unset" for escalation in escalations],
        "record": [(message.value or b"").decode() for message in messages],
        "version": [version(0, message.offset) for message in messages],
    }


def _read_window(message: Message) -> WindowAggregate:
    window = decode_aggregate(_value(message))
    _check_time("start", window.start)
    _check_whole("size", window.size, 1, _UINT32)
    _check_whole("revision", window.revision, 0, _UINT32)
    totals = window.totals
    for name in ("score_min", "score_max"):
        _check_whole(name, getattr(totals, name), NO_SCORE, len(_POINTS))
    for name in _SUMS:
        _check_whole(name, getattr(totals, name), 0, _UINT64)
    version(0, message.offset)
    return window


_SUMS = tuple(name for name in Totals.__struct_fields__ if name not in ("score_min", "score_max"))


def _window_columns(messages: Sequence[Message], windows: Sequence[WindowAggregate]) -> Columns:
    totals = [window.totals for window in windows]
    return {
        **_as_they_are(("tenant", "size", "dimension", "value", "revision", "final"), windows),
        "start": [int(window.start.timestamp()) for window in windows],
        **_as_they_are(_SUMS, totals),
        "score_min": [None if total.score_min == NO_SCORE else _POINTS[total.score_min] for total in totals],
        "score_max": [None if total.score_max == NO_SCORE else _POINTS[total.score_max] for total in totals],
        "version": [version(0, message.offset) for message in messages],
    }


def _read_dead_letter(message: Message) -> DeadLetter:
    failed_at = datetime.fromtimestamp(message.timestamp / 1000, UTC)
    letter = read_dead_letter(message.key, message.value, message.headers, failed_at)
    _check_whole("partition", letter.partition, -_INT32, _INT32)
    _check_whole("offset", letter.offset, -_INT64, _INT64)
    _check_whole("attempts", letter.attempts, 0, _UINT32)
    version(0, message.offset)
    return letter


def _dead_letter_columns(messages: Sequence[Message], letters: Sequence[DeadLetter]) -> Columns:
    plain = ("stage", "topic", "partition", "offset", "reason", "message", "attempts", "key", "value")
    return {
        **_as_they_are(plain, letters),
        "failed_at": [message.timestamp for message in messages],
        "headers": [_headers_json(letter) for letter in letters],
        "log_partition": [message.partition for message in messages],
        "log_offset": [message.offset for message in messages],
        "version": [version(0, message.offset) for message in messages],
    }


TABLES = {
    "scored_events": Table(("tenant", "ticket_id", "event_id"), _read_scored, _scored_columns, _is_scored),
    "escalations": Table(("tenant", "escalation_id"), _read_escalation, _escalation_columns),
    "windows": Table(("tenant", "size", "dimension", "value", "start"), _read_window, _window_columns),
    "dead_letters": Table(("log_partition", "log_offset"), _read_dead_letter, _dead_letter_columns),
}


def _as_they_are(names: Sequence[str], records: Sequence[Any]) -> Columns:
    return {name: [getattr(record, name) for record in records] for name in names}


def _value(message: Message) -> bytes:
    if message.value is None:
        raise ValueError("a record without a value")
    if message.timestamp < 0:
        raise ValueError("a record without the time of its append")
    return message.value


def _headers_json(letter: DeadLetter) -> str:
    pairs = [(name, base64.b64encode(raw).decode()) for name, raw in letter.headers]
    return msgspec.json.encode(pairs).decode()


def _json(raw: Any) -> str:
    return str(raw, "utf-8")


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000 + 0.5)


def _check_time(name: str, moment: datetime) -> None:
    # A time without an offset cannot be compared: a TypeError says so.
    if not EARLIEST <= moment < LATEST:
        raise ValueError(f"{name}: {moment.isoformat()} is not from 1970 to 2099")


def _check_score(score: float) -> None:
    if not 0 <= score <= MAX_SCORE:
        raise ValueError(f"score: {score} is not from 0 to {MAX_SCORE}")


def _check_whole(name: str, number: int, lowest: int, above: int) -> None:
    if not lowest <= number < above:
        raise ValueError(f"{name}: {number} is not from {lowest} to {above - 1}")

"""From messages to columns: what each topic's records look like in their table. Pure.

Columns, not rows: the engine takes 50,000 rows a second one by one and several times that column by column.
"""

import base64
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from schemas.alerts import Alert, decode_alert
from schemas.audit import AuditRecord, decode_audit
from schemas.corrections import Correction, decode_correction
from schemas.deadletters import DeadLetter, read_dead_letter
from schemas.enrichments import Enrichment, decode_enrichment
from schemas.escalations import Escalation, decode_escalation
from schemas.notifications import Notification, decode_notification
from schemas.shadow import ShadowScore, decode_shadow
from schemas.suggestions import SuggestionUse, decode_use
from schemas.windows import COUNTS_BY, HUNDREDTHS, NO_SCORE, SUMS, WindowAggregate, decode_aggregate
from sinks.assignments.columns import assignment_columns, read_assignment
from sinks.base import Message, Refused
from sinks.columns import (
    INT32,
    INT64,
    POINTS,
    UINT16,
    UINT32,
    UINT64,
    Columns,
    as_they_are,
    check_score,
    check_time,
    check_whole,
    first_of_its_id,
    milliseconds,
    newest_of_its_id,
    value_of,
    version,
)
from sinks.predictions.columns import prediction_columns, read_prediction
from sinks.scored_columns import DEFAULT_PRIORITY, is_scored, scored_columns

__all__ = ["DEFAULT_PRIORITY", "TABLES", "Block", "Columns", "Table", "to_block", "to_parts", "version"]

Part = TypeVar("Part")

# As many as a processor's cache has room for, decoded.
_AT_A_TIME = 500
# What decoding and checking raise for bytes that are no such record. msgspec's errors are ValueErrors.
_UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, OSError, RecursionError)


class Block(NamedTuple):
    """Rows of one table; row i was made of `messages[i]`."""

    table: str
    columns: Columns
    messages: Sequence[Message]


class Table(NamedTuple):
    """How records become rows. Of rows with the same `key` the one with the highest version stays. `columns` raises for
    messages of which any cannot become a row. A message that the table does not concern becomes none, and nobody misses
    it.
    """

    key: tuple[str, ...]
    columns: Callable[[Sequence[Message]], Columns]
    concerns: Callable[[Message], bool] = lambda message: True


def to_block(table: str, messages: Sequence[Message]) -> tuple[Block, list[Refused]]:
    """The rows of all messages that can become one, in order, and the messages that cannot. No content raises."""
    columns: dict[str, list[Any]] = {name: [] for name in TABLES[table].columns([])}
    parts, usable, unusable = to_parts(table, messages, lambda part: part)
    for part in parts:
        for name, values in part.items():
            columns[name] += values
    return Block(table, columns, usable), unusable


def to_parts(
    table: str, messages: Sequence[Message], turn: Callable[[Columns], Part]
) -> tuple[list[Part], list[Message], list[Refused]]:
    """What `turn` makes of the columns of a few rows at a time, in order; the messages that are in them, and those that
    cannot become a row, which `turn` may say by raising ValueError. No content raises.

    What was decoded is turned while the processor has it in its cache, and then dropped, which takes a third less time
    than to keep it until all is decoded.
    """
    parts: list[Part] = []
    usable: list[Message] = []
    unusable: list[Refused] = []

    def read(some: Sequence[Message]) -> None:
        try:
            parts.append(turn(TABLES[table].columns(some)))
            usable.extend(some)
        except _UNREADABLE as error:
            if len(some) == 1:
                unusable.append(Refused(some[0], str(error)))
                return
            # One by one, which tells those at fault.
            for message in some:
                read([message])

    concerning = list(filter(TABLES[table].concerns, messages))
    for start in range(0, len(concerning), _AT_A_TIME):
        read(concerning[start : start + _AT_A_TIME])
    return parts, usable, unusable


def _read_escalation(message: Message) -> Escalation:
    escalation = decode_escalation(value_of(message))
    uuid.UUID(escalation.escalation_id)
    for name in ("occurred_at", "respond_by", "updated_at", *_TIMES_SINCE):
        moment = getattr(escalation, name)
        if moment is not None:
            check_time(name, moment)
    if escalation.score is not None:
        check_score(escalation.score)
    check_whole("revision", escalation.revision, 0, UINT32)
    check_whole("reopened", escalation.reopened, 0, UINT32)
    check_whole("policy_version", escalation.policy_version, 0, UINT32)
    check_whole("episode", escalation.episode, 0, UINT32)
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
        **as_they_are(("tenant", "ticket_id", "session", "episode", "event_id", "correlation_id"), escalations),
        **as_they_are(("policy", "policy_version", "rule", "reason"), escalations),
        **as_they_are(("channel", "category", "priority_before", "priority", "status"), escalations),
        **as_they_are(("subject", "text", "state", "revision", "reopened"), escalations),
        **as_they_are(("first_response_seconds", "resolution_seconds"), escalations),
        "raised_by": [list(escalation.raised_by) for escalation in escalations],
        **{name: [getattr(escalation, name) or "" for escalation in escalations] for name in _MAY_BE_EMPTY},
        **{
            name: [milliseconds(getattr(escalation, name)) for escalation in escalations]
            for name in ("occurred_at", "respond_by", "updated_at")
        },
        **{
            name: [milliseconds(moment) if (moment := getattr(each, name)) else None for each in escalations]
            for name in _TIMES_SINCE
        },
        "appended_at": [message.timestamp for message in messages],
        "score": [POINTS[round((escalation.score or 0) * HUNDREDTHS)] for escalation in escalations],
        "label": [escalation.label or "unset" for escalation in escalations],
        "record": [(message.value or b"").decode() for message in messages],
        "version": [version(0, message.offset) for message in messages],
    }


def _read_window(message: Message) -> WindowAggregate:
    window = decode_aggregate(value_of(message))
    check_time("start", window.start)
    check_whole("size", window.size, 1, UINT32)
    check_whole("revision", window.revision, 0, UINT32)
    totals = window.totals
    for name in ("score_min", "score_max"):
        check_whole(name, getattr(totals, name), NO_SCORE, len(POINTS))
    for name in SUMS:
        check_whole(name, getattr(totals, name), 0, UINT64)
    for name in COUNTS_BY:
        for each, count in getattr(totals, name).items():
            check_whole(f"{name} of {each}", count, 0, UINT64)
    for histogram in (totals.response_times, totals.resolution_times):
        for bucket in histogram:
            check_whole("bucket", bucket, 0, UINT16)
    version(0, message.offset)
    return window


def _window_columns(messages: Sequence[Message], windows: Sequence[WindowAggregate]) -> Columns:
    totals = [window.totals for window in windows]
    return {
        **as_they_are(("tenant", "size", "dimension", "value", "revision", "final"), windows),
        "start": [int(window.start.timestamp()) for window in windows],
        **as_they_are((*SUMS, *COUNTS_BY), totals),
        "score_min": [None if total.score_min == NO_SCORE else POINTS[total.score_min] for total in totals],
        "score_max": [None if total.score_max == NO_SCORE else POINTS[total.score_max] for total in totals],
        "version": [version(0, message.offset) for message in messages],
    }


def _read_dead_letter(message: Message) -> DeadLetter:
    failed_at = datetime.fromtimestamp(message.timestamp / 1000, UTC)
    letter = read_dead_letter(message.key, message.value, message.headers, failed_at)
    check_whole("partition", letter.partition, -INT32, INT32)
    check_whole("offset", letter.offset, -INT64, INT64)
    check_whole("attempts", letter.attempts, 0, UINT32)
    version(0, message.offset)
    return letter


def _dead_letter_columns(messages: Sequence[Message], letters: Sequence[DeadLetter]) -> Columns:
    plain = ("stage", "topic", "partition", "offset", "reason", "message", "attempts", "key", "value")
    return {
        **as_they_are(plain, letters),
        "failed_at": [message.timestamp for message in messages],
        "headers": [_headers_json(letter) for letter in letters],
        **newest_of_its_id(messages),
    }


def _read_alert(message: Message) -> Alert:
    alert = decode_alert(value_of(message))
    uuid.UUID(alert.alert_id)
    for name in ("started_at", "fired_at", "updated_at", "resolved_at"):
        moment = getattr(alert, name)
        if moment is not None:
            check_time(name, moment)
    check_whole("window_size", alert.window_size, 1, UINT32)
    check_whole("revision", alert.revision, 0, UINT32)
    version(0, message.offset)
    return alert


def _alert_columns(messages: Sequence[Message], alerts: Sequence[Alert]) -> Columns:
    return {
        "alert_id": [uuid.UUID(alert.alert_id) for alert in alerts],
        **as_they_are(("tenant", "kind", "measure", "dimension", "value", "severity", "state", "revision"), alerts),
        **as_they_are(("window_size", "observed", "expected", "exposure", "ratio", "probability", "summary"), alerts),
        **{
            name: [milliseconds(getattr(alert, name)) for alert in alerts]
            for name in ("started_at", "fired_at", "updated_at")
        },
        "resolved_at": [None if alert.resolved_at is None else milliseconds(alert.resolved_at) for alert in alerts],
        "tickets": [list(alert.tickets) for alert in alerts],
        "phrases": [[(each.phrase, each.share, each.usual) for each in alert.phrases] for alert in alerts],
        "record": [(message.value or b"").decode() for message in messages],
        **newest_of_its_id(messages),
    }


def _read_notification(message: Message) -> Notification:
    notification = decode_notification(value_of(message))
    uuid.UUID(notification.notification_id)
    for name in ("at", "due_at"):
        check_time(name, getattr(notification, name))
    for name in ("revision", "attempt", "provider_ms"):
        check_whole(name, getattr(notification, name) or 0, 0, UINT32)
    version(0, message.offset)
    return notification


def _notification_columns(messages: Sequence[Message], notifications: Sequence[Notification]) -> Columns:
    plain = ("tenant", "revision", "kind", "target", "provider", "recipient", "state", "attempt", "reason")
    return {
        "notification_id": [uuid.UUID(each.notification_id) for each in notifications],
        **as_they_are((*plain, "provider_ms", "message_id"), notifications),
        "about": [list(each.about) for each in notifications],
        "ticket_id": [each.ticket_id or "" for each in notifications],
        "reference": [each.reference or "" for each in notifications],
        **{name: [milliseconds(getattr(each, name)) for each in notifications] for name in ("at", "due_at")},
        **newest_of_its_id(messages),
    }


def _read_correction(message: Message) -> Correction:
    correction = decode_correction(value_of(message))
    uuid.UUID(correction.correction_id)
    check_time("corrected_at", correction.corrected_at)
    check_whole("model_epoch", correction.model_epoch, 0, UINT32)
    version(0, message.offset)
    return correction


def _correction_columns(messages: Sequence[Message], corrections: Sequence[Correction]) -> Columns:
    return {
        "correction_id": [uuid.UUID(each.correction_id) for each in corrections],
        **as_they_are(("tenant", "ticket_id", "event_id", "field", "old", "new", "note"), corrections),
        **as_they_are(("corrected_by", "token_id", "scorer", "model_epoch"), corrections),
        "corrected_at": [milliseconds(each.corrected_at) for each in corrections],
        **first_of_its_id(messages),
    }


def _read_audit(message: Message) -> AuditRecord:
    record = decode_audit(value_of(message))
    uuid.UUID(record.audit_id)
    check_time("at", record.at)
    version(0, message.offset)
    return record


def _audit_columns(messages: Sequence[Message], records: Sequence[AuditRecord]) -> Columns:
    return {
        "audit_id": [uuid.UUID(record.audit_id) for record in records],
        **as_they_are(("actor", "token_id", "tenant", "action", "target", "source", "address"), records),
        **as_they_are(("result", "detail"), records),
        "at": [milliseconds(record.at) for record in records],
        **first_of_its_id(messages),
    }


def _read_use(message: Message) -> SuggestionUse:
    use = decode_use(value_of(message))
    uuid.UUID(use.use_id)
    check_time("used_at", use.used_at)
    version(0, message.offset)
    return use


def _use_columns(messages: Sequence[Message], uses: Sequence[SuggestionUse]) -> Columns:
    return {
        "use_id": [uuid.UUID(use.use_id) for use in uses],
        **as_they_are(("tenant", "ticket_id", "suggested", "suggestion", "outcome", "used_by", "token_id"), uses),
        "used_at": [milliseconds(use.used_at) for use in uses],
        **newest_of_its_id(messages),
    }


def _read_enrichment(message: Message) -> Enrichment:
    enrichment = decode_enrichment(value_of(message))
    uuid.UUID(enrichment.enrichment_id)
    check_time("at", enrichment.at)
    for name in ("model_epoch", "tokens_in", "tokens_out"):
        check_whole(name, getattr(enrichment, name), 0, UINT32)
    for kind, count in enrichment.removed.items():
        check_whole(kind, count, 0, UINT32)
    check_whole("cost_micros", enrichment.cost_micros, 0, UINT64)
    version(0, message.offset)
    return enrichment


def _enrichment_columns(messages: Sequence[Message], enrichments: Sequence[Enrichment]) -> Columns:
    return {
        "enrichment_id": [uuid.UUID(each.enrichment_id) for each in enrichments],
        **as_they_are(("tenant", "ticket_id", "event_id", "read_by", "fallback", "category", "reason"), enrichments),
        **as_they_are(("confidence", "stands", "prompt", "category_before", "confidence_before"), enrichments),
        **as_they_are(("scorer", "model_epoch", "removed", "cached"), enrichments),
        **as_they_are(("tokens_in", "tokens_out", "cost_micros"), enrichments),
        **{name: [getattr(each, name) or "" for each in enrichments] for name in ("label", "label_before")},
        "at": [milliseconds(each.at) for each in enrichments],
        **first_of_its_id(messages),
    }


def _read_shadow(message: Message) -> ShadowScore:
    score = decode_shadow(value_of(message))
    check_time("occurred_at", score.occurred_at)
    if score.score is not None:
        check_score(score.score)
    version(0, message.offset)
    return score


def _shadow_columns(messages: Sequence[Message], scores: Sequence[ShadowScore]) -> Columns:
    return {
        **as_they_are(("tenant", "ticket_id", "event_id", "kind", "channel", "champion", "challenger"), scores),
        **as_they_are(("champion_class", "challenger_class", "agree", "score"), scores),
        **as_they_are(("probability", "probability_of_champions"), scores),
        "occurred_at": [milliseconds(score.occurred_at) for score in scores],
        **first_of_its_id(messages),
    }


def _reading(
    read: Callable[[Message], Any], columns: Callable[[Sequence[Message], Sequence[Any]], Columns]
) -> Callable[[Sequence[Message]], Columns]:
    """Columns of records that are read one by one."""
    return lambda messages: columns(messages, list(map(read, messages)))


TABLES = {
    "scored_events": Table(("tenant", "ticket_id", "event_id"), scored_columns, is_scored),
    "escalations": Table(("tenant", "escalation_id"), _reading(_read_escalation, _escalation_columns)),
    "windows": Table(("tenant", "size", "dimension", "value", "start"), _reading(_read_window, _window_columns)),
    "alerts": Table(("tenant", "alert_id"), _reading(_read_alert, _alert_columns)),
    "notifications": Table(
        ("tenant", "notification_id", "revision"), _reading(_read_notification, _notification_columns)
    ),
    "corrections": Table(
        ("tenant", "ticket_id", "event_id", "correction_id"), _reading(_read_correction, _correction_columns)
    ),
    "audit": Table(("audit_id",), _reading(_read_audit, _audit_columns)),
    "suggestion_uses": Table(("tenant", "ticket_id", "use_id"), _reading(_read_use, _use_columns)),
    "enrichments": Table(
        ("tenant", "ticket_id", "event_id", "enrichment_id"), _reading(_read_enrichment, _enrichment_columns)
    ),
    "shadow_scores": Table(
        ("tenant", "kind", "challenger", "ticket_id", "event_id"), _reading(_read_shadow, _shadow_columns)
    ),
    "predictions": Table(
        ("tenant", "ticket_id", "as_of", "prediction_id"), _reading(read_prediction, prediction_columns)
    ),
    "assignments": Table(
        ("tenant", "ticket_id", "session", "revision", "assignment_id"),
        _reading(read_assignment, assignment_columns),
    ),
    "dead_letters": Table(("log_partition", "log_offset"), _reading(_read_dead_letter, _dead_letter_columns)),
}


def _headers_json(letter: DeadLetter) -> str:
    pairs = [(name, base64.b64encode(raw or b"").decode()) for name, raw in letter.headers]
    return msgspec.json.encode(pairs).decode()

"""One ticket's conversation as it is stored: how it stands, its scores over time and why, and its escalations.

A second or two behind the pipeline: what it shows has reached ClickHouse.
"""

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from clickhouse_connect.driver.client import Client
from pydantic import BaseModel, ConfigDict

from schemas.scored import Label
from sinks.corrections.models import StoredCorrection
from sinks.corrections.reading import read_corrections_of
from sinks.dashboard.asking import ask, from_milliseconds, from_milliseconds_or_none
from sinks.dashboard.notifications import ShownNotification, read_notifications_of
from sinks.dashboard.places import Place, places_of

MAX_MESSAGES: Final = 500
MAX_ESCALATIONS: Final = 50
TEXT_CHARS: Final = 1_000
# Of a longer text the scorer leaves out the middle, so that no place is known for certain.
SEARCHED_CHARS: Final = 20_000

_STATE = """
SELECT count() AS events,
    countIf(type IN ('created', 'message') AND voice = 'customer') AS customer_messages,
    countIf(type = 'agent_reply' AND voice = 'agent') AS agent_replies,
    countIf(type IN ('created', 'message', 'agent_reply')) AS spoken,
    if(countIf(status != '') = 0, 'new', argMaxIf(status, (occurred_at, log_offset), status != '')) AS last_status,
    argMax(channel, log_offset) AS last_channel,
    argMaxIf(category, log_offset, voice = 'customer') AS last_category,
    argMaxIf(customer_id, log_offset, customer_id != '') AS customer,
    argMaxIf(satisfaction, log_offset, satisfaction > 0) AS rating,
    toUnixTimestamp64Milli(min(occurred_at)) AS first_ms, toUnixTimestamp64Milli(max(occurred_at)) AS last_ms,
    if(countIf(scored AND voice = 'customer') = 0, NULL, avgIf(toFloat64(score), scored AND voice = 'customer'))
        AS mean, if(isNull(mean), NULL, minIf(toFloat64(score), scored AND voice = 'customer')) AS lowest
FROM scored_events FINAL
PREWHERE tenant = {tenant:String} AND ticket_id = {ticket:String}
"""
_MESSAGES = """
SELECT event_id, type, channel, voice, toUnixTimestamp64Milli(occurred_at) AS at_ms, status,
    substringUTF8(if(empty(subject), text, concat(subject, '\\n', text)), 1, {chars:UInt32}) AS words,
    if(scored, toFloat64(score), NULL) AS points, if(scored, toString(label), NULL) AS label_name,
    unscored, confidence, reasons, emotion, category, signals
FROM scored_events FINAL
PREWHERE tenant = {tenant:String} AND ticket_id = {ticket:String}
ORDER BY occurred_at DESC, log_offset DESC
LIMIT {rows:UInt32}
"""
_ESCALATIONS = """
SELECT toString(escalation_id) AS id, number, state, revision, policy, policy_version, rule, raised_by, reason,
    category, priority, queue, resolution_notes, record,
    toUnixTimestamp64Milli(occurred_at) AS at_ms, toUnixTimestamp64Milli(respond_by) AS by_ms,
    toUnixTimestamp64Milli(acknowledged_at) AS acknowledged_ms,
    toUnixTimestamp64Milli(first_response_at) AS response_ms, toUnixTimestamp64Milli(resolved_at) AS resolved_ms
FROM escalations FINAL
WHERE tenant = {tenant:String} AND ticket_id = {ticket:String}
ORDER BY occurred_at DESC, id
LIMIT {rows:UInt32}
"""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ScoreReason(_Part):
    """What moved a score, and by how many points of the scale from 0 to 10. `places` are where its term stands in the
    message's `text`: from the first to before the second character (code points). None is told where there is doubt.
    """

    rule: str
    term: str
    points: float
    places: list[Place] = []


class Score(_Part):
    """A customer's message on the scale from 0 to 10."""

    at: datetime
    event_id: str
    score: float
    label: Label


class StoredMessage(_Part):
    """One event of the ticket. `text` is its first 1,000 characters; `score` is null for what was not scored."""

    event_id: str
    type: str
    voice: str
    channel: str
    at: datetime
    text: str
    status: str | None
    score: float | None
    label: Label | None
    unscored: str | None
    confidence: float
    reasons: list[ScoreReason]
    category: str
    emotion: str | None
    signals: list[str]


class StoredEscalation(_Part):
    """An escalation as it stands now: which rule of which policy, why, and what has become of it."""

    escalation_id: UUID
    number: str | None
    state: str
    revision: int
    policy: str
    policy_version: int
    rule: str
    raised_by: list[str]
    reason: str
    evidence: dict[str, Any]
    category: str
    priority: str
    queue: str | None
    keywords: list[str]
    summary: list[str]
    reply: str
    note: str
    occurred_at: datetime
    respond_by: datetime | None
    acknowledged_at: datetime | None
    first_response_at: datetime | None
    resolved_at: datetime | None
    resolution_notes: str | None


class StoredState(_Part):
    """The ticket over all of its events. `escalated` while an escalation is not resolved; means and lowest are of the
    customer's scores.
    """

    status: str
    channel: str
    category: str
    customer_id: str | None
    satisfaction: int | None
    escalated: bool
    ticket_number: str | None
    events: int
    customer_messages: int
    agent_replies: int
    score_avg: float | None
    score_min: float | None
    first_at: datetime
    last_at: datetime


class StoredConversation(_Part):
    """A ticket. `scores` and `messages` are of its newest events, oldest first; `left_out` counts the older ones.
    `notifications` are the newest 30 of those that tell of it, newest first; `corrections` are newest first, too.
    """

    tenant: str
    ticket_id: str
    state: StoredState
    scores: list[Score]
    messages: list[StoredMessage]
    left_out: int
    escalations: list[StoredEscalation]
    notifications: list[ShownNotification]
    corrections: list[StoredCorrection]


def read_conversation(client: Client, tenant: str, ticket: str, messages: int) -> StoredConversation | None:
    """The conversation with its newest `messages` events; None for a ticket that no event is stored of.

    A ticket id that ends in a slash may be one without, with the slash of an address behind it. Raises
    clickhouse_connect's errors when the database does not answer.
    """
    found = _read(client, tenant, ticket, messages)
    if found is None and ticket.endswith("/"):
        return _read(client, tenant, ticket[:-1], messages)
    return found


def _read(client: Client, tenant: str, ticket: str, rows: int) -> StoredConversation | None:
    bound: dict[str, Any] = {"tenant": tenant, "ticket": ticket}
    (state,) = ask(client, _STATE, bound)
    if not state["events"]:
        return None
    found = ask(client, _ESCALATIONS, {**bound, "rows": MAX_ESCALATIONS})
    escalations = [_escalation(row) for row in found]
    stored = ask(client, _MESSAGES, {**bound, "rows": rows, "chars": SEARCHED_CHARS + 1})
    messages = [_message(row) for row in reversed(stored)]
    return StoredConversation(
        tenant=tenant,
        ticket_id=ticket,
        state=_state(state, escalations),
        scores=[
            Score(at=each.at, event_id=each.event_id, score=each.score, label=each.label)
            for each in messages
            if each.voice == "customer" and each.score is not None and each.label is not None
        ],
        messages=messages,
        left_out=state["events"] - len(messages),
        escalations=escalations,
        notifications=read_notifications_of(client, tenant, ticket),
        corrections=read_corrections_of(client, tenant, ticket),
    )


def _state(row: dict[str, Any], escalations: list[StoredEscalation]) -> StoredState:
    return StoredState(
        status=row["last_status"],
        channel=row["last_channel"],
        category=row["last_category"] or "general",
        customer_id=row["customer"] or None,
        satisfaction=row["rating"] or None,
        escalated=any(each.state != "resolved" for each in escalations),
        ticket_number=next((each.number for each in escalations if each.number), None),
        events=row["events"],
        customer_messages=row["customer_messages"],
        agent_replies=row["agent_replies"],
        score_avg=None if row["mean"] is None else round(row["mean"], 2),
        score_min=row["lowest"],
        first_at=from_milliseconds(row["first_ms"]),
        last_at=from_milliseconds(row["last_ms"]),
    )


def _message(row: dict[str, Any]) -> StoredMessage:
    return StoredMessage(
        at=from_milliseconds(row["at_ms"]),
        text=row["words"][:TEXT_CHARS],
        status=row["status"] or None,
        score=row["points"],
        label=row["label_name"],
        unscored=row["unscored"] or None,
        reasons=[_reason(each, row["words"]) for each in json.loads(row["reasons"])],
        emotion=row["emotion"] or None,
        **{name: row[name] for name in ("event_id", "type", "voice", "channel", "confidence", "category", "signals")},
    )


def _reason(told: dict[str, Any], text: str) -> ScoreReason:
    rule, term = told["rule"], told["term"]
    whole = len(text) <= SEARCHED_CHARS
    found = places_of(text, rule, term, told.get("start", 0), told.get("end", 0), whole=whole)
    places = [place for place in found if place.end <= TEXT_CHARS]
    return ScoreReason(rule=rule, term=term, points=told["points"], places=places)


def _escalation(row: dict[str, Any]) -> StoredEscalation:
    record = json.loads(row["record"])
    plain = ("state", "revision", "policy", "policy_version", "rule", "raised_by", "reason", "category", "priority")
    return StoredEscalation(
        escalation_id=row["id"],
        **{name: row[name] for name in plain},
        **{name: row[name] or None for name in ("number", "queue", "resolution_notes")},
        # What only the record has; a row from before there were records has none.
        evidence=record.get("evidence", {}),
        **{name: record.get(name, []) for name in ("keywords", "summary")},
        **{name: record.get(name, "") for name in ("reply", "note")},
        occurred_at=from_milliseconds(row["at_ms"]),
        respond_by=from_milliseconds_or_none(row["by_ms"]),
        acknowledged_at=from_milliseconds_or_none(row["acknowledged_ms"]),
        first_response_at=from_milliseconds_or_none(row["response_ms"]),
        resolved_at=from_milliseconds_or_none(row["resolved_ms"]),
    )

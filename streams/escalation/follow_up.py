"""What becomes of an escalation: numbered, given to an agent, acknowledged, answered, resolved, reopened. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from schemas.escalations import Escalation
from schemas.scored import ScoredEvent
from streams.conversations import CLOSED, SKEW_MS, Conversation, speaker_of

_WORKED_ON = frozenset({"in_progress", "awaiting_customer"})
_SKEW = timedelta(milliseconds=SKEW_MS)


def concerns(event: ScoredEvent, before: Conversation, after: Conversation) -> bool:
    """Whether an event may change the record of its ticket's escalation: few do."""
    return event.type == "agent_reply" or after.status != before.status


def followed(record: Escalation, event: ScoredEvent, before: Conversation, after: Conversation, at: int) -> Escalation:
    """The record after an event of its ticket; the same one where nothing concerns it.

    `before` and `after` are the conversation around the event, so that a status that came late changes nothing. An
    answer or a status from before the escalation, by more than clocks may differ, is none of its own.
    """
    moment = datetime.fromtimestamp(at / 1000, UTC)
    if moment < record.occurred_at - _SKEW:
        return record
    moment = max(moment, record.occurred_at)
    changes: dict[str, Any] = {}
    if event.type == "agent_reply" and speaker_of(event) == "agent" and record.first_response_at is None:
        changes.update(first_response_at=moment, first_response_seconds=_seconds(record, moment))
        if record.state in ("open", "acknowledged"):
            changes.update(state="responded")
    if after.status != before.status:
        # An answer and a status may come with one event: the answer is first.
        answered = msgspec.structs.replace(record, **changes) if changes else record
        changes.update(_status(answered, event, after, moment))
    if not changes:
        return record
    return msgspec.structs.replace(
        record, revision=record.revision + 1, status=after.status, updated_at=moment, **changes
    )


def numbered(record: Escalation, number: str) -> Escalation:
    """The record with its number."""
    return msgspec.structs.replace(record, revision=record.revision + 1, number=number)


def given_to(record: Escalation, agent: str) -> Escalation:
    """The record with the agent who has its ticket; the same one where that is no news, or the escalation is over."""
    if record.assignee == agent or record.state == "resolved":
        return record
    return msgspec.structs.replace(record, revision=record.revision + 1, assignee=agent)


def _status(record: Escalation, event: ScoredEvent, after: Conversation, moment: datetime) -> dict[str, Any]:
    if after.status in CLOSED:
        if record.state == "resolved":
            return {}
        return {
            "state": "resolved",
            "resolved_at": moment,
            "resolution_seconds": _seconds(record, moment),
            "resolution_notes": _text(event.metadata.get("resolution_notes")),
            "resolution_category": _text(event.metadata.get("resolution_category")),
        }
    if record.state == "resolved":
        state = "responded" if record.first_response_at else "open"
        return {"state": state, "reopened_at": moment, "reopened": record.reopened + 1}
    if after.status in _WORKED_ON and record.acknowledged_at is None:
        state = "acknowledged" if record.state == "open" else record.state
        return {"state": state, "acknowledged_at": moment}
    return {}


def _seconds(record: Escalation, moment: datetime) -> float:
    return (moment - record.occurred_at).total_seconds()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

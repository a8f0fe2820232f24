"""The topics as an AsyncAPI 3 document, https://www.asyncapi.com/docs/reference/specification/v3.0.0."""

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from schemas.alerts import Alert
from schemas.assignments import Assigned, Assignment
from schemas.audit import AuditRecord
from schemas.conversations import ConversationState
from schemas.corrections import Correction
from schemas.enrichments import Enrichment
from schemas.erasures import Erasure, Removed, Step
from schemas.escalations import Escalation
from schemas.events import TicketEvent
from schemas.notices import (
    Acknowledged,
    Alerted,
    Answered,
    AnswerOver,
    AnswerWanted,
    Awaited,
    Escalated,
    Reported,
    SenderReady,
    Tried,
)
from schemas.notifications import Notification
from schemas.predictions import Prediction
from schemas.registry import CustomerKnown, Numbered, NumberWanted, TicketOpened
from schemas.routing import Standing
from schemas.scored import ScoredEvent
from schemas.shadow import ShadowScore
from schemas.suggestions import SuggestionUse
from schemas.windows import Samples, Unseen, Watermark, WindowAggregate, WindowPartial
from streams import topics


class Content(NamedTuple):
    """What is on a topic. `sent` says whether programs of others write it; without structs the values are bytes."""

    what: str
    key: str
    structs: Sequence[type[msgspec.Struct]] = ()
    sent: bool = False


_TICKET = "tenant/ticket_id"
CONTENTS: dict[str, Content] = {
    topics.EVENTS: Content("Ticket events, as channels say them. Write here.", "any", [TicketEvent], sent=True),
    topics.SCORED: Content(
        "Each event with what its text says, and answers of `registry` and `routing`, which a header tells apart.",
        _TICKET,
        [ScoredEvent, Numbered, CustomerKnown, Assigned],
    ),
    topics.ESCALATIONS: Content("Each revision of each escalation, whole.", _TICKET, [Escalation]),
    topics.CONVERSATIONS: Content(
        "How a conversation stands after an event that asked for it.", _TICKET, [ConversationState]
    ),
    topics.REGISTRY: Content("Questions across tickets.", "what is asked about", [NumberWanted, TicketOpened]),
    topics.PARTIALS: Content(
        "Totals of windows by source partition.",
        "tenant and window size, as MessagePack",
        [WindowPartial, Watermark, Samples, Unseen],
    ),
    topics.WINDOWS: Content("Each revision of each window, whole.", "the window's key", [WindowAggregate]),
    topics.ALERTS: Content("Each revision of each alert on windows, whole.", "alert_id", [Alert]),
    topics.NOTICES: Content(
        "What somebody may have to be told, and what came of telling it.",
        "tenant",
        [Escalated, Alerted, Awaited, Acknowledged, Answered, Reported, AnswerWanted, AnswerOver, Tried, SenderReady],
    ),
    topics.NOTIFICATIONS: Content("The ledger of who was told of what.", "tenant", [Notification]),
    topics.CORRECTIONS: Content("What people say of a message.", _TICKET, [Correction]),
    topics.AUDIT: Content("Who did what.", "who did it", [AuditRecord]),
    topics.SUGGESTIONS: Content("What people made of suggestions.", _TICKET, [SuggestionUse]),
    topics.ENRICHMENTS: Content("Second readings by a language model.", _TICKET, [Enrichment]),
    topics.SHADOW_SCORES: Content("What a challenger says of a message.", _TICKET, [ShadowScore]),
    topics.PREDICTIONS: Content("What is expected of open tickets.", _TICKET, [Prediction]),
    topics.ROUTING: Content(
        "How a ticket stands that is given to agents, whenever that changes.", "tenant", [Standing]
    ),
    topics.ASSIGNMENTS: Content("Each change of who has a ticket.", _TICKET, [Assignment]),
    topics.ERASURES: Content(
        "Who was erased, by keyed hashes; what stages removed, and what was done else.",
        "erasure_id",
        [Erasure, Removed, Step],
    ),
    topics.DEAD_LETTERS: Content(
        "Records that could not be processed, byte for byte, with headers that say why; and marks of what was done "
        "about them.",
        "the record's own",
    ),
}


def is_changelog(topic: topics.Topic) -> bool:
    """Whether it holds the state of a stage, which is nobody else's to read."""
    return topic.settings["cleanup.policy"] == "compact"


def document() -> dict[str, Any]:
    """The whole document. Channels and messages are named after their topics and structs."""
    structs = {struct.__name__: struct for content in CONTENTS.values() for struct in content.structs}
    _, schemas = msgspec.json.schema_components(list(structs.values()), ref_template="#/components/schemas/{name}")
    told = [topic for topic in topics.ALL if not is_changelog(topic)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ticketpulse",
            "version": "1",
            "description": "What travels on the topics. A change that breaks readers makes a topic of a new version.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in told},
        "operations": {f"{_action(topic)}:{topic.name}": _operation(topic) for topic in told},
        "components": {
            "messages": {name: _message(name, struct) for name, struct in structs.items()}
            | {"DeadLetter": {"contentType": "application/octet-stream", "payload": {}}},
            "schemas": _sorted({name: _plain(schema) for name, schema in schemas.items()}),
        },
    }


def _channel(topic: topics.Topic) -> dict[str, Any]:
    content = CONTENTS[topic.name]
    return {
        "address": topic.name,
        "description": content.what,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(content)},
        "bindings": {
            "kafka": {
                "topicConfiguration": {
                    "cleanup.policy": [topic.settings["cleanup.policy"]],
                    "retention.ms": int(topic.settings["retention.ms"]),
                    "max.message.bytes": int(topic.settings["max.message.bytes"]),
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _names(content: Content) -> list[str]:
    return [struct.__name__ for struct in content.structs] or ["DeadLetter"]


def _action(topic: topics.Topic) -> str:
    return "receive" if CONTENTS[topic.name].sent else "send"


def _operation(topic: topics.Topic) -> dict[str, Any]:
    """As AsyncAPI has it: what the described application does, so `receive` is what others may write."""
    return {
        "action": _action(topic),
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": CONTENTS[topic.name].what,
    }


def _message(name: str, struct: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "name": name,
        "summary": inspect.cleandoc(struct.__doc__ or name).partition("\n\n")[0],
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }


def _plain(schema: Any) -> Any:
    """Docstrings without their indentation; what tells kinds apart as AsyncAPI has it, by its name alone."""
    if isinstance(schema, dict):
        return {key: _member(key, value) for key, value in schema.items()}
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema


def _member(key: str, value: Any) -> Any:
    if key == "description" and isinstance(value, str):
        return inspect.cleandoc(value)
    if key == "discriminator" and isinstance(value, dict) and set(value) <= {"propertyName", "mapping"}:
        return value["propertyName"]
    return _plain(value)


def _sorted(schemas: dict[str, Any]) -> dict[str, Any]:
    return {name: schemas[name] for name in sorted(schemas)}

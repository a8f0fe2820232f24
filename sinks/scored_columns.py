"""Scored events, by far the busiest topic, to columns: a whole list of them at each step. Pure."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple, fields

from schemas.erasures import ERASURE_HEADER
from schemas.events import Tenant
from schemas.registry import ANSWER_HEADER
from schemas.scored import ScoredEvent, Sentiment
from sinks.base import Message
from sinks.columns import LAST_OFFSET, OFFSET_BITS, Columns, by_name, check_values, points, times, version_of_first

DEFAULT_PRIORITY = "medium"

# The scored event without what no column takes (metadata, attachments, contacts). The decoder passes over it, which
# saves a third of its time.
_NO_COLUMN = {"attachments", "metadata", "extra", "email", "phone", "session_id", "source_type"}
_NO_COLUMN |= {"source_reference_id", "removed", "correlation_id", "wants_state"}
# Many are decoded, turned and dropped at once, and none is part of a cycle: nothing that a garbage collector need see.
_Sentiment = msgspec.defstruct("_Sentiment", [(each.name, each.type) for each in fields(Sentiment)], gc=False)
_READ_AS: dict[str, tuple[Any, Any]] = {
    # Its pattern is matched once for each tenant of a list, not for each event.
    "tenant": (str, "default"),
    "sentiment": (_Sentiment | None, None),
    # What the engine reads itself, as it stands in the message.
    "reasons": (msgspec.Raw, msgspec.Raw(b"[]")),
    "reading": (msgspec.Raw, msgspec.Raw(b"{}")),
}
_Event = msgspec.defstruct(
    "_Event",
    [
        (each.name, *_READ_AS.get(each.name, (each.type, each.default)))
        for each in fields(ScoredEvent)
        if each.name not in _NO_COLUMN
    ],
    kw_only=True,
    gc=False,
)
_decode = msgspec.json.Decoder(_Event).decode
_UNSCORED = _Sentiment(0.0, "unset", 0.0, 0.0, 0.0)
_OfTenant = msgspec.defstruct("_OfTenant", [("tenant", Tenant)])
_OTHERS = frozenset({ANSWER_HEADER, ERASURE_HEADER})
_AS_THEY_ARE = ("tenant", "ticket_id", "event_id", "type", "channel", "category", "voice", "confidence", "scorer")
_EMPTY_FOR_NONE = (
    *("author", "status", "customer_id", "agent_id", "language", "journey_stage", "product"),
    *("subject", "text", "unscored"),
)


def is_scored(message: Message) -> bool:
    """The topic has the registry's answers too, and erasures."""
    return not message.headers or all(name not in _OTHERS for name, _ in message.headers)


def scored_columns(messages: Sequence[Message]) -> Columns:
    """The columns of `scored_events`. Raises for a list of which any message cannot become a row."""
    log = by_name(Message._fields, messages)
    check_values(log["value"], log["timestamp"])
    events = by_name(_Event.__struct_fields__, map(astuple, map(_decode, log["value"])))
    sentiments = [sentiment or _UNSCORED for sentiment in events["sentiment"]]
    moods = by_name(_Sentiment.__struct_fields__, map(astuple, sentiments))
    if messages:
        _check(events, log["offset"])
    return {
        **{name: events[name] for name in _AS_THEY_ARE},
        **{name: [text or "" for text in events[name]] for name in _EMPTY_FOR_NONE},
        "priority": [priority or DEFAULT_PRIORITY for priority in events["priority"]],
        "occurred_at": times("occurred_at", events["occurred_at"]),
        "received_at": times("received_at", events["received_at"]),
        "appended_at": log["timestamp"],
        "scored": [sentiment is not _UNSCORED for sentiment in sentiments],
        "score": points(moods["score"]),
        "label": moods["label"],
        "compound": moods["compound"],
        "polarity": moods["polarity"],
        "subjectivity": moods["subjectivity"],
        "reasons": _texts(events["reasons"]),
        "reading": _texts(events["reading"]),
        "satisfaction": [rating or 0 for rating in events["satisfaction"]],
        "model_epoch": events["model_epoch"],
        "log_partition": log["partition"],
        "log_offset": log["offset"],
        "version": [
            # As `version_of_first`, which is checked below for a list as a whole.
            (epoch << OFFSET_BITS | offset) ^ LAST_OFFSET
            for epoch, offset in zip(events["model_epoch"], log["offset"], strict=True)
        ],
    }


def _check(events: Columns, offsets: Sequence[int]) -> None:
    """What the columns' own making does not find. Tenants and epochs are few."""
    for tenant in set(events["tenant"]):
        msgspec.convert({"tenant": tenant}, _OfTenant)
    for epoch in set(events["model_epoch"]):
        version_of_first(epoch, max(offsets))


def _texts(raw: Sequence[msgspec.Raw]) -> list[str]:
    """Each as text. Taken together, because one by one takes four times as long; no JSON has a zero byte."""
    return b"\0".join(raw).decode().split("\0") if raw else []

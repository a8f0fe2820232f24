"""The part of a scored event that conversations, policies and windows ask for: what the stage `track` decodes."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import fields

from schemas.readings import Reading
from schemas.scored import Reason, ScoredEvent, Sentiment

# The decoder passes over what is not listed, and checks no ids again that were checked when the event came in. That
# and values that the garbage collector need not follow save a third of its time.
_PASSED_OVER = {"attachments", "extra", "received_at", "removed"}


def _narrowed(struct: type[msgspec.Struct], passed_over: set[str], **narrower: Any) -> type[msgspec.Struct]:
    """The struct without some fields, and with others narrowed."""
    kept = [
        (each.name, narrower.get(each.name, each.type))
        if each.required
        else (each.name, narrower.get(each.name, each.type), _default(each, narrower.get(each.name)))
        for each in fields(struct)
        if each.name not in passed_over
    ]
    return msgspec.defstruct(f"_{struct.__name__}", kept, kw_only=True, frozen=True, gc=False)


def _default(field: msgspec.structs.FieldInfo, narrower: Any) -> Any:
    if field.default is msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    is_struct = isinstance(field.default, msgspec.Struct)
    return narrower() if is_struct and narrower is not None else field.default


_Reading = _narrowed(Reading, {"emotions", "category", "journey_stage", "language"})
_Reason = _narrowed(Reason, {"rule", "start", "end"})
_Tracked = _narrowed(
    ScoredEvent,
    _PASSED_OVER,
    event_id=str,
    tenant=str,
    ticket_id=str,
    sentiment=_narrowed(Sentiment, {"subjectivity"}) | None,
    reasons=tuple[_Reason, ...],  # type: ignore[valid-type]
    reading=_Reading,
)
_decode: Callable[[bytes], ScoredEvent] = msgspec.json.Decoder(_Tracked).decode  # type: ignore[assignment]


def decode_tracked(value: bytes) -> ScoredEvent:
    """Read what `encode_event` wrote, without the fields that are listed above: to ask for them is an AttributeError.
    An event cannot be changed.
    """
    return _decode(value)

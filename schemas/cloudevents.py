"""CloudEvents 1.x on Kafka and HTTP, binary and structured, unwrapped to a ticket event.

Follows the Kafka and HTTP protocol bindings: binary mode carries attributes in headers (`ce_id`, HTTP `ce-id`) and the
data as the body; structured mode is `application/cloudevents+json` with everything in one object.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from schemas.events import MAX_EVENT_BYTES, SCHEMA_VERSION, TicketEvent, event_from, read_event
from schemas.rejections import Reason, Rejected

STRUCTURED = "application/cloudevents+json"
# Our own event types carry the schema's major version: ticketpulse.ticket.message.v1
_OUR_TYPE = re.compile(r"\Aticketpulse\.ticket\.(?P<type>\w+)\.v(?P<version>\d+)\Z")

_SHOWN = 80


def text_headers(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """A Kafka record's headers as `read_message` takes them: names in lower case. One that is null is as none."""
    return {name.lower(): raw.decode("utf-8", "replace") for name, raw in headers if raw is not None}


def read_message(value: bytes | None, headers: Mapping[str, str], received_at: datetime) -> TicketEvent | Rejected:
    """Read plain JSON or a CloudEvent. Header names are lower case; the HTTP spelling `ce-` is taken for `ce_`."""
    if value is None or not headers:
        return read_event(value, received_at)
    attributes = {name[3:]: text for name, text in headers.items() if name.startswith(("ce_", "ce-"))}
    if "specversion" in attributes:
        return _unwrap(attributes, value, received_at)
    if not headers.get("content-type", "").startswith(STRUCTURED):
        return read_event(value, received_at)
    if len(value) > MAX_EVENT_BYTES:
        return read_event(value, received_at)
    try:
        envelope = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Rejected(Reason.NOT_JSON, "value", f"not JSON: {error}")
    return event_from_envelope(envelope, received_at)


def event_from_envelope(envelope: object, received_at: datetime) -> TicketEvent | Rejected:
    """Unwrap one structured CloudEvent that is already decoded."""
    if not isinstance(envelope, dict):
        return Rejected(Reason.ENVELOPE, "value", "a structured CloudEvent is a JSON object")
    data = envelope.get("data")
    if data is None:
        return Rejected(Reason.ENVELOPE, "data", "required: the ticket event as a JSON object")
    attributes = {name: str(text) for name, text in envelope.items() if name != "data" and text is not None}
    return _unwrap(attributes, data, received_at)


def _unwrap(attributes: dict[str, str], data: object, received_at: datetime) -> TicketEvent | Rejected:
    if attributes.get("specversion", "").split(".")[0] != "1":
        shown = attributes.get("specversion")
        return Rejected(Reason.VERSION, "specversion", f"{shown!r} is not read here; CloudEvents 1.x is")
    if isinstance(data, bytes):
        if len(data) > MAX_EVENT_BYTES:
            return read_event(data, received_at)
        try:
            data = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Rejected(Reason.NOT_JSON, "data", f"not JSON: {error}")
    if not isinstance(data, dict):
        return Rejected(Reason.NOT_AN_OBJECT, "data", "the data of a ticket event is a JSON object")
    filled = _fill(attributes, data)
    return filled if isinstance(filled, Rejected) else event_from(filled, received_at)


def _fill(attributes: dict[str, str], data: dict[str, Any]) -> dict[str, Any] | Rejected:
    """The data, with what it leaves out taken from the envelope: id, time and type."""
    fields = dict(data)
    if "id" in attributes:
        fields.setdefault("event_id", attributes["id"])
    if "time" in attributes:
        fields.setdefault("occurred_at", attributes["time"])
    if ours := _OUR_TYPE.match(attributes.get("type", "")):
        # As text: a number may have more digits than Python reads.
        if ours["version"].lstrip("0") != str(SCHEMA_VERSION):
            shown = repr(ours[0] if len(ours[0]) <= _SHOWN else f"{ours[0][:_SHOWN]}…")
            return Rejected(Reason.VERSION, "type", f"{shown} is not read here; this pipeline reads .v{SCHEMA_VERSION}")
        fields.setdefault("type", ours["type"])
    return fields

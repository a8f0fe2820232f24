"""The ticket event: what a channel says happened, and how its JSON is read.

A producer may send more than we know: fields outside this struct are kept in `extra` and written out again at the top
level.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

from schemas.rejections import Reason, Rejected

EventType = Literal["created", "message", "agent_reply", "status_changed", "rated", "escalation_requested"]
Channel = Literal["email", "chat", "phone", "social", "in_app", "whatsapp", "web"]
Status = Literal["new", "open", "in_progress", "awaiting_customer", "resolved", "closed"]
Priority = Literal["low", "medium", "high", "urgent"]

EVENT_TYPES: tuple[str, ...] = get_args(EventType)
CHANNELS: tuple[str, ...] = get_args(Channel)
STATUSES: tuple[str, ...] = get_args(Status)
PRIORITIES: tuple[str, ...] = get_args(Priority)

SCHEMA_VERSION = 1
MAX_EVENT_BYTES = 1_048_576
MAX_ID_CHARS = 256

# ClickHouse's DateTime ends in 2106 and nobody reports tickets from before Unix time.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
# An epoch above this is milliseconds: as seconds it would be the year 5138.
MILLISECONDS_ABOVE = 100_000_000_000

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_CHARS)]
# A tenant is part of keys that are joined with "/", and of metric and file names.
Tenant = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.\-]{1,64}\Z")]
Rating = Annotated[int, msgspec.Meta(ge=1, le=5)]


class TicketEvent(msgspec.Struct, kw_only=True, eq=False):
    """One thing that happened to one ticket. `occurred_at` is aware, UTC, whole milliseconds.

    `escalation_requested` says that another system wants a person to look at the ticket; why is in `metadata`. Of an
    event that `wants_state` the conversation's state after it is told on `tickets.conversations.v1`.
    """

    event_id: Id
    tenant: Tenant = "default"
    ticket_id: Id
    type: EventType = "message"
    channel: Channel = "web"
    occurred_at: datetime
    customer_id: str | None = None
    agent_id: str | None = None
    status: Status | None = None
    priority: Priority | None = None
    subject: str | None = None
    text: str | None = None
    author: str | None = None
    session_id: str | None = None
    journey_stage: str | None = None
    product: str | None = None
    satisfaction: Rating | None = None
    attachments: list[str | dict[str, Any]] = []
    language: str | None = None
    email: str | None = None
    phone: str | None = None
    source_type: str | None = None
    source_reference_id: str | None = None
    correlation_id: str | None = None
    wants_state: bool = False
    metadata: dict[str, Any] = {}
    extra: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET

    def __eq__(self, other: object) -> bool:
        """Equal is what says the same, however it was read."""
        if not isinstance(other, TicketEvent):
            return NotImplemented
        return msgspec.structs.asdict(self) == msgspec.structs.asdict(other)

    __hash__ = None  # type: ignore[assignment]


class _PlainEvent(TicketEvent, kw_only=True, eq=False, forbid_unknown_fields=True):
    """An event with known fields only, as most are: read in one step. `extra` is no field that a producer may send."""

    occurred_at: datetime | int | float  # type: ignore[assignment]
    extra: dict[str, Any] | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="(extra)")


_decode_plain = msgspec.json.Decoder(_PlainEvent).decode
#: Whatever else an event has is in `extra`.
FIELDS = frozenset(f.encode_name for f in msgspec.structs.fields(TicketEvent)) - {"extra"}
_REQUIRED = ("event_id", "ticket_id")


def ticket_key(tenant: str, ticket_id: str) -> bytes:
    """The Kafka key of everything about one ticket. A tenant holds no "/", so no two tickets share a key."""
    return f"{tenant}/{ticket_id}".encode()


def tenant_of(key: bytes) -> str:
    """Whose a ticket is, by its key."""
    return key.partition(b"/")[0].decode()


def read_event(value: bytes | None, received_at: datetime) -> TicketEvent | Rejected:
    """Read one event from JSON bytes. An event without a time happened when it was received; nothing is raised."""
    if value is None:
        return Rejected(Reason.TOMBSTONE, "value", "a record without a value carries no event")
    if len(value) > MAX_EVENT_BYTES:
        return Rejected(Reason.TOO_LARGE, "value", f"{len(value):,} bytes; an event may have {MAX_EVENT_BYTES:,}")
    plain = _read_plain(value)
    if plain is not None:
        return _check_meaning(plain) or plain
    try:
        fields = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Rejected(Reason.NOT_JSON, "value", f"not JSON: {error}")
    return event_from(fields, received_at)


def event_from(fields: object, received_at: datetime) -> TicketEvent | Rejected:
    """Build an event from decoded JSON. The caller's mapping is not changed."""
    if not isinstance(fields, dict):
        return Rejected(Reason.NOT_AN_OBJECT, "value", f"an event is a JSON object, not {_json_kind(fields)}")
    for name in _REQUIRED:
        if fields.get(name) in (None, ""):
            return Rejected(Reason.NO_ID, name, "required: a string of 1 to 256 characters")
    version = fields.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        return Rejected(
            Reason.VERSION, "schema_version", f"{version!r} is not read here; this pipeline reads {SCHEMA_VERSION}"
        )
    occurred_at = _read_time(fields["occurred_at"]) if "occurred_at" in fields else _whole_milliseconds(received_at)
    if isinstance(occurred_at, Rejected):
        return occurred_at
    known = {name: value for name, value in fields.items() if name in FIELDS}
    known["occurred_at"] = occurred_at
    if len(known) < len(fields) + ("occurred_at" not in fields):
        known["extra"] = {name: value for name, value in fields.items() if name not in FIELDS}
    try:
        event = msgspec.convert(known, TicketEvent)
    except msgspec.ValidationError as error:
        return _explain(error, fields)
    return _check_meaning(event) or event


def _read_plain(value: bytes) -> TicketEvent | None:
    """The event, or None where it takes a longer look: at unknown fields, or at what is wrong."""
    try:
        event = _decode_plain(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    moment = _read_time(event.occurred_at)
    if isinstance(moment, Rejected) or event.extra is not msgspec.UNSET:
        return None
    event.occurred_at = moment
    return event


def _check_meaning(event: TicketEvent) -> Rejected | None:
    if event.type in ("created", "message") and not (event.text or event.subject or event.attachments):
        return Rejected(Reason.EMPTY, "text", f"empty: a {event.type} event needs a text, a subject or an attachment")
    if event.type == "status_changed" and event.status is None:
        return Rejected(Reason.INVALID, "status", f"required for a status_changed event: {' | '.join(STATUSES)}")
    if event.type == "rated" and event.satisfaction is None:
        return Rejected(Reason.INVALID, "satisfaction", "required for a rated event: a whole number from 1 to 5")
    return None


def _read_time(value: object) -> datetime | Rejected:
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, str):
            moment = msgspec.convert(value, datetime)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if abs(value) > MILLISECONDS_ABOVE else value
            moment = datetime.fromtimestamp(seconds, UTC)
        else:
            return Rejected(Reason.TIME, "occurred_at", f"{_json_kind(value)} is no time; {_TIME_WANTED}")
    except (msgspec.ValidationError, ValueError, OverflowError, OSError):
        return Rejected(Reason.TIME, "occurred_at", f"{_quoted(value)} is no time; {_TIME_WANTED}")
    if moment.tzinfo is None:
        return Rejected(Reason.TIME, "occurred_at", f"{_quoted(value)} has no UTC offset; {_TIME_WANTED}")
    if not EARLIEST <= moment < LATEST:
        return Rejected(Reason.TIME, "occurred_at", f"{_quoted(value)} is outside 1970 to 2099")
    return _whole_milliseconds(moment if moment.tzinfo is UTC else moment.astimezone(UTC))


# Neither an address nor several words.
_SHOWN = re.compile(r"[\w.:+/-]{1,40}")
_TIME_WANTED = "wanted: RFC 3339 with an offset (2026-11-21T09:30:00Z) or a Unix epoch in seconds or milliseconds"


def _whole_milliseconds(moment: datetime) -> datetime:
    beyond = moment.microsecond % 1000
    return moment.replace(microsecond=moment.microsecond - beyond) if beyond else moment


def _explain(error: msgspec.ValidationError, fields: dict[str, Any]) -> Rejected:
    """Turn msgspec's "… - at `$.channel`" into the field's name, what it held and what is allowed."""
    wanted, _, path = str(error).partition(" - at `$")
    field = path.rstrip("`").lstrip(".") or "value"
    name = field.split(".")[0].split("[")[0]
    allowed = _ALLOWED.get(name)
    if allowed and isinstance(fields.get(name), str):
        reason = Reason.UNKNOWN_TYPE if name == "type" else Reason.INVALID
        return Rejected(reason, field, f"{_quoted(fields[name])} is not one of {' | '.join(allowed)}")
    return Rejected(Reason.INVALID, field, wanted[:1].lower() + wanted[1:])


_ALLOWED = {"type": EVENT_TYPES, "channel": CHANNELS, "status": STATUSES, "priority": PRIORITIES}


def _quoted(value: object) -> str:
    """A word or a number as it is. Anything else could be a customer's, put into the wrong field, and is not shown."""
    shown = str(value)
    return repr(value) if _SHOWN.fullmatch(shown) else f"a text of {len(shown)} characters"


def _json_kind(value: object) -> str:
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")

"""Reading events: what comes back is what was sent, and what is no event says why."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import (
    CHANNELS,
    EARLIEST,
    EVENT_TYPES,
    LATEST,
    MAX_EVENT_BYTES,
    PRIORITIES,
    STATUSES,
    TicketEvent,
    event_from,
    read_event,
    ticket_key,
)
from schemas.rejections import Reason, Rejected
from schemas.scored import encode_event

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
GOOD: dict[str, Any] = {"event_id": "e", "ticket_id": "t", "text": "x"}


def rejected(value: bytes | None) -> Rejected:
    read = read_event(value, NOW)
    assert isinstance(read, Rejected), read
    assert read.field
    assert read.message
    assert str(read) == f"{read.field}: {read.message}"
    return read


def rejected_fields(**fields: Any) -> Rejected:
    return rejected(msgspec.json.encode(GOOD | fields))


def accepted(**fields: Any) -> TicketEvent:
    read = event_from(GOOD | fields, NOW)
    assert isinstance(read, TicketEvent), read
    return read


def test_a_tombstone_carries_no_event() -> None:
    assert rejected(None).reason == Reason.TOMBSTONE


@pytest.mark.parametrize("value", [b"", b" ", b"{", b"complaint", b"\xff\xfe", b'{"event_id": "\xff"}', b"[" * 100_000])
def test_not_json(value: bytes) -> None:
    assert rejected(value).reason == Reason.NOT_JSON


@pytest.mark.parametrize(
    ("value", "kind"),
    [(b"[]", "an array"), (b'"e"', "a string"), (b"1", "a number"), (b"null", "null"), (b"true", "true or false")],
)
def test_not_an_object(value: bytes, kind: str) -> None:
    read = rejected(value)
    assert read.reason == Reason.NOT_AN_OBJECT
    assert kind in read.message


@pytest.mark.parametrize("field", ["event_id", "ticket_id"])
@pytest.mark.parametrize("value", [None, ""])
def test_no_id(field: str, value: object) -> None:
    read = rejected_fields(**{field: value})
    assert (read.reason, read.field) == (Reason.NO_ID, field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", 7),
        ("event_id", "x" * 257),
        ("ticket_id", ["t"]),
        ("tenant", "a/b"),
        ("tenant", ""),
        ("tenant", "x" * 65),
        ("channel", "fax"),
        ("channel", 1),
        ("status", "lost"),
        ("priority", "critical"),
        ("satisfaction", 0),
        ("satisfaction", 6),
        ("satisfaction", 4.5),
        ("satisfaction", "5"),
        ("text", 5),
        ("text", {"html": "x"}),
        ("metadata", []),
        ("attachments", "photo.jpg"),
        ("customer_id", 5),
    ],
)
def test_a_wrong_value_names_its_field(field: str, value: object) -> None:
    read = rejected_fields(**{field: value})
    assert (read.reason, read.field) == (Reason.INVALID, field)


@pytest.mark.parametrize(
    ("field", "allowed"), [("channel", CHANNELS), ("status", STATUSES), ("priority", PRIORITIES), ("type", EVENT_TYPES)]
)
def test_a_wrong_choice_says_what_is_allowed(field: str, allowed: tuple[str, ...]) -> None:
    message = rejected_fields(**{field: "fax"}).message
    assert "'fax'" in message
    assert all(choice in message for choice in allowed)


def test_an_unknown_type() -> None:
    read = rejected_fields(type="exploded")
    assert (read.reason, read.field) == (Reason.UNKNOWN_TYPE, "type")


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        None,
        True,
        [],
        {},
        "2026-11-21",
        "2026-11-21T09:30:00",
        "2026-13-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        -1,
        10**18,
        10**400,
    ],
)
def test_a_time_that_is_none(value: object) -> None:
    body = b'{"event_id":"e","ticket_id":"t","text":"x","occurred_at":%s}' % (
        str(value).encode() if isinstance(value, int) and not isinstance(value, bool) else msgspec.json.encode(value)
    )
    read = rejected(body)
    assert (read.reason, read.field) == (Reason.TIME, "occurred_at")


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-21T09:30:00Z",
        "2026-11-21T10:30:00+01:00",
        "2026-11-21 09:30:00Z",
        1795253400,
        1795253400.0,
        1795253400000,
    ],
)
def test_a_time_by_any_of_its_spellings(value: object) -> None:
    assert accepted(occurred_at=value).occurred_at == NOW


@given(
    st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None) - timedelta(days=1)), st.integers(-23, 23)
)
def test_a_time_is_utc_in_whole_milliseconds(moment: datetime, hours: int) -> None:
    there = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
    read = accepted(occurred_at=there.isoformat()).occurred_at
    assert read.utcoffset() == timedelta(0)
    assert read.microsecond % 1000 == 0
    assert timedelta(0) <= there - read < timedelta(milliseconds=1)


def test_an_event_without_a_time_happened_when_it_was_received() -> None:
    assert accepted().occurred_at == NOW


@pytest.mark.parametrize("event_type", ["created", "message"])
def test_an_empty_text(event_type: str) -> None:
    read = rejected_fields(type=event_type, text="")
    assert (read.reason, read.field) == (Reason.EMPTY, "text")
    assert accepted(type=event_type, text=None, subject="Refund").subject == "Refund"
    assert accepted(type=event_type, text="", attachments=["photo.jpg"]).attachments == ["photo.jpg"]


def test_what_a_type_needs() -> None:
    assert rejected_fields(type="rated").field == "satisfaction"
    assert rejected_fields(type="status_changed").field == "status"
    assert accepted(type="rated", satisfaction=5).satisfaction == 5
    assert accepted(type="status_changed", status="closed", text=None).status == "closed"


def test_a_megabyte_of_text_is_too_large_and_a_little_less_is_not() -> None:
    assert rejected_fields(text="x" * MAX_EVENT_BYTES).reason == Reason.TOO_LARGE
    assert len(accepted(text="x" * (MAX_EVENT_BYTES - 1000)).text or "") == MAX_EVENT_BYTES - 1000


def test_another_version_is_not_guessed_at() -> None:
    assert rejected_fields(schema_version=2).reason == Reason.VERSION
    assert accepted(schema_version=1).event_id == "e"


def test_reading_changes_nothing_of_the_callers() -> None:
    fields = GOOD | {"unknown": 1}
    event_from(fields, NOW)
    assert fields == GOOD | {"unknown": 1}


def test_no_two_tickets_share_a_key() -> None:
    assert ticket_key("a", "b/c") != ticket_key("a/b", "c") or rejected_fields(tenant="a/b")
    assert ticket_key("default", "ü") == "default/ü".encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
known_fields = {field.name for field in msgspec.structs.fields(TicketEvent)}
unknown = st.dictionaries(
    st.text().filter(lambda name: name not in known_fields - {"extra"} | {"schema_version"}), json_values, max_size=6
)
optional = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(CHANNELS),
        "status": st.sampled_from(STATUSES),
        "priority": st.sampled_from(PRIORITIES),
        "satisfaction": st.integers(1, 5),
        "subject": st.text(),
        "customer_id": st.text(),
        "tenant": st.from_regex(r"\A[A-Za-z0-9_.\-]{1,64}\Z"),
        "metadata": st.dictionaries(st.text(), json_values, max_size=3),
        "attachments": st.lists(st.text() | st.dictionaries(st.text(), json_values, max_size=2), max_size=3),
        "occurred_at": st.integers(0, 4_000_000_000),
    },
)


@given(unknown, optional, st.text(min_size=1, max_size=50), st.text(min_size=1))
def test_whatever_was_sent_survives(extra: dict[str, Any], fields: dict[str, Any], ticket_id: str, text: str) -> None:
    """Fields that are not ours come out again at the top level, ours as they were."""
    sent = {**extra, **fields, "event_id": "e", "ticket_id": ticket_id, "text": text}
    event = read_event(msgspec.json.encode(sent), NOW)
    assert isinstance(event, TicketEvent), event
    written = encode_event(event)
    seen = msgspec.json.decode(written)
    moment = fields.pop("occurred_at", None)
    sent.pop("occurred_at", None)
    assert {name: seen[name] for name in sent} == sent
    assert moment is None or event.occurred_at == datetime.fromtimestamp(moment, UTC)
    assert read_event(written, NOW) == event


@given(st.binary(max_size=200))
def test_no_bytes_raise(value: bytes) -> None:
    read = read_event(value, NOW)
    assert isinstance(read, TicketEvent | Rejected)


@given(st.dictionaries(st.sampled_from(sorted(known_fields)), json_values))
def test_no_object_raises(fields: dict[str, Any]) -> None:
    read = read_event(msgspec.json.encode(GOOD | fields), NOW)
    assert isinstance(read, TicketEvent | Rejected)

"""CloudEvents, binary and structured, as Kafka and HTTP carry them."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevents import STRUCTURED, event_from_envelope, read_message, text_headers
from schemas.events import MAX_EVENT_BYTES, TicketEvent
from schemas.rejections import Reason, Rejected

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ENVELOPE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "ce-1",
    "source": "/crm",
    "type": "ticketpulse.ticket.agent_reply.v1",
    "time": "2026-11-20T08:00:00Z",
}
DATA = {"ticket_id": "t", "text": "Hello"}
TIME = datetime(2026, 11, 20, 8, tzinfo=UTC)


def binary(data: object = DATA, prefix: str = "ce_", **attributes: str) -> TicketEvent | Rejected:
    headers = {f"{prefix}{name}": text for name, text in (ENVELOPE | attributes).items()}
    return read_message(msgspec.json.encode(data), headers, NOW)


def structured(envelope: object) -> TicketEvent | Rejected:
    return read_message(msgspec.json.encode(envelope), {"content-type": f"{STRUCTURED}; charset=utf-8"}, NOW)


@pytest.mark.parametrize("prefix", ["ce_", "ce-"])
def test_binary(prefix: str) -> None:
    event = binary(prefix=prefix)
    assert isinstance(event, TicketEvent)
    assert (event.event_id, event.type, event.occurred_at) == ("ce-1", "agent_reply", TIME)


def test_structured() -> None:
    event = structured(ENVELOPE | {"data": DATA})
    assert isinstance(event, TicketEvent)
    assert (event.event_id, event.type, event.occurred_at) == ("ce-1", "agent_reply", TIME)


def test_the_datas_own_fields_win_over_the_envelopes() -> None:
    event = structured(
        ENVELOPE | {"data": DATA | {"event_id": "own", "type": "message", "occurred_at": NOW.isoformat()}}
    )
    assert isinstance(event, TicketEvent)
    assert (event.event_id, event.type, event.occurred_at) == ("own", "message", NOW)


def test_a_type_of_somebody_elses_leaves_the_default() -> None:
    event = binary(type="com.example.ticket")
    assert isinstance(event, TicketEvent)
    assert event.type == "message"


def test_headers_that_are_no_cloudevent() -> None:
    plain = msgspec.json.encode(DATA | {"event_id": "e"})
    for headers in ({}, {"traceparent": "00-1"}, {"content-type": "application/json"}, {"ce_id": "1"}):
        event = read_message(plain, headers, NOW)
        assert isinstance(event, TicketEvent)
        assert event.event_id == "e"


@pytest.mark.parametrize(
    ("envelope", "reason", "field"),
    [
        ([], Reason.ENVELOPE, "value"),
        ("x", Reason.ENVELOPE, "value"),
        (ENVELOPE, Reason.ENVELOPE, "data"),
        (ENVELOPE | {"data": None}, Reason.ENVELOPE, "data"),
        (ENVELOPE | {"data": [1]}, Reason.NOT_AN_OBJECT, "data"),
        ({"data": DATA}, Reason.VERSION, "specversion"),
        (ENVELOPE | {"specversion": "2.0", "data": DATA}, Reason.VERSION, "specversion"),
        (ENVELOPE | {"type": "ticketpulse.ticket.message.v2", "data": DATA}, Reason.VERSION, "type"),
        (ENVELOPE | {"type": "ticketpulse.ticket.exploded.v1", "data": DATA}, Reason.UNKNOWN_TYPE, "type"),
        (ENVELOPE | {"time": "noon", "data": DATA}, Reason.TIME, "occurred_at"),
        (ENVELOPE | {"data": {"text": "x"}}, Reason.NO_ID, "ticket_id"),
    ],
)
def test_what_is_wrong_is_named(envelope: object, reason: Reason, field: str) -> None:
    read = structured(envelope)
    assert isinstance(read, Rejected)
    assert (read.reason, read.field) == (reason, field)


def test_leading_zeros_are_no_other_version() -> None:
    assert isinstance(binary(type="ticketpulse.ticket.message.v01"), TicketEvent)


@pytest.mark.parametrize("version", ["0", "10", "9" * 4_301, "9" * 500_000, "0" * 5_000, "\u0661", "\uff11"])
def test_a_version_of_any_digits_is_one_that_is_not_read(version: str) -> None:
    kind = f"ticketpulse.ticket.message.v{version}"
    for read in (
        binary(type=kind),
        binary(type=kind, prefix="ce-"),
        structured(ENVELOPE | {"type": kind, "data": DATA}),
    ):
        assert isinstance(read, Rejected)
        assert (read.reason, read.field) == (Reason.VERSION, "type")
        assert "this pipeline reads .v1" in read.message
        assert len(read.message) < 200


def test_an_attribute_that_is_null_is_not_there() -> None:
    read = structured(ENVELOPE | {"id": None, "data": DATA})
    assert isinstance(read, Rejected)
    assert (read.reason, read.field) == (Reason.NO_ID, "event_id")
    event = structured(ENVELOPE | {"time": None, "data": DATA})
    assert isinstance(event, TicketEvent)
    assert event.occurred_at == NOW


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"[" * 100_000])
def test_data_that_is_not_json(value: bytes) -> None:
    for headers in ({"content-type": STRUCTURED}, {"ce_specversion": "1.0", "ce_id": "1"}):
        read = read_message(value, headers, NOW)
        assert isinstance(read, Rejected)
        assert read.reason == Reason.NOT_JSON


@pytest.mark.parametrize("headers", [{"content-type": STRUCTURED}, {"ce_specversion": "1.0", "ce_id": "1"}])
def test_a_tombstone_and_a_megabyte_in_every_mode(headers: dict[str, str]) -> None:
    for value, reason in ((None, Reason.TOMBSTONE), (b'"%s"' % (b"x" * MAX_EVENT_BYTES), Reason.TOO_LARGE)):
        read = read_message(value, headers, NOW)
        assert isinstance(read, Rejected)
        assert read.reason == reason


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.integers()), max_size=6))
def test_no_envelope_raises(envelope: dict[str, Any]) -> None:
    read = event_from_envelope(ENVELOPE | {"data": DATA} | envelope, NOW)
    assert isinstance(read, TicketEvent | Rejected)


def test_a_header_without_a_value_is_as_none() -> None:
    null: Any = None
    assert text_headers([("Ce_Id", b"1"), ("ce_source", null)]) == {"ce_id": "1"}

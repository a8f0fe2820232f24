"""The gateway over HTTP, its log replaced by one in memory that can be away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from schemas.events import MAX_EVENT_BYTES, TicketEvent, read_event
from streams.gateway.app import EVENTS_PATH, create_app
from streams.gateway.reading import BATCH, Limits
from streams.gateway.writer import Headers, NotAcknowledged

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LIMITS = Limits(body_bytes=3 * MAX_EVENT_BYTES, events=5)


class MemoryWriter:
    """Keeps `EventWriter` in a list. `away` refuses, `slow` holds acknowledgements back until it is set."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, bytes]] = []
        self.away = False
        self.running = False
        self.acknowledge = asyncio.Event()
        self.acknowledge.set()
        self.received = asyncio.Event()

    async def start(self) -> None:
        self.running = True

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        if self.away:
            raise NotAcknowledged("no broker answers")
        self.records.append((key, value))
        self.received.set()
        await self.acknowledge.wait()

    async def ready(self) -> bool:
        return not self.away

    async def stop(self) -> None:
        self.running = False

    def events(self) -> list[TicketEvent]:
        read = [read_event(value, NOW) for _, value in self.records]
        return [event for event in read if isinstance(event, TicketEvent)]


@pytest.fixture
def writer() -> MemoryWriter:
    return MemoryWriter()


@pytest.fixture
def app(writer: MemoryWriter) -> FastAPI:
    return create_app(writer, limits=LIMITS, clock=lambda: NOW)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def event(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"event_id": f"e{number}", "ticket_id": "t1", "text": "Where is my refund?"} | fields


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


async def test_one_event_is_accepted_with_its_id(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    answer = await http.post(EVENTS_PATH, json=event(tenant="acme", channel="chat"))
    assert answer.status_code == 202
    assert answer.json() == {"accepted": ["e1"]}
    assert writer.records[0][0] == b"acme/t1"
    assert writer.events()[0].channel == "chat"


async def test_a_list_is_written_in_order_and_answers_in_order(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    answer = await http.post(EVENTS_PATH, json=[event(n) for n in (3, 1, 2)])
    assert answer.json() == {"accepted": ["e3", "e1", "e2"]}
    assert [written.event_id for written in writer.events()] == ["e3", "e1", "e2"]


async def test_fields_that_are_not_ours_reach_the_log(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    await http.post(EVENTS_PATH, json=event(order={"lines": [1, 2]}))
    assert msgspec.json.decode(writer.records[0][1])["order"] == {"lines": [1, 2]}


async def test_an_event_without_a_time_happened_when_it_came(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    await http.post(EVENTS_PATH, json=event())
    assert writer.events()[0].occurred_at == NOW


async def test_the_answer_waits_for_the_acknowledgement(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    writer.acknowledge.clear()
    answer = asyncio.create_task(http.post(EVENTS_PATH, json=event()))
    await writer.received.wait()
    assert not answer.done()
    writer.acknowledge.set()
    assert (await answer).status_code == 202


CLOUD = {"specversion": "1.0", "id": "ce1", "source": "/crm", "type": "ticketpulse.ticket.message.v1"}


async def test_a_structured_cloudevent(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    envelope = CLOUD | {"time": "2026-11-20T08:00:00Z", "data": {"ticket_id": "t9", "text": "Hello"}}
    answer = await http.post(
        EVENTS_PATH, content=msgspec.json.encode(envelope), headers={"content-type": "application/cloudevents+json"}
    )
    assert answer.json() == {"accepted": ["ce1"]}
    assert writer.events()[0].occurred_at == datetime(2026, 11, 20, 8, tzinfo=UTC)


async def test_a_binary_cloudevent(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    headers = {f"ce-{name}": text for name, text in CLOUD.items()} | {"ce-id": "a%20b"}
    answer = await http.post(EVENTS_PATH, json={"ticket_id": "t9", "text": "Hello"}, headers=headers)
    assert answer.json() == {"accepted": ["a b"]}
    assert writer.events()[0].type == "message"


async def test_a_batch_of_cloudevents(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    batch = [CLOUD | {"id": f"b{n}", "data": {"ticket_id": "t9", "text": "Hello"}} for n in range(3)]
    answer = await http.post(EVENTS_PATH, content=msgspec.json.encode(batch), headers={"content-type": BATCH})
    assert answer.json() == {"accepted": ["b0", "b1", "b2"]}
    assert len(writer.records) == 3


BAD = [
    (b"", "value", "not_json"),
    (b"complaint", "value", "not_json"),
    (b'{"event_id": "e1", "text": "\xff"}', "value", "not_json"),
    (b"[" * 4000 + b"]" * 4000, "value", "not_json"),
    (b'{"a":' * 4000 + b"1" + b"}" * 4000, "value", "not_json"),
    (b'"complaint"', "value", "not_an_object"),
    (b"null", "value", "not_an_object"),
    (b"17", "value", "not_an_object"),
    (b'{"ticket_id": "t", "text": "x"}', "event_id", "no_id"),
    (b'{"event_id": "e", "text": "x"}', "ticket_id", "no_id"),
    (b'{"event_id": 7, "ticket_id": "t", "text": "x"}', "event_id", "invalid_field"),
    (b'{"event_id": "e", "ticket_id": "t", "text": ["x"]}', "text", "invalid_field"),
    (b'{"event_id": "e", "ticket_id": "t", "text": "x", "metadata": 1}', "metadata", "invalid_field"),
    (b'{"event_id": "e", "ticket_id": "t", "text": "x", "type": "exploded"}', "type", "unknown_type"),
    (b'{"event_id": "e", "ticket_id": "t", "text": "x", "channel": "fax"}', "channel", "invalid_field"),
    (b'{"event_id": "e", "ticket_id": "t", "text": "x", "occurred_at": "yesterday"}', "occurred_at", "bad_time"),
    (b'{"event_id": "e", "ticket_id": "t", "text": "x", "occurred_at": null}', "occurred_at", "bad_time"),
    (b'{"event_id": "e", "ticket_id": "t", "text": ""}', "text", "empty"),
    (b'{"event_id": "e", "ticket_id": "t", "type": "rated"}', "satisfaction", "invalid_field"),
]


@pytest.mark.parametrize(("body", "field", "reason"), BAD)
async def test_a_bad_event_is_a_400_that_names_the_field(
    http: httpx.AsyncClient, writer: MemoryWriter, body: bytes, field: str, reason: str
) -> None:
    answer = await http.post(EVENTS_PATH, content=body, headers={"content-type": "application/json"})
    said = problem(answer, 400)
    assert [(error["field"], error["reason"]) for error in said["errors"]] == [(field, reason)]
    assert field in said["detail"]
    assert writer.records == []


@pytest.mark.parametrize(("body", "field", "reason"), [bad for bad in BAD if bad[0] and bad[2] != "not_json"])
async def test_one_bad_event_of_a_list_and_none_is_written(
    http: httpx.AsyncClient, writer: MemoryWriter, body: bytes, field: str, reason: str
) -> None:
    good = msgspec.json.encode(event())
    said = problem(await _post(http, b"[%s, %s, %s]" % (good, body, good)), 400)
    assert [(error["index"], error["field"], error["reason"]) for error in said["errors"]] == [(1, field, reason)]
    assert "none was accepted" in said["detail"]
    assert writer.records == []


async def _post(http: httpx.AsyncClient, body: bytes, content_type: str = "application/json") -> httpx.Response:
    return await http.post(EVENTS_PATH, content=body, headers={"content-type": content_type})


async def test_every_bad_event_of_a_list_is_named(http: httpx.AsyncClient) -> None:
    said = problem(await http.post(EVENTS_PATH, json=[event(), event(channel="fax"), event(text=""), 4]), 400)
    assert [(error["index"], error["field"]) for error in said["errors"]] == [(1, "channel"), (2, "text"), (3, "value")]


async def test_no_more_than_twenty_bad_events_are_named(writer: MemoryWriter) -> None:
    transport = httpx.ASGITransport(create_app(writer))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        said = problem(await http.post(EVENTS_PATH, json=[{}] * 500), 400)
    assert len(said["errors"]) == 20
    assert said["bad"] == 500


async def test_an_empty_list_is_refused(http: httpx.AsyncClient) -> None:
    assert "at least one" in problem(await http.post(EVENTS_PATH, json=[]), 400)["detail"]


async def test_too_many_events(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    said = problem(await http.post(EVENTS_PATH, json=[event(n) for n in range(6)]), 413)
    assert said["limit"] == 5
    assert writer.records == []


async def test_a_megabyte_of_text_is_too_large(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    said = problem(await http.post(EVENTS_PATH, json=event(text="x" * MAX_EVENT_BYTES)), 413)
    assert said["limit"] == MAX_EVENT_BYTES
    assert writer.records == []


async def test_a_large_event_in_a_list_is_named_by_its_index(http: httpx.AsyncClient) -> None:
    said = problem(await http.post(EVENTS_PATH, json=[event(), event(2, text="x" * MAX_EVENT_BYTES)]), 413)
    assert [error["index"] for error in said["errors"]] == [1]


async def test_what_is_accepted_can_be_read_by_the_pipeline(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    """The written event carries its defaults and is larger than what came: it must still be within the limit."""
    bare = len(msgspec.json.encode(event(text="")))
    answer = await http.post(EVENTS_PATH, json=event(text="x" * (MAX_EVENT_BYTES - bare - 20)))
    assert problem(answer, 413)["limit"] == MAX_EVENT_BYTES
    assert (await http.post(EVENTS_PATH, json=event(text="x" * (MAX_EVENT_BYTES - bare - 2000)))).status_code == 202
    assert len(writer.events()) == 1


async def test_a_body_is_read_no_further_than_its_limit(http: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * MAX_EVENT_BYTES:
            sent += MAX_EVENT_BYTES
            yield b" " * MAX_EVENT_BYTES

    answer = await http.post(EVENTS_PATH, content=endless(), headers={"content-type": "application/json"})
    assert problem(answer, 413)["limit"] == LIMITS.body_bytes
    assert sent <= 5 * MAX_EVENT_BYTES


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": "application/cloudevents+json", "ce-specversion": "1.0"},
    ],
)
async def test_what_is_not_read_here_is_a_415(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await http.post(EVENTS_PATH, content=msgspec.json.encode(event()), headers=headers)
    problem(answer, 415)
    assert "application/json" in answer.headers["accept"]


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8", None])
async def test_json_by_any_of_its_names(http: httpx.AsyncClient, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    answer = await http.post(EVENTS_PATH, content=msgspec.json.encode(event()), headers=headers)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("content_type", "body", "field"),
    [
        ("application/cloudevents+json", {"specversion": "0.3", "data": event()}, "specversion"),
        ("application/cloudevents+json", CLOUD, "data"),
        ("application/cloudevents+json", CLOUD | {"type": "ticketpulse.ticket.message.v9", "data": event()}, "type"),
        (BATCH, [CLOUD | {"data": [1]}], "data"),
    ],
)
async def test_a_bad_cloudevent(http: httpx.AsyncClient, content_type: str, body: object, field: str) -> None:
    said = problem(await _post(http, msgspec.json.encode(body), content_type), 400)
    assert said["errors"][0]["field"] == field


@pytest.mark.parametrize(("content_type", "body"), [(BATCH, b"{}"), ("application/cloudevents+json", b"[{}]")])
async def test_a_list_where_one_is_wanted_and_the_reverse(
    http: httpx.AsyncClient, content_type: str, body: bytes
) -> None:
    problem(await _post(http, body, content_type), 400)


async def test_while_the_log_is_away_the_answer_is_503(http: httpx.AsyncClient, writer: MemoryWriter) -> None:
    writer.away = True
    answer = await http.post(EVENTS_PATH, json=[event(1), event(2)])
    said = problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert "counted once" in said["detail"]
    assert "accepted" not in said
    problem(await http.get("/readyz"), 503)
    assert (await http.get("/healthz")).status_code == 200
    writer.away = False
    assert (await http.post(EVENTS_PATH, json=event())).status_code == 202
    assert (await http.get("/readyz")).json() == {"status": "ready"}


async def test_a_failure_of_the_gateway_is_a_problem_too(app: FastAPI, writer: MemoryWriter) -> None:
    class Broken(MemoryWriter):
        async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
            raise RuntimeError("disk on fire at /secret")

    transport = httpx.ASGITransport(create_app(Broken()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        assert "secret" not in problem(await http.post(EVENTS_PATH, json=event()), 500)["detail"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", EVENTS_PATH, 405), ("POST", "/events", 404)])
async def test_a_wrong_address_says_the_right_one(http: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    assert EVENTS_PATH in problem(await http.request(method, path), status)["detail"]


async def test_metrics_count_events_by_outcome(http: httpx.AsyncClient) -> None:
    async def counted(outcome: str) -> float:
        lines = (await http.get("/metrics")).text.splitlines()
        name = f'helpdesk_gateway_events_total{{outcome="{outcome}"}}'
        return sum(float(line.split()[1]) for line in lines if line.startswith(name))

    accepted, rejected = await counted("accepted"), await counted("rejected")
    await http.post(EVENTS_PATH, json=[event(1), event(2)])
    await http.post(EVENTS_PATH, json=[event(1), event(2, channel="fax")])
    assert await counted("accepted") == accepted + 2
    assert await counted("rejected") == rejected + 1


async def test_the_writer_runs_as_long_as_the_application(app: FastAPI, writer: MemoryWriter) -> None:
    async with app.router.lifespan_context(app):
        assert writer.running
    assert not writer.running


async def test_the_interface_describes_itself(http: httpx.AsyncClient) -> None:
    described = (await http.get("/api/v1/openapi.json")).json()
    content: Sequence[str] = described["paths"][EVENTS_PATH]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/cloudevents+json", BATCH}

"""The layer before both applications: rights, tenants, sessions, limits, and what is written down."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi.responses import StreamingResponse
from prometheus_client import REGISTRY
from starlette.types import Message

from schemas.events import TicketEvent
from schemas.scored import encode_event
from sinks.access.gate import Gate
from sinks.access.layer import AccessLayer
from sinks.access.limits import Rates
from sinks.access.principals import Role
from sinks.access.sessions import MOST_OF_A_TOKEN, Sessions
from sinks.access.token_file import LOOK_SECONDS
from sinks.dashboard.app import create_page
from sinks.record_writer import Headers, NotAcknowledged
from streams import topics
from streams.access import gate_of
from streams.config import Settings
from streams.engine.local import LocalWriter
from tests.access.doors import BEGAN, Doors, Reached, asking, bearer, nowhere, token, write
from tests.logged import ours

EVENT = {"event_id": "e-1", "ticket_id": "T-1", "text": "Where is it?"}
CORRECTION = {"ticket_id": "T-1", "event_id": "e-1", "field": "label", "old": "negative", "new": "neutral"}
ORIGIN = {"Origin": "http://here"}
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is warned of


@pytest.fixture
def doors(tmp_path: Path) -> Doors:
    return Doors(tmp_path)


@pytest.fixture
async def page(doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(doors.page) as client:
        yield client


@pytest.fixture
async def gateway(doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(doors.gateway) as client:
        yield client


# Which roles are let through: what lies behind answers 503 then, because there is no database.
ALLOWED = [
    ("GET", "/api/v1/live", {Role.READ, Role.ACT, Role.ADMIN}),
    ("GET", "/api/v1/conversations/T-1", {Role.READ, Role.ACT, Role.ADMIN}),
    ("POST", "/api/v1/corrections", {Role.ACT, Role.ADMIN}),
    ("GET", "/api/v1/audit", {Role.ADMIN}),
]


@pytest.mark.parametrize(("method", "path", "roles"), ALLOWED)
async def test_a_role_opens_what_it_is_for(
    doors: Doors, page: httpx.AsyncClient, method: str, path: str, roles: set[Role]
) -> None:
    body = CORRECTION if method == "POST" else None
    for role in Role:
        answer = await page.request(method, path, json=body, headers=doors.bearer(role))
        assert answer.status_code == (503 if role in roles else 403), role
        assert answer.headers["content-type"] == "application/problem+json"
    without = await page.request(method, path, json=body)
    assert (without.status_code, without.headers["www-authenticate"]) == (401, 'Bearer realm="ticketpulse"')
    wrong = await page.request(method, path, json=body, headers={"Authorization": "Bearer tp_0_x"})
    assert (wrong.status_code, 'error="invalid_token"' in wrong.headers["www-authenticate"]) == (401, True)


async def test_machines_and_the_page_itself_need_no_token(page: httpx.AsyncClient, gateway: httpx.AsyncClient) -> None:
    for path in ("/", "/static/main.js", "/healthz", "/api/v1/openapi.json"):
        assert (await page.get(path)).status_code == 200, path
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await gateway.get(path)).status_code == 200, path
    # Theirs are other secrets.
    assert (await gateway.post("/api/v1/webhooks/zendesk", json={})).status_code == 503
    assert (await gateway.post("/api/support/escalate", json={})).status_code == 503


async def test_every_answer_has_the_security_headers(
    doors: Doors, page: httpx.AsyncClient, gateway: httpx.AsyncClient
) -> None:
    @doors.page.get("/static-failure")
    async def failure() -> None:
        raise RuntimeError("on purpose")

    admin = doors.bearer(Role.ADMIN)
    answers = [
        await page.get("/"),
        await page.get("/api/v1/live"),
        await page.get("/nowhere", headers=admin),
        await page.get("/static-failure", headers=admin),
        await gateway.get("/healthz"),
        await gateway.post("/api/v1/events", json=EVENT),
        await gateway.post("/api/v1/events", json={}, headers=admin),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 404, 500, 200, 401, 400]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_without_tokens_everything_is_open(tmp_path: Path) -> None:
    doors = Doors(tmp_path)
    doors.page.user_middleware[0].kwargs["gate"] = Gate()
    async with asking(doors.page) as client:
        assert (await client.get("/api/v1/live")).status_code == 503
        assert (await client.post("/api/v1/corrections", json=CORRECTION)).status_code == 503
        # But not what another site makes a browser send.
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            assert (await client.post("/api/v1/corrections", json=CORRECTION, headers=headers)).status_code == 403


def test_who_listens_to_strangers_without_tokens_is_warned(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    audit = LocalWriter(Doors(tmp_path).log, topics.AUDIT)
    for host in ("127.0.0.1", "::1", "localhost"):
        gate_of(Settings(host=host), audit)
    assert gate_of(Settings(host=EVERYWHERE, tokens=tmp_path / "tokens.toml"), audit).is_open is False
    assert ours(caplog) == []
    assert gate_of(Settings(host=EVERYWHERE), audit).is_open
    assert "TICKETPULSE_TOKENS" in caplog.text


# Tenants


async def sent(layer: AccessLayer, reached: Reached, query: bytes, headers: dict[str, str]) -> bytes | int:
    """The parameters that an application gets, or the status of a refusal."""
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    before = len(reached.scopes)
    scope = {"type": "http", "method": "GET", "path": "/api/v1/live", "query_string": query, "headers": raw}
    await layer({**scope, "scheme": "http", "client": ("127.0.0.1", 1)}, receive, send)
    if len(reached.scopes) == before:
        return int(messages[0]["status"])
    return bytes(reached.scopes[-1]["query_string"])


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (b"", b"tenant=acme"),
        (b"minutes=5&channel=a%26b&channel=c", b"minutes=5&channel=a%26b&channel=c&tenant=acme"),
        (b"tenant=acme&minutes=5", b"tenant=acme&minutes=5"),
        (b"tenant=%61cme", b"tenant=%61cme"),
        (b"tenant=other", 403),
        (b"tenant=", 403),
        (b"tenant=acme&tenant=other", 403),
        (b"tenant=other&tenant=acme", 403),
        (b"%74enant=other", 403),
        (b"tenant=default", 403),
        # A router reads it so, too.
        (b"minutes=5;tenant=other", b"minutes=5%3Btenant%3Dother&tenant=acme"),
        (b"Tenant=other", b"Tenant=other&tenant=acme"),
    ],
)
async def test_a_tokens_tenant_is_the_requests(doors: Doors, query: bytes, wanted: bytes | int) -> None:
    reached = Reached()
    layer = AccessLayer(reached, doors.gate, browsers=True)
    assert await sent(layer, reached, query, doors.bearer(Role.READ, acme=True)) == wanted
    # A token of all tenants may name any.
    assert await sent(layer, reached, query, doors.bearer(Role.READ)) == query


def stored_events(doors: Doors) -> list[dict[str, Any]]:
    slots = doors.log.slots([topics.EVENTS])
    records = [record for slot in slots for record in doors.log.read(slot, 0, 1_000, 1 << 20)]
    return [msgspec.json.decode(record.value or b"") for record in sorted(records, key=lambda each: each.timestamp)]


ENVELOPE = {"specversion": "1.0", "id": "e-1", "source": "shop", "type": "message"}
BODIES: list[tuple[str, Callable[[dict[str, str]], Any]]] = [
    ("application/json", lambda event: event),
    ("application/json", lambda event: [event, event]),
    ("application/cloudevents+json", lambda event: {**ENVELOPE, "data": event}),
    ("application/cloudevents-batch+json", lambda event: [{**ENVELOPE, "data": event}]),
]


@pytest.mark.parametrize("kind", range(len(BODIES)))
async def test_events_are_of_the_tokens_tenant(doors: Doors, gateway: httpx.AsyncClient, kind: int) -> None:
    media_type, wrap = BODIES[kind]
    headers = {**doors.bearer(Role.INGEST, acme=True), "Content-Type": media_type}

    async def post(event: dict[str, str]) -> httpx.Response:
        return await gateway.post("/api/v1/events", content=msgspec.json.encode(wrap(event)), headers=headers)

    assert (await post(EVENT)).status_code == 202
    assert (await post({**EVENT, "tenant": "acme"})).status_code == 202
    # Fields that are not listed are read by another way.
    assert (await post({**EVENT, "mood": "grim"})).status_code == 202
    for other in ("default", "other"):
        refused = await post({**EVENT, "tenant": other})
        assert refused.status_code == 403
        assert refused.json()["errors"][0]["field"] == "tenant"
    assert {event["tenant"] for event in stored_events(doors)} == {"acme"}


async def test_a_binary_cloudevent_and_the_other_interfaces_are_of_the_tokens_tenant(
    doors: Doors, gateway: httpx.AsyncClient
) -> None:
    headers = doors.bearer(Role.INGEST, acme=True)
    binary = {**headers, "ce-specversion": "1.0", "ce-id": "e-9", "ce-type": "message", "ce-source": "shop"}
    assert (await gateway.post("/api/v1/events", json=EVENT, headers=binary)).status_code == 202
    other = await gateway.post("/api/v1/events", json={**EVENT, "tenant": "other"}, headers=binary)
    assert other.status_code == 403
    said = {"session_id": "s-1", "message": "Hello"}
    assert (await gateway.post("/api/chat/messages", json=said, headers=headers)).status_code == 202
    incident = {"customer_id": "c-1", "message": "My account is locked."}
    assert (await gateway.post("/api/incidents", json=incident, headers=headers)).status_code == 201
    refused = await gateway.post("/api/incidents?tenant=other", json=incident, headers=headers)
    assert refused.status_code == 403
    assert [event["tenant"] for event in stored_events(doors)] == ["acme"] * 3


async def test_a_token_of_all_tenants_sends_events_of_any(doors: Doors, gateway: httpx.AsyncClient) -> None:
    for event in (EVENT, {**EVENT, "tenant": "other"}):
        assert (await gateway.post("/api/v1/events", json=event, headers=doors.bearer(Role.INGEST))).status_code == 202
    assert [event["tenant"] for event in stored_events(doors)] == ["default", "other"]
    plain = TicketEvent(event_id="e-1", ticket_id="T-1", text="x", occurred_at=BEGAN)
    assert b'"tenant":"default"' in encode_event(plain)


# Sessions


async def sign_in(
    doors: Doors, client: httpx.AsyncClient, role: Role = Role.ACT, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await client.post("/api/v1/session", json={"token": doors.made[role].text}, headers=headers)


async def test_a_browser_signs_in_and_out(doors: Doors, page: httpx.AsyncClient) -> None:
    assert (await page.get("/api/v1/session")).status_code == 401
    answer = await sign_in(doors, page, headers=ORIGIN)
    assert answer.status_code == 200
    assert answer.json()["ends_at"] == "2026-03-05T01:00:00Z"
    cookie = answer.headers["set-cookie"]
    for wanted in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
        assert wanted in cookie
    assert "Secure" not in cookie
    assert doors.made[Role.ACT].text not in cookie
    assert doors.made[Role.ACT].stored.id not in cookie
    who = (await page.get("/api/v1/session")).json()
    assert (who["name"], who["roles"], who["rights"]) == ("act", ["act"], ["read", "act"])
    assert (who["tenants"], who["open"], who["ends_at"]) == (None, False, None)
    assert (await page.get("/api/v1/live")).status_code == 503
    assert (await page.get("/api/v1/audit")).status_code == 403
    held = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
    gone = await page.delete("/api/v1/session", headers=ORIGIN)
    assert (gone.status_code, "Max-Age=0" in gone.headers["set-cookie"]) == (204, True)
    # Also for who has kept it.
    assert (await page.get("/api/v1/live", headers={"Cookie": held})).status_code == 401


async def endless(part: bytes = b" " * 65_536) -> AsyncIterator[bytes]:
    while True:
        yield part


async def test_a_body_without_an_end_is_not_read_to_its_end(doors: Doors, page: httpx.AsyncClient) -> None:
    for path, who, most in (
        # Of anybody, before it is known who asks.
        ("/api/v1/session", {}, "16,384"),
        ("/api/v1/corrections", doors.bearer(Role.ACT), "4,194,304"),
    ):
        headers = {**who, "Content-Type": "application/json"}
        answer = await page.post(path, content=endless(), headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert answer.json()["detail"] == f"the body is larger than {most} bytes"


async def test_over_https_the_cookie_is_of_this_host_alone(doors: Doors) -> None:
    async with asking(doors.page, "https://here") as client:
        answer = await sign_in(doors, client)
        assert answer.headers["set-cookie"].startswith("__Host-ticketpulse_session=")
        assert answer.headers["set-cookie"].endswith("; Secure")
        assert (await client.get("/api/v1/live")).status_code == 503


async def test_a_session_ends_with_its_time_and_with_its_token(doors: Doors, page: httpx.AsyncClient) -> None:
    await sign_in(doors, page)
    doors.time.pass_by(hours=11, minutes=59)
    assert (await page.get("/api/v1/session")).status_code == 200
    doors.time.pass_by(minutes=1)
    assert (await page.get("/api/v1/session")).status_code == 401
    page.cookies.clear()
    await sign_in(doors, page)
    doors.keep(doors.made[Role.READ])
    doors.time.pass_by(seconds=LOOK_SECONDS)
    assert (await page.get("/api/v1/session")).status_code == 401


async def test_a_session_is_of_its_tokens_tenant(doors: Doors, page: httpx.AsyncClient) -> None:
    made = doors.of_acme[Role.ACT]
    answer = await page.post("/api/v1/session", json={"token": made.text})
    assert answer.json()["tenants"] == ["acme"]
    assert (await page.get("/api/v1/live?tenant=other")).status_code == 403
    other = await page.post("/api/v1/corrections", json={**CORRECTION, "tenant": "other"}, headers=ORIGIN)
    assert other.status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://here"}, 503),
        ({"Sec-Fetch-Site": "same-origin"}, 503),
        ({}, 403),
        ({"Origin": "http://here.evil.example"}, 403),
        ({"Origin": "http://there"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "http://[here]"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://here"}, 403),
        ({"Origin": "http://here", "Content-Type": "text/plain"}, 415),
        ({"Origin": "http://here", "Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
    ids=str,
)
async def test_a_change_by_cookie_comes_from_the_page_itself(
    doors: Doors, page: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    await sign_in(doors, page)
    assert (await page.post("/api/v1/corrections", json=CORRECTION, headers=headers)).status_code == status


async def test_the_gateway_knows_no_cookies(doors: Doors, page: httpx.AsyncClient, gateway: httpx.AsyncClient) -> None:
    await sign_in(doors, page, Role.ADMIN)
    gateway.cookies.update(page.cookies)
    answer = await gateway.post("/api/v1/events", json=EVENT, headers=ORIGIN)
    assert answer.status_code == 401


@pytest.mark.parametrize("change", [None, {"tenant": "acme"}, {"roles": (Role.ACT,)}])
async def test_an_answer_that_goes_on_ends_when_its_token_is_gone_or_another(
    doors: Doors, change: dict[str, Any] | None
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        began.set()
        await go_on.wait()
        yield b"never"

    @doors.page.get("/api/v1/analytics/endless")
    async def endless() -> StreamingResponse:
        return StreamingResponse(parts())

    async with asking(doors.page) as client:
        asked = asyncio.create_task(client.get("/api/v1/analytics/endless", headers=doors.bearer(Role.READ)))
        await began.wait()
        stored = doors.made[Role.READ].stored
        write(doors.file, [] if change is None else [stored.model_copy(update=change)])
        doors.time.pass_by(seconds=LOOK_SECONDS)
        go_on.set()
        assert (await asked).content == b"first"


# Limits


async def test_a_token_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    # Windows of the library begin at whole minutes, hours and days: within a day no test meets two of them.
    doors = Doors(tmp_path, Rates(requests="3/day", events="1/day"))
    async with asking(doors.page) as page, asking(doors.gateway) as gateway:
        for left in (2, 1, 0):
            answer = await page.get("/api/v1/session", headers=doors.bearer(Role.READ))
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"requests";q=3;w=86400'
            assert answer.headers["ratelimit"].startswith(f'"requests";r={left};t=')
        late = await page.get("/api/v1/live", headers=doors.bearer(Role.READ))
        assert late.status_code == 429
        assert 1 <= int(late.headers["retry-after"]) <= 86_400
        # Each token has its own.
        assert (await page.get("/api/v1/session", headers=doors.bearer(Role.ACT))).status_code == 200
        statuses = [
            (await gateway.post("/api/v1/events", json=EVENT, headers=doors.bearer(Role.INGEST))).status_code
            for _ in range(2)
        ]
        assert statuses == [202, 429]


async def test_signing_in_is_counted_as_any_request_of_the_token(tmp_path: Path) -> None:
    doors = Doors(tmp_path, Rates(requests="3/day"))
    async with asking(doors.page) as page:
        statuses = [(await sign_in(doors, page, headers=ORIGIN)).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert (await sign_in(doors, page, Role.READ, headers=ORIGIN)).status_code == 200


def test_who_signs_in_again_and_again_ends_sessions_of_the_same_token_alone() -> None:
    sessions = Sessions(lambda: BEGAN)
    other, _ = sessions.open("other")
    mine = [sessions.open("mine")[0] for _ in range(MOST_OF_A_TOKEN + 2)]
    known = [sessions.find(text) is not None for text in mine]
    assert known == [False, False, *[True] * MOST_OF_A_TOKEN]
    assert sessions.find(other) is not None


async def test_one_user_of_a_chat_sends_sixty_messages_a_minute(tmp_path: Path) -> None:
    assert Rates().messages == "60/minute"
    doors = Doors(tmp_path, Rates(messages="60/day"))
    headers = doors.bearer(Role.INGEST)

    async def say(**said: str) -> int:
        body = {"session_id": "s", "message": "Hello", **said}
        return (await client.post("/api/chat/messages", json=body, headers=headers)).status_code

    async with asking(doors.gateway) as client:
        statuses = [await say(user_id="u", session_id=f"s{number}") for number in range(61)]
        assert statuses == [202] * 60 + [429]
        assert await say(user_id="u", session_id="another", role="assistant") == 202
        assert await say(user_id="v") == 202
        # A user of another tenant is another one.
        body = {"session_id": "s", "user_id": "u", "message": "Hello"}
        other = await client.post("/api/chat/messages?tenant=other", json=body, headers=headers)
        assert other.status_code == 202


async def test_wrong_tokens_are_counted_and_logged_without_the_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    doors = Doors(tmp_path, Rates(failures="2/day"))
    wrong = token(Role.ADMIN)
    async with asking(doors.page) as page:
        answers = [await page.get("/api/v1/live", headers=bearer(wrong)) for _ in range(2)]
        answers.append(await page.post("/api/v1/session", json={"token": wrong.text}))
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        # Who has a right one is not shut out by who guesses from the same address.
        assert (await page.get("/api/v1/live", headers=doors.bearer(Role.READ))).status_code == 503
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len([each for each in warned if "wrong token from" in each.getMessage()]) == 2
    assert wrong.text not in caplog.text
    assert wrong.stored.id not in caplog.text


# The audit


async def test_what_is_done_by_a_right_to_act_is_written_down(doors: Doors, page: httpx.AsyncClient) -> None:
    await page.post("/api/v1/corrections", json=CORRECTION, headers=doors.bearer(Role.ACT, acme=True))
    doors.time.pass_by(seconds=0.5)
    await page.get("/api/v1/tokens", headers=doors.bearer(Role.ADMIN))
    doors.time.pass_by(seconds=0.5)
    await page.get("/api/v1/tokens", headers=doors.bearer(Role.READ))
    assert [(each.actor, each.action, each.result, each.tenant) for each in doors.audited()] == [
        ("acme act", "correction.post", "failed", "acme"),
        ("admin", "token.list", "done", ""),
        ("read", "token.list", "refused", ""),
    ]
    first = doors.audited()[0]
    assert (first.target, first.detail) == ("T-1/event e-1", "POST 503: label negative -> neutral")
    assert (first.address, first.source, first.token_id) == ("127.0.0.1", "http", doors.of_acme[Role.ACT].stored.id)
    # Looking at figures is no deed, and what strangers try without a token would fill it.
    await page.get("/api/v1/live", headers=doors.bearer(Role.ADMIN))
    await page.post("/api/v1/corrections", json=CORRECTION)
    assert len(doors.audited()) == 3


async def test_who_signs_in_and_out_is_written_down(doors: Doors, page: httpx.AsyncClient) -> None:
    for step in (
        page.post("/api/v1/session", json={"token": "tp_wrong"}),
        sign_in(doors, page),
        page.delete("/api/v1/session", headers=ORIGIN),
    ):
        await step
        doors.time.pass_by(seconds=0.5)
    assert [(each.actor, each.action, each.result) for each in doors.audited()] == [
        ("nobody", "session.open", "refused"),
        ("act", "session.open", "done"),
        ("act", "session.close", "done"),
    ]


async def test_a_change_of_the_file_is_written_down_once_by_whoever_sees_it(
    doors: Doors, page: httpx.AsyncClient
) -> None:
    added = token(Role.READ, name="new one")
    doors.keep(*doors.made.values(), *doors.of_acme.values(), added)
    doors.time.pass_by(seconds=LOOK_SECONDS)
    for _ in range(2):
        assert (await page.get("/api/v1/session", headers=bearer(added))).status_code == 200
    (record,) = doors.audited()
    assert (record.action, record.target, record.source) == ("token.added", f"{added.stored.id} new one", "file")


class Silent:
    """A log that acknowledges nothing."""

    async def start(self) -> None:
        pass

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        await asyncio.sleep(0)
        raise NotAcknowledged("no acknowledgement within 2 s")

    async def stop(self) -> None:
        pass


async def test_what_the_audits_log_does_not_take_is_in_the_processs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = token(Role.ADMIN, name="me")
    write(tmp_path / "tokens.toml", [made.stored])
    gate = Gate(tmp_path / "tokens.toml", audit=Silent(), now=lambda: BEGAN)
    lost = counted("helpdesk_audit_lost_total")
    async with asking(create_page(nowhere, access=gate)) as client:
        assert (await client.get("/api/v1/tokens", headers=bearer(made))).status_code == 200
    assert counted("helpdesk_audit_lost_total") == lost + 1
    (said,) = [each.getMessage() for each in ours(caplog) if each.levelno == logging.ERROR]
    assert '"actor":"me"' in said
    assert '"action":"token.list"' in said


async def test_refusals_are_counted_by_status(doors: Doors, page: httpx.AsyncClient) -> None:
    before = {status: counted("helpdesk_access_refused_total", status=status) for status in ("401", "403", "404")}
    await page.get("/api/v1/live")
    await page.get("/api/v1/audit", headers=doors.bearer(Role.READ))
    await page.get("/nowhere", headers=doors.bearer(Role.READ))
    after = {status: counted("helpdesk_access_refused_total", status=status) for status in before}
    assert after == {status: count + 1 for status, count in before.items()}


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_the_list_of_tokens_tells_no_secret(doors: Doors, page: httpx.AsyncClient) -> None:
    answer = await page.get("/api/v1/tokens", headers=doors.bearer(Role.ADMIN))
    assert answer.status_code == HTTPStatus.OK
    assert len(answer.json()["tokens"]) == 8
    for made in doors.made.values():
        assert made.text not in answer.text
        assert made.stored.sha256 not in answer.text
    of_acme = (await page.get("/api/v1/tokens", headers=doors.bearer(Role.ADMIN, acme=True))).json()["tokens"]
    assert {each["tenant"] for each in of_acme} == {"acme"}

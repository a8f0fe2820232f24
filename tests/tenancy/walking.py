"""Every address of an application, asked in every way in which somebody may try to name another tenant's things."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import Message, Scope

from tests.tenancy.two_tenants import (
    OURS,
    THEIR_AGENT,
    THEIR_CUSTOMER,
    THEIR_EVENT,
    THEIR_PRODUCT,
    THEIR_RULE,
    THEIR_RUN,
    THEIR_TICKET,
    THEIRS,
)

# What an address has in braces: ours first, then theirs.
PATHS: Mapping[str, tuple[str, ...]] = {
    "ticket": ("T-1", THEIR_TICKET, f"../{THEIRS}/T-1", f"{THEIRS}/{THEIR_TICKET}"),
    "ticket_id": ("T-1", THEIR_TICKET, f"{THEIRS}/{THEIR_TICKET}"),
    "name": (f"{OURS}-try", f"{THEIRS}-try", "no-such-try"),
    "run_id": (THEIR_RUN,),
    "vendor": ("zendesk",),
}
# Parameters that choose among things, with what somebody may know of theirs.
FILTERS: Mapping[str, str] = {
    "ticket_id": THEIR_TICKET,
    "customer": THEIR_CUSTOMER,
    "agent": THEIR_AGENT,
    "product": THEIR_PRODUCT,
    "rule": THEIR_RULE,
    "value": THEIR_AGENT,
    "phrase": "never again",
    "category": "billing",
    "subcategory": THEIR_PRODUCT,
}
# Parameters by which an answer takes another way through the program, and which are tried with all of their values.
WAYS = frozenset({"format", "by", "kind", "rows", "has", "state"})
# Forty questions for each answer.
COSTLY = frozenset({"/api/v1/report"})
# Other spellings of a tenant, which nothing may take for one.
ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("Tenant", "X-Tenant", "X-Tenant-ID", "X-Scope-OrgID", "ce-tenant"), THEIRS),
    **dict.fromkeys(("X-Original-URL", "X-Rewrite-URL"), f"/?tenant={THEIRS}"),
    "Cookie": f"tenant={THEIRS}",
}


class Asked(NamedTuple):
    """A request. `names_them` is one that gives their tenant as the parameter."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    names_them: bool = False


class Answer(NamedTuple):
    """What came: of a stream what it begins with."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def same_as(self, other: "Answer") -> bool:
        """But for what counts requests and the moment of an answer."""
        return (self.status, _still(self.body)) == (other.status, _still(other.body))


def _still(body: bytes) -> bytes:
    return re.sub(rb'"(audit_id|use_id|correction_id|id)":"[0-9a-f-]{36}"', b"", body)


def questions(app: FastAPI) -> Iterator[Asked]:
    """Each GET of the application in all variants; those of no document, too."""
    described = app.openapi()["paths"]
    for context in iter_route_contexts(app.routes):
        if context.path is None or "GET" not in (context.methods or ()):
            continue
        plain = re.sub(r":\w+\}", "}", context.path)
        operation = described.get(plain, {}).get("get", {})
        parameters = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
        for path in filled(plain):
            yield from _variants(path, parameters)


def filled(path: str) -> Iterator[str]:
    """The path with each of the values of what it has in braces."""
    found = re.search(r"\{(\w+)\}", path)
    if found is None:
        yield path
        return
    for value in PATHS[found[1]]:
        yield from filled(path.replace(found[0], quote(value, safe="/"), 1))


def _variants(path: str, parameters: list[dict[str, Any]]) -> Iterator[Asked]:
    yield Asked("GET", path)
    for query in (f"tenant={THEIRS}", f"tenant={OURS}&tenant={THEIRS}", f"tenant={THEIRS}&tenant={OURS}", "tenant="):
        yield Asked("GET", path, query, names_them=True)
    # No parameter and no header of that name: passed over.
    odd = f"Tenant={THEIRS}&tenant[]={THEIRS}&tenant%00={THEIRS}"
    yield Asked("GET", path, odd, tuple(ELSEWHERE.items()))
    for each in parameters if path not in COSTLY else ():
        name, kind = each["name"], each["schema"]
        if name in FILTERS:
            yield Asked("GET", path, urlencode({name: FILTERS[name]}))
        for value in _choices(kind) if name in WAYS else ():
            yield Asked("GET", path, urlencode({name: value}))
            if name == "format":
                yield Asked("GET", path, urlencode({name: value, "tenant": THEIRS}), names_them=True)
        if name == "limit":
            yield Asked("GET", path, "limit=1")


def _choices(schema: Mapping[str, Any]) -> list[str]:
    for part in (schema, *schema.get("anyOf", ()), schema.get("items", {})):
        if "enum" in part:
            return [str(value) for value in part["enum"]]
    return []


def deeds(*, events: bool) -> Iterator[Asked]:
    """What would change something of theirs."""
    plain = {"event_id": "e-1", "ticket_id": THEIR_TICKET, "text": "Where is it?"}
    theirs: dict[str, object] = {**plain, "tenant": THEIRS}
    cloud: dict[str, str] = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/x",
        "type": "message",
        "subject": THEIR_TICKET,
    }
    binary = tuple({f"ce-{name}": value for name, value in cloud.items()}.items())
    if events:
        path = "/api/v1/events"
        yield _posted(path, theirs)
        yield _posted(path, [plain, theirs])
        yield _posted(path, theirs, query=f"tenant={OURS}")
        yield _posted(path, plain, query=f"tenant={THEIRS}", names_them=True)
        yield _posted(path, plain, headers=ELSEWHERE)
        yield _posted(path, {**cloud, "data": theirs}, kind="application/cloudevents+json")
        yield _posted(path, {**cloud, "tenant": THEIRS, "data": plain}, kind="application/cloudevents+json")
        yield _posted(path, [{**cloud, "data": theirs}], kind="application/cloudevents-batch+json")
        yield _posted(path, theirs)._replace(headers=(("content-type", "application/json"), *binary))
        posted: tuple[tuple[str, dict[str, str]], ...] = (
            ("/api/incidents", {"customer_id": THEIR_CUSTOMER, "message": "It is stolen."}),
            ("/api/chat/messages", {"session_id": THEIR_TICKET, "message": "Hello?", "ticket_id": THEIR_TICKET}),
        )
        for other, body in posted:
            yield _posted(other, body)
            yield _posted(other, {**body, "tenant": THEIRS})
            yield _posted(other, body, query=f"tenant={THEIRS}", names_them=True)
            yield _posted(other, body, headers={"Idempotency-Key": "theirs"})
        return
    correction = {"ticket_id": THEIR_TICKET, "event_id": THEIR_EVENT, "field": "label", "old": "negative"}
    for body in ({**correction, "new": "neutral"}, {**correction, "new": "neutral", "tenant": THEIRS}):
        yield _posted("/api/v1/corrections", body)
        yield _posted("/api/v1/corrections", body, query=f"tenant={THEIRS}", names_them=True)
    used = {"suggested": "draft", "id": "preset/en/billing", "outcome": "used"}
    yield _posted(f"/api/v1/tickets/{THEIR_TICKET}/suggestions/used", used)
    yield _posted("/api/v1/tickets/T-1/suggestions/used", used, query=f"tenant={THEIRS}", names_them=True)
    runs: tuple[dict[str, object], ...] = (
        {"ticket_ids": [THEIR_TICKET]},
        {"everything": True, "tenant": THEIRS},
        {"resume": THEIR_RUN},
    )
    for run in runs:
        yield _posted("/api/v1/reanalysis", run)
        yield _posted("/api/v1/reanalysis", run, query=f"tenant={THEIRS}", names_them=True)
    yield _posted("/helpdesk/sentiment/reanalyze/", {"ticket_id": THEIR_TICKET})
    yield _posted("/helpdesk/sentiment/reanalyze/", {"ticket_ids": [THEIR_TICKET, "T-1"], "tenant": THEIRS})
    yield Asked("DELETE", f"/api/v1/reanalysis/{THEIR_RUN}")
    yield Asked("DELETE", f"/api/v1/reanalysis/{THEIR_RUN}", f"tenant={THEIRS}", names_them=True)


def _posted(
    path: str,
    body: object,
    *,
    query: str = "",
    headers: Mapping[str, str] = {},
    kind: str = "application/json",
    names_them: bool = False,
) -> Asked:
    told = (("content-type", kind), *headers.items())
    return Asked("POST", path, query, told, json.dumps(body).encode(), names_them)


async def ask(app: FastAPI, asked: Asked, token: str) -> Answer:
    """The application's answer to a request with this token. A stream is left after its first parts."""
    headers = [("host", "here"), ("authorization", f"Bearer {token}"), *asked.headers]
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": _decoded(asked.path),
        "raw_path": asked.path.encode(),
        "query_string": asked.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("here", 80),
        "app": app,
    }
    told, left = _Told(), asyncio.Event()
    received = iter([{"type": "http.request", "body": asked.body, "more_body": False}])

    async def receive() -> Message:
        for message in received:
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        told.take(message)
        if told.is_stream and told.parts >= _PARTS:
            left.set()

    await app(scope, receive, send)
    return told.answer()


def _decoded(path: str) -> str:
    return unquote(path)


# Of a stream: live, alerts and notifications, with the comment before them.
_PARTS = 4


class _Told:
    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.parts = 0
        self._body = b""

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body" and self.parts < _PARTS + 1:
            self._body += message.get("body", b"")
            self.parts += 1

    def answer(self) -> Answer:
        return Answer(self.status, self.headers, self._body)

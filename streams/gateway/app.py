"""The gateway's HTTP interface.

POST /api/v1/events takes one event or a list, plain JSON or CloudEvents (binary, structured, batch), and answers 202
once the log has acknowledged all of them. Of a list with one bad event none is written. Beside it are the interfaces of
the replaced systems, which record one event each and answer with what became of it.
"""

import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, SecretStr
from starlette.exceptions import HTTPException

from schemas.events import TicketEvent
from sinks.access.gate import Gate
from sinks.access.layer import AccessLayer
from sinks.access.principals import principal_of
from sinks.clock import utc_now
from sinks.openapi import DescribedApi, problems
from sinks.prometheus import GATEWAY_EVENTS, GATEWAY_SECONDS
from streams.gateway.answers import Answers
from streams.gateway.body import read_body, wrong_request
from streams.gateway.chat import chat
from streams.gateway.door import Door
from streams.gateway.doorkeeper import Doorkeeper
from streams.gateway.incidents import incidents
from streams.gateway.problems import Problem
from streams.gateway.reading import ACCEPTED, DEFAULT_LIMITS, Limits, read_request
from streams.gateway.recording import Recorder
from streams.gateway.support import support
from streams.gateway.webhooks import webhooks
from streams.gateway.writer import EventWriter
from streams.gateway.writing import RETRY_AFTER_SECONDS, outcome_of, write
from streams.tenancy.quotas import Quotas

EVENTS_PATH = "/api/v1/events"
ANSWER_SECONDS = 1.0
NO_SECRETS: Final[Mapping[str, SecretStr]] = MappingProxyType({})

Clock = Callable[[], datetime]


class EventsAnswer(BaseModel):
    """The ids of the events, in their order."""

    accepted: list[str]


def create_app(
    writer: EventWriter,
    answers: Answers | None = None,
    *,
    token: SecretStr | None = None,
    webhook_secrets: Mapping[str, SecretStr] = NO_SECRETS,
    answer_seconds: float = ANSWER_SECONDS,
    limits: Limits = DEFAULT_LIMITS,
    clock: Clock = utc_now,
    access: Gate | None = None,
    quotas: Quotas | None = None,
    signed_tenants: Collection[str] = (),
    keeper: Doorkeeper | None = None,
) -> FastAPI:
    """The gateway over a writer, which it starts and stops. `clock` gives an event without a time its own.

    The interfaces of the replaced systems need `answers`, are there with them only, and wait for one up to
    `answer_seconds`; the one for escalations wants `token`. `webhook_secrets` are those of helpdesks, by vendor.
    `access` says who may send what; without it everybody may. `quotas` say how much a tenant may send; without them as
    much as it likes. `signed_tenants` are those whom `token` and `webhook_secrets` send for; without any it is all.
    The `keeper` replaces personal data before it is stored, for those who want that.
    """
    gate, door = access or Gate(), Door(quotas, keeper)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await writer.start()
        try:
            following = nullcontext() if keeper is None else keeper.following()
            async with gate.watching(), door.counting(), following:
                yield
        finally:
            if answers is not None:
                await answers.stop()
            await writer.stop()

    app = DescribedApi(
        title="ticketpulse gateway",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.add_middleware(AccessLayer, gate=gate, browsers=False)
    _add_events(app, writer, door, limits, clock)
    _add_health(app, writer)
    app.include_router(webhooks(writer, door, webhook_secrets, clock, limits, signed_tenants))
    if answers is not None:
        recorder = Recorder(writer, door, answers, clock, limits, answer_seconds)
        for router in (incidents(recorder), support(recorder, token, signed_tenants), chat(recorder, gate.limiter)):
            app.include_router(router)
    _answer_with_problems(app)
    return app


def _add_events(app: FastAPI, writer: EventWriter, door: Door, limits: Limits, clock: Clock) -> None:
    @app.post(
        EVENTS_PATH,
        status_code=HTTPStatus.ACCEPTED,
        openapi_extra=_request_body(limits),
        response_class=Response,
        responses={
            202: {"model": EventsAnswer},
            **problems(
                HTTPStatus.BAD_REQUEST,
                HTTPStatus.FORBIDDEN,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                HTTPStatus.TOO_MANY_REQUESTS,
                HTTPStatus.SERVICE_UNAVAILABLE,
            ),
        },
    )
    async def post_events(request: Request) -> Response:
        """Accept events: 202 with their ids in order, after the log has acknowledged every one.

        429 for more events or bytes than the tenant may send, by the second or by the day: nothing of the request was
        stored, and `Retry-After` says when it may be sent again.
        """
        began = time.perf_counter()
        try:
            body, tenant = await read_body(request, limits), principal_of(request).tenant
            events = read_request(body, dict(request.headers), clock(), limits, tenant)
            headers = await write(writer, events, door)
        except Problem as problem:
            GATEWAY_EVENTS.labels(outcome_of(problem)).inc(max(int(str(problem.members.get("bad", 1))), 1))
            raise
        finally:
            GATEWAY_SECONDS.observe(time.perf_counter() - began)
        GATEWAY_EVENTS.labels("accepted").inc(len(events))
        ids = [event.event_id for event in events]
        body = msgspec.json.encode({"accepted": ids})
        return Response(body, HTTPStatus.ACCEPTED, headers, media_type="application/json")


def _add_health(app: FastAPI, writer: EventWriter) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz", responses=problems(HTTPStatus.SERVICE_UNAVAILABLE))
    async def readyz() -> dict[str, str]:
        """The log answers and has the topic: an event that is sent now will be accepted."""
        if not await writer.ready():
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the event log cannot be reached or its topic is missing (`ticketpulse topics apply` creates it)",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        return {"status": "ready"}

    @app.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> Response:
        """Every metric of this process, as Prometheus reads it."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _answer_with_problems(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> Response:
        GATEWAY_EVENTS.labels("rejected").inc()
        return wrong_request(error).response()

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        detail = f"{request.method} {request.url.path}: {error.detail}; events go to POST {EVENTS_PATH}"
        return Problem(HTTPStatus(error.status_code), detail, headers=error.headers).response()

    @app.exception_handler(Exception)
    async def failure(_: Request, error: Exception) -> Response:
        # Starlette logs the traceback itself.
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the gateway failed; its log says how").response()


def _request_body(limits: Limits) -> dict[str, Any]:
    """What FastAPI cannot see, because the body is read as bytes."""
    (schema,), components = msgspec.json.schema_components([TicketEvent], ref_template="#/components/schemas/{name}")
    event = components.get("TicketEvent", schema)
    # Where what is not listed is kept in memory, and a time that may be left out.
    del event["properties"]["extra"]
    event["required"].remove("occurred_at")
    plain = {"oneOf": [event, {"type": "array", "minItems": 1, "maxItems": limits.events, "items": event}]}
    content = {media_type: {"schema": plain if media_type == ACCEPTED[0] else {}} for media_type in ACCEPTED}
    return {"requestBody": {"required": True, "content": content}}

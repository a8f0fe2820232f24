"""The gateway's HTTP interface.

POST /api/v1/events takes one event or a list, plain JSON or CloudEvents (binary, structured, batch), and answers 202
once the log has acknowledged all of them. Of a list with one bad event none is written.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from schemas.events import TicketEvent
from sinks.prometheus import GATEWAY_EVENTS, GATEWAY_SECONDS
from streams.gateway.problems import Problem
from streams.gateway.reading import ACCEPTED, DEFAULT_LIMITS, Accepted, Limits, read_request
from streams.gateway.writer import EventWriter, NotAcknowledged

log = logging.getLogger(__name__)

EVENTS_PATH = "/api/v1/events"
RETRY_AFTER_SECONDS = 2

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(writer: EventWriter, *, limits: Limits = DEFAULT_LIMITS, clock: Clock = _now) -> FastAPI:
    """The gateway over a writer, which it starts and stops. `clock` gives an event without a time its own."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await writer.start()
        try:
            yield
        finally:
            await writer.stop()

    app = FastAPI(
        title="ticketpulse gateway",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    _add_events(app, writer, limits, clock)
    _add_health(app, writer)
    _answer_with_problems(app)
    return app


def _add_events(app: FastAPI, writer: EventWriter, limits: Limits, clock: Clock) -> None:
    @app.post(EVENTS_PATH, status_code=HTTPStatus.ACCEPTED, openapi_extra=_request_body(), response_class=Response)
    async def post_events(request: Request) -> Response:
        """Accept events: 202 with their ids in order, after the log has acknowledged every one."""
        began = time.perf_counter()
        try:
            events = read_request(await _body(request, limits), dict(request.headers), clock(), limits)
            await _write(writer, events)
        except Problem as problem:
            GATEWAY_EVENTS.labels(_outcome(problem)).inc(max(int(str(problem.members.get("bad", 1))), 1))
            raise
        finally:
            GATEWAY_SECONDS.observe(time.perf_counter() - began)
        GATEWAY_EVENTS.labels("accepted").inc(len(events))
        ids = [event.event_id for event in events]
        return Response(msgspec.json.encode({"accepted": ids}), HTTPStatus.ACCEPTED, media_type="application/json")


async def _body(request: Request, limits: Limits) -> bytes:
    """The body, read no further than its limit."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limits.body_bytes:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the body is larger than {limits.body_bytes:,} bytes: send fewer events in one request",
                limit=limits.body_bytes,
            )
    return bytes(body)


async def _write(writer: EventWriter, events: list[Accepted]) -> None:
    """All events, in order for each ticket. The tasks are begun in the order of the list."""
    sends = [asyncio.ensure_future(writer.send(event.key, event.value)) for event in events]
    try:
        await asyncio.gather(*sends)
    except NotAcknowledged as error:
        log.warning("not acknowledged: %s", error)
        raise _unavailable(str(error), len(events)) from error
    finally:
        for send in sends:
            send.cancel()
        await asyncio.gather(*sends, return_exceptions=True)


def _unavailable(why: str, events: int) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"The event log did not acknowledge every event: {why}. Some or all of them may have been stored nevertheless. "
        "Send the same request again with the same event ids: an id that was stored already is counted once.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        bad=events,
    )


def _outcome(problem: Problem) -> str:
    outcomes = {HTTPStatus.SERVICE_UNAVAILABLE: "unavailable", HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large"}
    return outcomes.get(problem.status, "rejected")


def _add_health(app: FastAPI, writer: EventWriter) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> dict[str, str]:
        """The log answers and has the topic: an event that is sent now will be accepted."""
        if not await writer.ready():
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the event log cannot be reached or its topic is missing (`ticketpulse topics apply` creates it)",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            )
        return {"status": "ready"}

    @app.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Every metric of this process, as Prometheus reads it."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _answer_with_problems(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        detail = f"{request.method} {request.url.path}: {error.detail}; events go to POST {EVENTS_PATH}"
        return Problem(HTTPStatus(error.status_code), detail, headers=error.headers).response()

    @app.exception_handler(Exception)
    async def failure(_: Request, error: Exception) -> Response:
        # Starlette logs the traceback itself.
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the gateway failed; its log says how").response()


def _request_body() -> dict[str, Any]:
    """What FastAPI cannot see, because the body is read as bytes."""
    (schema,), components = msgspec.json.schema_components([TicketEvent], ref_template="#/components/schemas/{name}")
    event = components.get("TicketEvent", schema)
    plain = {"oneOf": [event, {"type": "array", "items": event}]}
    content = {media_type: {"schema": plain if media_type == ACCEPTED[0] else {}} for media_type in ACCEPTED}
    return {"requestBody": {"required": True, "content": content}}

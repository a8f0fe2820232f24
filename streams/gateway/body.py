"""A request's body, read no further than is wanted."""

from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.types import Message

from schemas.rejections import Reason
from streams.gateway.problems import Problem
from streams.gateway.reading import PLAIN, Limits, media_type_of

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body. Raises Problem: 413."""
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


def json_route(limits: Limits, guard: Callable[[Request], None] | None = None) -> type[APIRoute]:
    """A kind of route that reads JSON within the limits, after `guard` has let the request pass."""

    class JsonRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            """The framework's own, with the body as it was read here."""
            answer = super().get_route_handler()

            async def read_and_answer(request: Request) -> Response:
                if guard is not None:
                    guard(request)
                media_type_of(request.headers, [PLAIN])
                return await answer(Request(request.scope, _again(await read_body(request, limits))))

            return read_and_answer

    return JsonRoute


def _again(body: bytes) -> Callable[[], Awaitable[Message]]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def wrong_request(error: RequestValidationError) -> Problem:
    """422 that names each field, or 400 for what is no JSON."""
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        status, reason = HTTPStatus.BAD_REQUEST, Reason.NOT_JSON
        errors = [{"field": "value", "message": f"not JSON: {each['ctx']['error']}"} for each in found]
    else:
        status, reason = HTTPStatus.UNPROCESSABLE_ENTITY, Reason.INVALID
        errors = [{"field": _field(each["loc"]), "message": each["msg"]} for each in found]
    detail = "; ".join(f"{each['field']}: {each['message']}" for each in errors)
    return Problem(status, detail, errors=[{**each, "reason": reason.value} for each in errors])


def _field(place: tuple[str | int, ...]) -> str:
    """Without "body", "query" or "header" at the front; the body itself is `value`, as it is for events."""
    return ".".join(map(str, place[1:])) or "value"

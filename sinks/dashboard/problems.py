"""Errors as application/problem+json (RFC 9457): what was wrong, in which parameter, and what to do."""

from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request


def problem(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None, **members: Any) -> JSONResponse:
    """A problem as an answer. It is never kept by a cache."""
    body = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail, **members}
    return JSONResponse(
        body, int(status), {"Cache-Control": "no-store", **(headers or {})}, media_type="application/problem+json"
    )


async def invalid_parameters(_: Request, error: Exception) -> JSONResponse:
    """422 for parameters out of their bounds: `errors` names each field and says what is wanted."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    errors = [{"field": _field(found["loc"]), "message": found["msg"]} for found in error.errors()]
    detail = "; ".join(f"{found['field']}: {found['message']}" for found in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


def _field(place: tuple[int | str, ...]) -> str:
    # One of several values of a parameter is told by the parameter's name, not by its number.
    return str(place[1] if place[0] == "query" and len(place) > 1 else place[-1])


async def refused(_: Request, error: Exception) -> JSONResponse:
    """What the framework refuses itself: unknown paths (404) and methods (405)."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    return problem(HTTPStatus(error.status_code), str(error.detail), dict(error.headers or {}))

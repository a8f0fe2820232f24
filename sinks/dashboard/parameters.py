"""Parameters and answers that several addresses of the page share."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Query

from sinks.openapi import problems

MAX_MINUTES: Final = 360

TenantName = Annotated[str, Query(pattern=r"^[A-Za-z0-9_.\-]{1,64}$", description="Whose tickets.")]
Minutes = Annotated[int, Query(ge=1, le=MAX_MINUTES, description="How far back, the running minute included.")]

INVALID_OR_AWAY: Final = problems(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
NOT_KEPT: Final = {"Cache-Control": "no-store"}

"""The page and its one request: static files, /api/v1/live, /healthz and /readyz."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated

from clickhouse_connect.driver.client import Client
from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request

from sinks.dashboard.assets import Assets, SecurityHeaders
from sinks.dashboard.database import Away, Database
from sinks.dashboard.figures import Live
from sinks.dashboard.problems import invalid_parameters, problem, refused
from sinks.dashboard.queries import read_live
from sinks.dashboard.recent import Recent

MAX_MINUTES = 360
RETRY_AFTER = {"Retry-After": "2"}

TenantName = Annotated[str, Query(pattern=r"^[A-Za-z0-9_.\-]{1,64}$", description="Whose tickets.")]
Minutes = Annotated[int, Query(ge=1, le=MAX_MINUTES, description="How far back, the running minute included.")]


def _now() -> datetime:
    return datetime.now(UTC)


def create_page(
    connect: Callable[[], Client], *, ready: Callable[[], bool] | None = None, now: Callable[[], datetime] = _now
) -> FastAPI:
    """The page as an ASGI app over the client that `connect` opens (on the first request, on a worker thread).

    `ready` tells whether the process around it is; /readyz answers 503 while it is not, or while the database is away.
    `now` is aware.
    """
    database = Database(connect)

    async def read(key: tuple[str, int]) -> bytes:
        live = await database.ask(partial(_read, key, now()))
        return live.model_dump_json().encode()

    recent = Recent(read, time.monotonic)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await database.close()

    page = FastAPI(
        title="ticketpulse page", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None, lifespan=lifespan
    )
    page.add_middleware(GZipMiddleware, minimum_size=2000)
    page.add_middleware(SecurityHeaders)
    page.add_exception_handler(RequestValidationError, invalid_parameters)
    page.add_exception_handler(HTTPException, refused)
    page.add_exception_handler(Away, _away)
    page.add_exception_handler(TimeoutError, _away)

    @page.get("/api/v1/live", response_model=Live)
    async def live(tenant: TenantName = "default", minutes: Minutes = 30) -> Response:
        """Every figure of the page, at most a second or so old."""
        body = await recent.get((tenant, minutes))
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    @page.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process serves."""
        return {"status": "ok"}

    @page.get("/readyz")
    async def readyz() -> Response:
        """The process is ready and the database answers."""
        if ready is not None and not ready():
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "not ready yet", RETRY_AFTER)
        await database.ask(_answers)
        return JSONResponse({"status": "ready"})

    assets = Assets()

    @page.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        return await assets.get_response("index.html", request.scope)

    page.mount("/static", assets)
    return page


def _read(key: tuple[str, int], now: datetime, client: Client) -> Live:
    return read_live(client, *key, now)


def _answers(client: Client) -> None:
    client.command("SELECT 1")


async def _away(_: Request, error: Exception) -> JSONResponse:
    why = str(error) or "it takes too long to answer"
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, f"ClickHouse is away: {why}", RETRY_AFTER)

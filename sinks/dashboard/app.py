"""The page and what can be asked: static files, /api/v1/conversations, what `live_api` and `windows_api` have, /healthz
and /readyz.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path as Folder
from typing import Annotated

from clickhouse_connect.driver.client import Client
from fastapi import FastAPI, Path, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request

from schemas.events import MAX_ID_CHARS
from sinks.access.admin_api import admin_api
from sinks.access.gate import Gate
from sinks.access.layer import AccessLayer
from sinks.access.session_api import SESSION, SIGN_IN_BYTES, session_api
from sinks.analytics.routes import analytics_api
from sinks.assignments.api import assignments_api
from sinks.clock import utc_now
from sinks.corrections.api import corrections_api
from sinks.dashboard.assets import Assets
from sinks.dashboard.body_limit import BodyLimit
from sinks.dashboard.conversations import MAX_MESSAGES, StoredConversation, read_conversation
from sinks.dashboard.database import Away, Database
from sinks.dashboard.live_api import live_api
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT, TenantName
from sinks.dashboard.problems import invalid_parameters, problem, refused
from sinks.dashboard.windows_api import windows_api
from sinks.experiments.api import Source, experiments_api
from sinks.openapi import DescribedApi, problems
from sinks.predictions.api import predictions_api
from sinks.reanalysis.api import reanalysis_api
from sinks.reanalysis.runner import Reanalyses
from sinks.record_writer import RecordWriter
from sinks.reports.report_api import report_api
from sinks.reports.reporter import Reporter
from sinks.suggestions.api import suggestions_api
from sinks.suggestions.library import FollowedLibrary
from sinks.summaries.summary_api import summary_api
from sinks.summaries.writing import Writer

RETRY_AFTER = {"Retry-After": "2"}

TicketId = Annotated[str, Path(min_length=1, max_length=1 + MAX_ID_CHARS, description="Which ticket.")]
Messages = Annotated[int, Query(ge=1, le=MAX_MESSAGES, description="How many of its newest events.")]


class AnyText(Convertor[str]):
    """The rest of an address, whatever is in it: `path` ends at a line's end, which an id may have."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """As it is."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


register_url_convertor("any_text", AnyText())


def create_page(
    connect: Callable[[], Client],
    *,
    ready: Callable[[], bool] | None = None,
    now: Callable[[], datetime] = utc_now,
    corrections: RecordWriter | None = None,
    access: Gate | None = None,
    reanalyses: Reanalyses | None = None,
    reporter: Reporter | None = None,
    suggestions: Folder | None = None,
    uses: RecordWriter | None = None,
    summaries: Writer | None = None,
    experiments: Source = tuple,
) -> FastAPI:
    """The page as an ASGI app over the client that `connect` opens (on the first request, on a worker thread).

    `ready` tells whether the process around it is; /readyz answers 503 while it is not, or while the database is away.
    `now` is aware. `corrections` is where those of people go; the page starts and stops it. `access` says who may ask
    what; without it everybody may. `reanalyses` runs re-analyses; the page opens and closes it.
    `reporter` makes the reports that are due for as long as the page is served. `suggestions` is the folder of drafts
    and articles, `uses` where it goes what people make of them; the page starts and stops it. `summaries` writes
    those by a language model; the page closes it. Raises FileError for a folder with something wrong in it.
    `experiments` gives those of the policies' folder.
    """
    database = Database(connect)
    # By clients of its own: figures of a long span must not hold up what is live, nor each other.
    analytics = Database(connect, clients=3)
    # A report asks some forty questions, for which nobody at the page should wait.
    reports = Database(connect)
    gate = access or Gate()
    writers = [writer for writer in (corrections, uses) if writer is not None]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for writer in writers:
            await writer.start()
        if reanalyses is not None:
            await reanalyses.open()
        try:
            async with gate.watching(), reporter.running() if reporter else nullcontext(), _closing(summaries):
                yield
        finally:
            if reanalyses is not None:
                await reanalyses.close()
            for writer in writers:
                await writer.stop()
            for each in (reports, analytics, database):
                await each.close()

    page = DescribedApi(
        title="ticketpulse page", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None, lifespan=lifespan
    )
    page.add_middleware(GZipMiddleware, minimum_size=2000)
    page.add_middleware(BodyLimit, by_path={SESSION: SIGN_IN_BYTES})
    page.add_middleware(AccessLayer, gate=gate, browsers=True)
    page.add_exception_handler(RequestValidationError, invalid_parameters)
    page.add_exception_handler(HTTPException, refused)
    page.add_exception_handler(Away, _away)
    page.add_exception_handler(TimeoutError, _away)

    @page.get(
        "/api/v1/conversations/{ticket:any_text}",
        response_model=StoredConversation,
        responses={**problems(HTTPStatus.NOT_FOUND), **INVALID_OR_AWAY},
    )
    async def conversation(ticket: TicketId, tenant: TenantName = "default", messages: Messages = 100) -> Response:
        """How a ticket's conversation stands, its scores over time with their reasons, and its escalations.

        As it is stored: a second or two behind the pipeline. The id may have slashes, as they are or as %2F.
        """
        found = await database.ask(partial(_conversation, tenant, ticket, messages))
        if found is None:
            return problem(HTTPStatus.NOT_FOUND, f"no event of ticket {ticket!r} of tenant {tenant!r} is stored")
        return Response(found.model_dump_json(), media_type="application/json", headers=NOT_KEPT)

    for router in (live_api(database, now), windows_api(database, now)):
        page.include_router(router)
    page.include_router(
        suggestions_api(analytics, now, time.monotonic, FollowedLibrary(suggestions, time.monotonic).current, uses)
    )
    page.include_router(summary_api(analytics, summaries))
    for router in (analytics_api(analytics, now), predictions_api(analytics), assignments_api(analytics)):
        page.include_router(router)
    for router in (report_api(reports, now), experiments_api(reports, experiments, now)):
        page.include_router(router)
    page.include_router(corrections_api(database, now, corrections))
    page.include_router(reanalysis_api(database, reanalyses))
    page.include_router(session_api(gate))
    page.include_router(admin_api(gate, database))

    @page.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process serves."""
        return {"status": "ok"}

    @page.get("/readyz", responses=problems(HTTPStatus.SERVICE_UNAVAILABLE))
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


@asynccontextmanager
async def _closing(summaries: Writer | None) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if summaries is not None:
            await summaries.close()


def _conversation(tenant: str, ticket: str, messages: int, client: Client) -> StoredConversation | None:
    return read_conversation(client, tenant, ticket, messages)


def _answers(client: Client) -> None:
    client.command("SELECT 1")


async def _away(_: Request, error: Exception) -> JSONResponse:
    why = str(error) or "it takes too long to answer"
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, f"ClickHouse is away: {why}", RETRY_AFTER)

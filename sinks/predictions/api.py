"""/api/v1/tickets/…/predictions and /api/v1/predictions: what is expected of open tickets."""

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Final

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from schemas.events import MAX_ID_CHARS
from schemas.predictions import Kind
from sinks.analytics.answering import RESPONSES
from sinks.analytics.answers import answered, as_json
from sinks.analytics.cursors import InvalidCursor
from sinks.analytics.parameters import invalid
from sinks.dashboard.database import Database
from sinks.dashboard.parameters import TenantName
from sinks.dashboard.recent import Recent
from sinks.predictions.models import LiveScore, Ranking, TicketPredictions
from sinks.predictions.reading import Sort, read_live, read_ranking, read_ticket

MAX_ROWS: Final = 500
# All predictions whose time is over are joined with what happened for it.
_LIVE_SECONDS: Final = 60.0

TicketId = Annotated[str, Path(min_length=1, max_length=1 + MAX_ID_CHARS, description="Which ticket.")]
Of = Annotated[Kind, Query(description="By what they are ranked.")]
Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2_000, description="`next_cursor` of the page before; without it, the first.")
]


def predictions_api(database: Database, clock: Callable[[], float] = time.monotonic) -> APIRouter:
    """The routes over a database. `clock` gives seconds and never goes back."""
    api = APIRouter(prefix="/api/v1")

    async def read(tenant: str) -> list[LiveScore]:
        return await database.ask(partial(_live, tenant))

    live = Recent(read, clock, keep=_LIVE_SECONDS)

    @api.get(
        "/tickets/{ticket:any_text}/predictions",
        response_model=TicketPredictions,
        responses=RESPONSES,
    )
    async def of_ticket(request: Request, ticket: TicketId, tenant: TenantName = "default") -> Response:
        """What is expected of a ticket: its risk of escalation, when it is resolved, whether targets are missed, how it
        is rated; each with bounds and what speaks for it. All of it is null where it was never foretold.
        """
        found = await database.ask(partial(_ticket, tenant, ticket))
        return answered(request, as_json(found), "application/json")

    @api.get("/predictions", response_model=Ranking, responses=RESPONSES)
    async def ranking(
        request: Request,
        tenant: TenantName = "default",
        kind: Of = "escalation",
        sort: Sort = "highest",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """Open tickets by what is expected of them. What is foretold anew between two pages may be on both or none."""
        scores = await live.get(tenant) if kind == "escalation" else []
        question = partial(_ranking, tenant, kind, sort, limit, cursor, scores)
        try:
            found = await database.ask(question)
        except InvalidCursor as error:
            raise invalid("cursor", str(error)) from error
        return answered(request, as_json(found), "application/json")

    return api


def _ticket(tenant: str, ticket: str, client: Client) -> TicketPredictions:
    return read_ticket(client, tenant, ticket)


def _ranking(
    tenant: str, kind: Kind, sort: Sort, limit: int, cursor: str | None, live: list[LiveScore], client: Client
) -> Ranking:
    return read_ranking(client, tenant, kind, sort, limit, cursor, live)


def _live(tenant: str, client: Client) -> list[LiveScore]:
    return read_live(client, tenant)

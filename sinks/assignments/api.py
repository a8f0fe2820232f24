"""/api/v1/tickets/…/assignment and /api/v1/assignments: who has which ticket."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from schemas.events import MAX_ID_CHARS
from sinks.analytics.answering import RESPONSES
from sinks.analytics.answers import answered, as_json
from sinks.analytics.cursors import InvalidCursor
from sinks.analytics.parameters import invalid
from sinks.assignments.models import Assignments, TicketAssignment
from sinks.assignments.reading import Listed, read_list, read_ticket
from sinks.dashboard.database import Database
from sinks.dashboard.parameters import TenantName

MAX_ROWS: Final = 500

TicketId = Annotated[str, Path(min_length=1, max_length=1 + MAX_ID_CHARS, description="Which ticket.")]
InState = Annotated[Listed, Query(description="What they are.")]
OfAgent = Annotated[str, Query(max_length=MAX_ID_CHARS, description="Only those of an agent.")]
OfQueue = Annotated[str, Query(max_length=64, description="Only those of a queue.")]
Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description="How many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=2_000, description="`next_cursor` of the page before; without it, the first.")
]


def assignments_api(database: Database) -> APIRouter:
    """The routes over a database."""
    api = APIRouter(prefix="/api/v1")

    @api.get("/tickets/{ticket:any_text}/assignment", response_model=TicketAssignment, responses=RESPONSES)
    async def of_ticket(request: Request, ticket: TicketId, tenant: TenantName = "default") -> Response:
        """Who has a ticket, and who had it before. Null where nobody gives the tenant's tickets to agents."""
        found = await database.ask(lambda client: read_ticket(client, tenant, ticket))
        return answered(request, as_json(found), "application/json")

    @api.get("/assignments", response_model=Assignments, responses=RESPONSES)
    async def listed(
        request: Request,
        tenant: TenantName = "default",
        state: InState = "waiting",
        agent: OfAgent = "",
        queue: OfQueue = "",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """Tickets that wait for an agent or have one, those first whose customers have waited longest. What is given
        to somebody between two pages may be on both or none.
        """
        read = partial(read_list, tenant=tenant, state=state, agent=agent, queue=queue, limit=limit, cursor=cursor)
        try:
            found = await database.ask(read)
        except InvalidCursor as error:
            raise invalid("cursor", str(error)) from error
        return answered(request, as_json(found), "application/json")

    return api

"""The lists behind the figures: /api/v1/tickets and /api/v1/escalations."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from schemas.events import Status
from schemas.scored import Label
from sinks.analytics.answering import WITH_CSV, Answering
from sinks.analytics.escalation_list import Escalations, ListedEscalations, State, read_escalations
from sinks.analytics.narrowing import Has, Narrowing
from sinks.analytics.parameters import MAX_VALUE_CHARS, MAX_VALUES, Format, Moment, selection_of
from sinks.analytics.selection import Selection
from sinks.analytics.tickets import MAX_ROWS, Listed, Sort, SortBySentiment, Tickets, read_tickets

Text = Annotated[str | None, Query(min_length=1, max_length=MAX_VALUE_CHARS)]
TextOrNone = Annotated[str | None, Query(max_length=MAX_VALUE_CHARS)]
Points = Annotated[float | None, Query(ge=0, le=10)]
Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description="How many at a time.")]
Cursor = Annotated[str | None, Query(max_length=4_000, description="next_cursor of the page before.")]


def lists_api(answer: Answering, now: Callable[[], datetime]) -> APIRouter:
    """The routes. `now` is aware."""
    api = APIRouter(prefix="/api/v1")
    chosen = Depends(selection_of(now))

    @api.get("/tickets", response_model=Tickets, responses=WITH_CSV)
    async def tickets(
        request: Request,
        selection: Annotated[Selection, chosen],
        has: Annotated[Has | None, Query(description="What the tickets must have in the span.")] = None,
        emotion: Text = None,
        phrase: Text = None,
        subcategory: TextOrNone = None,
        product: TextOrNone = None,
        customer: Text = None,
        rule: Text = None,
        active_from: Moment | None = None,
        active_to: Moment | None = None,
        sentiment_label: Annotated[list[Label] | None, Query(max_length=MAX_VALUES)] = None,
        min_sentiment: Points = None,
        max_sentiment: Points = None,
        status: Annotated[list[Status] | None, Query(max_length=MAX_VALUES)] = None,
        sort: Annotated[Sort | None, Query(description="newest, where nothing is said.")] = None,
        sort_by_sentiment: Annotated[SortBySentiment | None, Query(description="Another name for sort.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        format: Format = "json",
    ) -> Response:
        """The tickets behind a figure."""
        listed = Listed(
            narrowing=Narrowing(
                has=has,
                emotion=emotion,
                phrase=phrase,
                subcategory=subcategory,
                product=product,
                customer=customer,
                rule=rule,
                active_from=active_from,
                active_to=active_to,
            ),
            sentiment_labels=tuple(sentiment_label or ()),
            min_sentiment=min_sentiment,
            max_sentiment=max_sentiment,
            statuses=tuple(status or ()),
            sort=sort or sort_by_sentiment or "newest",
            limit=limit,
            cursor=cursor,
        )
        return await answer(request, selection, lambda client, of: read_tickets(client, of, listed), format, "tickets")

    @api.get("/escalations", response_model=Escalations, responses=WITH_CSV)
    async def escalations(
        request: Request,
        selection: Annotated[Selection, chosen],
        state: Annotated[list[State] | None, Query(max_length=MAX_VALUES)] = None,
        rule: Text = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        format: Format = "json",
    ) -> Response:
        """Escalations that were raised in the span, newest first, as they stand now."""
        listed = ListedEscalations(states=tuple(state or ()), rule=rule, limit=limit, cursor=cursor)

        def read(client: Client, of: Selection) -> Escalations:
            return read_escalations(client, of, listed)

        return await answer(request, selection, read, format, "escalations")

    return api

"""The addresses of analytics: /api/v1/analytics/…, /api/v1/tickets, /api/v1/escalations and those of older systems."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from schemas.events import Status
from schemas.scored import Label
from sinks.analytics.answers import answered, as_csv, as_json
from sinks.analytics.cells import Axis, Breakdown, Dimension, Heatmap, read_breakdown, read_heatmap
from sinks.analytics.cursors import InvalidCursor
from sinks.analytics.distribution import Distribution, read_distribution
from sinks.analytics.emotions import Emotions, read_emotions
from sinks.analytics.escalation_list import Escalations, ListedEscalations, State, read_escalations
from sinks.analytics.figures import Answer
from sinks.analytics.narrowing import Has, Narrowing
from sinks.analytics.parameters import MAX_VALUE_CHARS, MAX_VALUES, Format, Moment, invalid, selection_of
from sinks.analytics.selection import InvalidSpan, Selection
from sinks.analytics.summary import Summary, read_summary
from sinks.analytics.tickets import MAX_ROWS, Listed, Sort, Tickets, read_tickets
from sinks.analytics.trends import Compare, Step, Trends, read_trends
from sinks.dashboard.database import Database
from sinks.dashboard.parameters import INVALID_OR_AWAY

_CSV: Final = "text/csv; charset=utf-8"
UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "As If-None-Match says it is known."}}
RESPONSES: Final = {**INVALID_OR_AWAY, **UNCHANGED}
WITH_CSV: Final = {**RESPONSES, 200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}

Text = Annotated[str | None, Query(min_length=1, max_length=MAX_VALUE_CHARS)]
TextOrNone = Annotated[str | None, Query(max_length=MAX_VALUE_CHARS)]
Points = Annotated[float | None, Query(ge=0, le=10)]
Limit = Annotated[int, Query(ge=1, le=MAX_ROWS, description="How many at a time.")]
Cursor = Annotated[str | None, Query(max_length=2_000, description="next_cursor of the page before.")]

Read = Callable[[Client, Selection], Answer]


def analytics_api(database: Database, now: Callable[[], datetime]) -> APIRouter:
    """The routes over a database. `now` is aware."""
    api = APIRouter(prefix="/api/v1")
    chosen = Depends(selection_of(now))

    async def answer(request: Request, selection: Selection, read: Read, csv_of: str | None = None) -> Response:
        try:
            found = await database.ask(lambda client: read(client, selection))
        except InvalidSpan as error:
            raise invalid(error.field, str(error)) from error
        except InvalidCursor as error:
            raise invalid("cursor", str(error)) from error
        if csv_of is None:
            return answered(request, as_json(found), "application/json")
        name = f"{request.url.path.rsplit('/', 1)[-1]}.csv"
        return answered(request, as_csv(found, csv_of), _CSV, name)

    @api.get("/analytics/summary", response_model=Summary, responses=RESPONSES)
    async def summary(request: Request, selection: Annotated[Selection, chosen]) -> Response:
        """The span's figures, and those of the span of equal length just before it."""
        return await answer(request, selection, read_summary)

    @api.get("/analytics/trends", response_model=Trends, responses=WITH_CSV)
    async def trends(
        request: Request,
        selection: Annotated[Selection, chosen],
        step: Step = "day",
        compare: Compare = "none",
        format: Format = "json",
    ) -> Response:
        """Figures by the hour, day or week (from Monday), and the same of the span before or of a week before."""
        return await answer(
            request, selection, lambda client, of: read_trends(client, of, step, compare), _table(format, "points")
        )

    @api.get("/analytics/distribution", response_model=Distribution, responses=WITH_CSV)
    async def distribution(
        request: Request,
        selection: Annotated[Selection, chosen],
        format: Format = "json",
    ) -> Response:
        """How many texts sound how."""
        return await answer(request, selection, read_distribution, _table(format, "distribution"))

    @api.get("/analytics/emotions", response_model=Emotions, responses=WITH_CSV)
    async def emotions(
        request: Request,
        selection: Annotated[Selection, chosen],
        format: Format = "json",
    ) -> Response:
        """What customers feel, and how strongly."""
        return await answer(request, selection, read_emotions, _table(format, "emotions"))

    @api.get("/analytics/breakdown", response_model=Breakdown, responses=WITH_CSV)
    async def breakdown(
        request: Request,
        selection: Annotated[Selection, chosen],
        by: Dimension = "channel",
        format: Format = "json",
    ) -> Response:
        """Figures for each value of a dimension."""
        return await answer(
            request, selection, lambda client, of: read_breakdown(client, of, by), _table(format, "groups")
        )

    @api.get("/analytics/heatmap", response_model=Heatmap, responses=WITH_CSV)
    async def heatmap(
        request: Request,
        selection: Annotated[Selection, chosen],
        rows: Axis = "channel",
        columns: Axis = "category",
        format: Format = "json",
    ) -> Response:
        """Figures for each pair of values of two dimensions."""
        if rows == columns:
            raise invalid("columns", f"{columns} are the rows already: take another dimension")
        return await answer(
            request, selection, lambda client, of: read_heatmap(client, of, rows, columns), _table(format, "cells")
        )

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
        sort: Sort | None = None,
        sort_by_sentiment: Annotated[Sort | None, Query(description="As sort; helpdesks call it so.")] = None,
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
        return await answer(
            request, selection, lambda client, of: read_tickets(client, of, listed), _table(format, "tickets")
        )

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
        return await answer(
            request, selection, lambda client, of: read_escalations(client, of, listed), _table(format, "escalations")
        )

    return api


def _table(format: str, field: str) -> str | None:
    return field if format == "csv" else None

"""The addresses of analytics: /api/v1/analytics/…, the lists behind them, and those of older systems."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, NamedTuple

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sinks.analytics.agents import Agents, read_agents
from sinks.analytics.answering import RESPONSES, WITH_CSV, Answering, Read
from sinks.analytics.categories import Categories, read_categories
from sinks.analytics.cells import Axis, Breakdown, Dimension, Heatmap, read_breakdown, read_heatmap
from sinks.analytics.distribution import Distribution, read_distribution
from sinks.analytics.emotions import Emotions, read_emotions
from sinks.analytics.escalations import EscalationReports, read_escalation_reports
from sinks.analytics.figures import Answer
from sinks.analytics.helpdesk import Statistics, WorstTickets, read_statistics, read_worst
from sinks.analytics.lists_api import lists_api
from sinks.analytics.older_api import older_api
from sinks.analytics.outcomes import OutcomesBy, Resolution, read_resolution
from sinks.analytics.parameters import Format, invalid, selection_of
from sinks.analytics.phrases import DEFAULT_PHRASES, MAX_PHRASES, Phrases, read_phrases
from sinks.analytics.problems import Problems, read_problems
from sinks.analytics.selection import Selection
from sinks.analytics.summary import Summary, read_summary
from sinks.analytics.trends import Compare, Step, Trends, read_trends
from sinks.analytics.watch import Watch, read_watch
from sinks.dashboard.database import Database


class Figure(NamedTuple):
    """What can be asked of a selection alone. `table` is the field whose rows CSV has; empty where there is none."""

    name: str
    model: type[Answer]
    read: Read
    table: str
    told: str


_FIGURES: Final = (
    Figure("summary", Summary, read_summary, "", "The span's figures, and those of the equally long span before it."),
    Figure("distribution", Distribution, read_distribution, "distribution", "How many texts sound how."),
    Figure("emotions", Emotions, read_emotions, "emotions", "What customers feel, and how strongly."),
    Figure("statistics", Statistics, read_statistics, "", "Tickets analysed, negative and escalated, in percent."),
    Figure("alerts", WorstTickets, read_worst, "alerts", "The 20 tickets with the worst of very negative texts."),
    Figure("agents", Agents, read_agents, "agents", "How agents do, and the quality of it."),
    Figure("problems", Problems, read_problems, "most_tickets", "Where a desk should look first."),
    Figure("watch", Watch, read_watch, "triggers", "How often escalation comes, how late, and what sets it off."),
    Figure(
        "escalations",
        EscalationReports,
        read_escalation_reports,
        "by_category",
        "Escalations by category, time to the first answer by priority, and resolution by sentiment.",
    ),
    Figure("categories", Categories, read_categories, "categories", "What tickets are about, and how these end."),
)


def analytics_api(database: Database, now: Callable[[], datetime]) -> APIRouter:
    """The routes over a database. `now` is aware."""
    api = APIRouter()
    answer = Answering(database)
    api.include_router(_figures_api(answer, now))
    api.include_router(_chosen_api(answer, now))
    api.include_router(lists_api(answer, now))
    api.include_router(older_api(answer, now))
    return api


def _figures_api(answer: Answering, now: Callable[[], datetime]) -> APIRouter:
    api = APIRouter(prefix="/api/v1/analytics")
    for figure in _FIGURES:
        _add(api, figure, answer, now)
    return api


def _add(api: APIRouter, figure: Figure, answer: Answering, now: Callable[[], datetime]) -> None:
    chosen = Depends(selection_of(now))

    async def as_table(request: Request, selection: Annotated[Selection, chosen], format: Format = "json") -> Response:
        return await answer(request, selection, figure.read, format, figure.table)

    async def as_it_is(request: Request, selection: Annotated[Selection, chosen]) -> Response:
        return await answer(request, selection, figure.read)

    api.add_api_route(
        f"/{figure.name}",
        as_table if figure.table else as_it_is,
        methods=["GET"],
        name=figure.name,
        description=figure.told,
        response_model=figure.model,
        responses=WITH_CSV if figure.table else RESPONSES,
    )


def _chosen_api(answer: Answering, now: Callable[[], datetime]) -> APIRouter:
    api = APIRouter(prefix="/api/v1/analytics")
    chosen = Depends(selection_of(now))

    @api.get("/trends", response_model=Trends, responses=WITH_CSV)
    async def trends(
        request: Request,
        selection: Annotated[Selection, chosen],
        step: Step = "day",
        compare: Compare = "none",
        format: Format = "json",
    ) -> Response:
        """Figures by the hour, day or week (from Monday), and the same of the span before or of a week before."""

        def read(client: Client, of: Selection) -> Trends:
            return read_trends(client, of, step, compare)

        return await answer(request, selection, read, format, "points")

    @api.get("/breakdown", response_model=Breakdown, responses=WITH_CSV)
    async def breakdown(
        request: Request,
        selection: Annotated[Selection, chosen],
        by: Dimension = "channel",
        format: Format = "json",
    ) -> Response:
        """How messages sound, and how many tickets are escalated, for each value of a dimension."""
        return await answer(request, selection, lambda client, of: read_breakdown(client, of, by), format, "groups")

    @api.get("/heatmap", response_model=Heatmap, responses=WITH_CSV)
    async def heatmap(
        request: Request,
        selection: Annotated[Selection, chosen],
        rows: Axis = "channel",
        columns: Axis = "category",
        format: Format = "json",
    ) -> Response:
        """The same for each pair of values of two dimensions."""
        if rows == columns:
            raise invalid("columns", f"{columns} are the rows already: take another dimension")
        return await answer(
            request, selection, lambda client, of: read_heatmap(client, of, rows, columns), format, "cells"
        )

    @api.get("/resolution", response_model=Resolution, responses=WITH_CSV)
    async def resolution(
        request: Request,
        selection: Annotated[Selection, chosen],
        by: OutcomesBy = "category",
        format: Format = "json",
    ) -> Response:
        """What became of tickets, and after how long, for each value of a dimension."""
        return await answer(request, selection, lambda client, of: read_resolution(client, of, by), format, "groups")

    @api.get("/phrases", response_model=Phrases, responses=WITH_CSV)
    async def phrases(
        request: Request,
        selection: Annotated[Selection, chosen],
        limit: Annotated[int, Query(ge=1, le=MAX_PHRASES)] = DEFAULT_PHRASES,
        format: Format = "json",
    ) -> Response:
        """What customers write about most."""
        return await answer(request, selection, lambda client, of: read_phrases(client, of, limit), format, "phrases")

    return api

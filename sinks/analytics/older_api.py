"""The addresses under which older systems gave their figures, with the fields that they gave."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from sinks.analytics.answering import RESPONSES, Answering, Read
from sinks.analytics.distribution import Distribution, read_distribution
from sinks.analytics.emotions import Emotions, read_emotions
from sinks.analytics.helpdesk import (
    DailyTrends,
    Statistics,
    WorstTickets,
    read_daily,
    read_statistics,
    read_worst,
)
from sinks.analytics.parameters import selection_of
from sinks.analytics.selection import Selection
from sinks.analytics.stats import Stats, read_stats

Action = Literal["distribution", "trends", "alerts", "emotions", "statistics"]

_ACTIONS: Final[dict[Action, Read]] = {
    "distribution": read_distribution,
    "trends": read_daily,
    "alerts": read_worst,
    "emotions": read_emotions,
    "statistics": read_statistics,
}


def older_api(answer: Answering, now: Callable[[], datetime]) -> APIRouter:
    """The routes. `now` is aware."""
    api = APIRouter()
    chosen = Depends(selection_of(now))

    @api.get(
        "/helpdesk/sentiment/analytics/",
        response_model=Distribution | DailyTrends | WorstTickets | Emotions | Statistics,
        responses=RESPONSES,
    )
    async def helpdesk_analytics(
        request: Request,
        selection: Annotated[Selection, chosen],
        action: Annotated[Action, Query(description="Which figures.")],
    ) -> Response:
        """As helpdesks ask: distribution, trends by day, alerts, emotions or statistics."""
        return await answer(request, selection, _ACTIONS[action])

    @api.get("/api/stats", response_model=Stats, responses=RESPONSES)
    @api.get("/api/v1/stats", response_model=Stats, responses=RESPONSES)
    async def stats(request: Request, selection: Annotated[Selection, chosen]) -> Response:
        """How many incidents there are, of what kind, how they stand, and who was told."""
        return await answer(request, selection, read_stats)

    return api

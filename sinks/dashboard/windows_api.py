"""What can be asked about series of windows: /api/v1/trends and /api/v1/topics."""

import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Query
from fastapi.responses import Response

from sinks.dashboard.database import Database
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT, TenantName
from sinks.dashboard.problems import problem
from sinks.dashboard.recent import Recent
from sinks.dashboard.topics import Topics, read_topics
from sinks.dashboard.trends import MAX_WINDOWS, Dimension, Series, Size, Trends, read_trends

# How long an answer serves everybody (seconds). Topics look at days: asked by themselves, they make no figure wait.
TRENDS_KEEP: Final = 5.0
TOPICS_KEEP: Final = 60.0
MAX_VALUE_CHARS: Final = 256

WindowSize = Annotated[Size, Query(description="The length of a window, in seconds.")]
OfDimension = Annotated[Dimension, Query(description="Everything, or one value of a dimension.")]
Value = Annotated[str, Query(max_length=MAX_VALUE_CHARS, description="Which channel or category; none for overall.")]
Windows = Annotated[int, Query(ge=1, le=MAX_WINDOWS, description="How many windows back, the running one included.")]


def windows_api(database: Database, now: Callable[[], datetime]) -> APIRouter:
    """The routes over a database. `now` is aware."""
    api = APIRouter(prefix="/api/v1")

    async def ask_trends(asked: Series) -> bytes:
        def question(client: Client) -> Trends:
            return read_trends(client, asked, now())

        return (await database.ask(question)).model_dump_json().encode()

    async def ask_topics(key: tuple[str, Size]) -> bytes:
        def question(client: Client) -> Topics:
            return read_topics(client, *key, now())

        return (await database.ask(question)).model_dump_json().encode()

    recent_trends = Recent(ask_trends, time.monotonic, keep=TRENDS_KEEP)
    recent_topics = Recent(ask_topics, time.monotonic, keep=TOPICS_KEEP)

    @api.get("/trends", response_model=Trends, responses=INVALID_OR_AWAY)
    async def trends(
        tenant: TenantName = "default",
        size: WindowSize = Size.HOUR,
        dimension: OfDimension = "overall",
        value: Value = "",
        windows: Windows = 168,
    ) -> Response:
        """One series of windows with moving averages, the changes of the newest closed one, and the series' alerts."""
        if (dimension == "overall") != (value == ""):
            wanted = (
                "leave it out for overall"
                if value
                else f"say which {dimension}, for example value={_EXAMPLES[dimension]}"
            )
            error = {"field": "value", "message": wanted}
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"value: {wanted}", errors=[error])
        asked = Series(tenant=tenant, size=size, dimension=dimension, value=value, windows=windows)
        return _json(await recent_trends.get(asked))

    @api.get("/topics", response_model=Topics, responses=INVALID_OR_AWAY)
    async def topics(tenant: TenantName = "default", size: WindowSize = Size.HOUR) -> Response:
        """Key phrases of customers that are at least twice as common as before: for windows of five minutes in the last
        hour against a day, of an hour in the last day against a week, of a day in the last week against four.
        """
        return _json(await recent_topics.get((tenant, size)))

    return api


_EXAMPLES: Final[dict[Dimension, str]] = {"overall": "", "channel": "email", "category": "billing"}


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers=NOT_KEPT)

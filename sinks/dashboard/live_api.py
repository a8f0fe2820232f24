"""What the live view asks: /api/v1/live, /api/v1/alerts, /api/v1/notifications, and all of them as /api/v1/stream."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.requests import Request

from sinks.dashboard.alerts import Alerts, read_alerts
from sinks.dashboard.database import Database
from sinks.dashboard.figures import Live
from sinks.dashboard.notifications import Notifications, read_notifications
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT, Minutes, TenantName
from sinks.dashboard.queries import read_live
from sinks.dashboard.recent import Recent
from sinks.dashboard.streaming import stream_of
from sinks.openapi import problems

# How long an answer serves everybody (seconds). Alerts and notifications change seldom: asked by themselves, neither
# makes the figures wait.
LIVE_KEEP: Final = 1.0
ALERTS_KEEP: Final = 3.0
NOTIFICATIONS_KEEP: Final = 3.0

Key = tuple[str, int]
_EVENTS: Final[dict[int | str, dict[str, Any]]] = {
    int(HTTPStatus.OK): {
        "description": "Server-sent events `live`, `alerts` and `notifications`: the members of the answer of the same "
        "name that changed, all of them at first. `away` says why the database does not answer, `back` that it does.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


def live_api(database: Database, now: Callable[[], datetime]) -> APIRouter:
    """The routes over a database. `now` is aware."""
    api = APIRouter(prefix="/api/v1")

    def kept(read: Callable[[Client, str, int, datetime], BaseModel], keep: float) -> Recent[Key, bytes]:
        async def ask(key: Key) -> bytes:
            def question(client: Client) -> BaseModel:
                return read(client, *key, now())

            return (await database.ask(question)).model_dump_json().encode()

        return Recent(ask, time.monotonic, keep=keep)

    recent_live = kept(read_live, LIVE_KEEP)
    recent_alerts = kept(read_alerts, ALERTS_KEEP)
    recent_notifications = kept(read_notifications, NOTIFICATIONS_KEEP)

    @api.get("/live", response_model=Live, responses=INVALID_OR_AWAY)
    async def live(tenant: TenantName = "default", minutes: Minutes = 30) -> Response:
        """Every figure of the live view, at most a second or so old."""
        return await _json(recent_live.get((tenant, minutes)))

    @api.get("/alerts", response_model=Alerts, responses=INVALID_OR_AWAY)
    async def alerts(tenant: TenantName = "default", minutes: Minutes = 30) -> Response:
        """Spikes, falls and silences: those that fire, however long, and those that were resolved in the span."""
        return await _json(recent_alerts.get((tenant, minutes)))

    @api.get("/notifications", response_model=Notifications, responses=INVALID_OR_AWAY)
    async def notifications(tenant: TenantName = "default", minutes: Minutes = 30) -> Response:
        """Who was told of what in the span, who was not and why, and what is on its way."""
        return await _json(recent_notifications.get((tenant, minutes)))

    @api.get("/stream", response_class=Response, responses={**_EVENTS, **problems(HTTPStatus.UNPROCESSABLE_ENTITY)})
    async def stream(request: Request, tenant: TenantName = "default", minutes: Minutes = 30) -> Response:
        """The three of them live, as server-sent events, for as long as somebody looks."""
        key = (tenant, minutes)
        parts = {"live": recent_live, "alerts": recent_alerts, "notifications": recent_notifications}
        return stream_of(request, {name: partial(recent.get, key) for name, recent in parts.items()})

    return api


async def _json(body: Awaitable[bytes]) -> Response:
    return Response(await body, media_type="application/json", headers=NOT_KEPT)

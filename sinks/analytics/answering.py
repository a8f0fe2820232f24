"""How a route of analytics answers: the database is asked off the event loop, and what is wrong is told as it is."""

from collections.abc import Callable
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from starlette.requests import Request
from starlette.responses import Response

from sinks.analytics.answers import answered, as_csv, as_json
from sinks.analytics.cursors import InvalidCursor
from sinks.analytics.figures import Answer
from sinks.analytics.parameters import invalid
from sinks.analytics.selection import InvalidSpan, Selection
from sinks.dashboard.database import Database
from sinks.dashboard.parameters import INVALID_OR_AWAY

Read = Callable[[Client, Selection], Answer]

_CSV: Final = "text/csv; charset=utf-8"
UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "What If-None-Match names is still so."}}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {**INVALID_OR_AWAY, **UNCHANGED}
WITH_CSV: Final[dict[int | str, dict[str, Any]]] = {
    **RESPONSES,
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
}


class Answering:
    """Answers questions over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self, request: Request, selection: Selection, read: Read, wanted: str = "json", table: str = ""
    ) -> Response:
        """What `read` finds, as JSON, or the rows of its field `table` as CSV where that is wanted.

        Raises Away, and RequestValidationError for what only the question can tell to be wrong.
        """
        try:
            found = await self._database.ask(lambda client: read(client, selection))
        except InvalidSpan as error:
            raise invalid(error.field, str(error)) from error
        except InvalidCursor as error:
            raise invalid("cursor", str(error)) from error
        if wanted == "json":
            return answered(request, as_json(found), "application/json")
        name = request.url.path.rstrip("/").rpartition("/")[2]
        return answered(request, as_csv(found, table), _CSV, f"{name}.csv")

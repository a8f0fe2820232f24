"""A report on demand: GET /api/v1/report, as HTML, Markdown or JSON.

The page's strict policy for contents stays: the report's stylesheet is an address of its own. What is downloaded has it
inside.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from sinks.analytics.parameters import selection_of
from sinks.analytics.selection import Selection
from sinks.dashboard.database import Database
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT
from sinks.reports.composing import compose
from sinks.reports.html import html, stylesheet
from sinks.reports.kept import file_name
from sinks.reports.markdown import markdown
from sinks.reports.material import read_material
from sinks.reports.model import Report
from sinks.reports.telling import ADDRESS

STYLE: Final = f"{ADDRESS}/style.css"

Form = Annotated[Literal["html", "md", "json"], Query(alias="format", description="As a page, as Markdown, as data.")]
Download = Annotated[bool, Query(description="As a file that has all that it needs.")]
_OF_ALL: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": Report,
        "content": {"text/html": {"schema": {"type": "string"}}, "text/markdown": {"schema": {"type": "string"}}},
    }
}


def report_api(database: Database, now: Callable[[], datetime]) -> APIRouter:
    """The routes over a database. `now` is aware."""
    api = APIRouter()
    chosen = Depends(selection_of(now))

    @api.get(ADDRESS, response_class=Response, responses={**_OF_ALL, **INVALID_OR_AWAY})
    async def report(
        selection: Annotated[Selection, chosen], form: Form = "html", download: Download = False
    ) -> Response:
        """What the numbers of the span say: its figures, those before it, what to do, and what that rests on."""
        material = await database.ask(lambda client: read_material(client, selection))
        made = compose(material, now())
        body, media_type = _written(made, form, download)
        named = {"Content-Disposition": f'attachment; filename="{file_name(made, form)}"'} if download else {}
        return Response(body, media_type=media_type, headers={**NOT_KEPT, **named})

    @api.get(STYLE, include_in_schema=False)
    async def style() -> Response:
        return Response(stylesheet(), media_type="text/css", headers={"Cache-Control": "no-cache"})

    return api


def _written(report: Report, form: str, download: bool) -> tuple[str, str]:
    if form == "json":
        return report.model_dump_json(), "application/json"
    if form == "md":
        return markdown(report), "text/markdown; charset=utf-8"
    if download:
        return html(report), "text/html; charset=utf-8"
    return html(report, page="", linked_style=STYLE), "text/html; charset=utf-8"

"""Experiments on demand: GET /api/v1/experiments, and one as data or as a report."""

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from schemas.experiments import Running
from sinks.access.principals import principal_of
from sinks.dashboard.database import Database
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT
from sinks.dashboard.problems import problem
from sinks.experiments.report import report_of
from sinks.experiments.standing import Standing, standing_of
from sinks.experiments.tickets import read_tickets
from sinks.openapi import problems
from sinks.reports.html import html
from sinks.reports.markdown import markdown
from sinks.reports.report_api import STYLE

ADDRESS: Final = "/api/v1/experiments"

ExperimentName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,19}$", description="Which experiment.")]
Form = Annotated[Literal["json", "html", "md"], Query(alias="format", description="As data, as a page, as Markdown.")]
# A token's own tenant is filled in.
OfTenant = Annotated[
    str | None, Query(pattern=r"^[A-Za-z0-9_.\-]{1,64}$", description="Whose experiments; without it, of all tenants.")
]
# The experiments as their files say now. Raises ValueError, which says what is wrong in them.
Source = Callable[[], Sequence[Running]]
_ONE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": Standing,
        "content": {"text/html": {"schema": {"type": "string"}}, "text/markdown": {"schema": {"type": "string"}}},
    }
}


class Experiments(BaseModel):
    """The experiments that this process knows, and what is wrong in their files."""

    model_config = ConfigDict(frozen=True)

    experiments: list[Running]
    wrong: str = ""


def experiments_api(database: Database, source: Source, now: Callable[[], datetime]) -> APIRouter:
    """The routes over a database. `now` is aware."""
    api = APIRouter()

    @api.get(ADDRESS, responses=INVALID_OR_AWAY)
    def experiments(request: Request, tenant: OfTenant = None) -> Experiments:
        """What is tried, and when its arms took no tickets."""
        try:
            return Experiments(experiments=_of(tenant, source()))
        except ValueError as error:
            return Experiments(experiments=[], wrong=_told(request, error))

    @api.get(
        ADDRESS + "/{name}",
        response_class=Response,
        responses={**_ONE, **problems(HTTPStatus.NOT_FOUND), **INVALID_OR_AWAY},
    )
    async def experiment(
        request: Request, name: ExperimentName, form: Form = "json", tenant: OfTenant = None
    ) -> Response:
        """How an experiment stands now: its arms, each metric with an interval that holds at every look, and what
        follows. To ask often changes nothing.
        """
        try:
            found = next((each for each in _of(tenant, source()) if each.experiment.name == name), None)
        except ValueError as error:
            return problem(HTTPStatus.NOT_FOUND, f"the experiments cannot be read: {_told(request, error)}")
        if found is None:
            return problem(HTTPStatus.NOT_FOUND, f"there is no experiment {name!r}")
        chosen = found
        standing = await database.ask(lambda client: read_standing(client, chosen, now()))
        body, media_type = _written(standing, form)
        return Response(body, media_type=media_type, headers=NOT_KEPT)

    return api


def _of(tenant: str | None, running: Sequence[Running]) -> list[Running]:
    return [each for each in running if tenant in (None, each.experiment.tenant)]


def _told(request: Request, error: ValueError) -> str:
    """What is wrong in the files, which are of all tenants."""
    return str(error) if principal_of(request).tenant is None else "something is wrong in their files"


def read_standing(client: Client, running: Running, now: datetime) -> Standing:
    """How an experiment stands by what is stored."""
    return standing_of(running, read_tickets(client, running, now), now)


def _written(standing: Standing, form: str) -> tuple[str, str]:
    if form == "json":
        return standing.model_dump_json(), "application/json"
    report = report_of(standing)
    if form == "md":
        return markdown(report), "text/markdown; charset=utf-8"
    return html(report, page="", linked_style=STYLE), "text/html; charset=utf-8"

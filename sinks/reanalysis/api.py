"""/api/v1/reanalysis: begin, follow and stop; and the path under which the helpdesk that this replaces had it."""

import uuid
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel

from sinks.access.principals import principal_of
from sinks.clickhouse.client import CannotOpen
from sinks.dashboard.database import Away, Database
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT, TenantName
from sinks.dashboard.problems import problem
from sinks.openapi import problems
from sinks.reanalysis.models import (
    HelpdeskAnswer,
    HelpdeskRequest,
    HelpdeskResult,
    ReanalysisRequest,
    ReanalysisRun,
    ReanalysisRuns,
)
from sinks.reanalysis.reading import read_results, read_run, read_runs, tickets_of
from sinks.reanalysis.runner import Busy, NotAsked, Reanalyses

PATH: Final = "/api/v1/reanalysis"
HELPDESK_PATH: Final = "/helpdesk/sentiment/reanalyze/"
# How long a request of the helpdesk's waits; a hundred tickets take a second or two, and the first one the model's
# loading.
WAIT_SECONDS: Final = 20.0
_RETRY: Final = {"Retry-After": "10"}

RunId = Annotated[uuid.UUID, Path(description="Which run.")]
_REFUSED: Final = {**problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT), **INVALID_OR_AWAY}


def reanalysis_api(database: Database, runner: Reanalyses | None) -> APIRouter:
    """The routes. Without a `runner` the page can only read, and says so with 503."""
    api = APIRouter()

    @api.post(PATH, status_code=HTTPStatus.ACCEPTED, response_model=ReanalysisRun, responses=_REFUSED)
    async def start(request: Request, asked: ReanalysisRequest, tenant: TenantName = "default") -> Response:
        """Score stored events again, by the current model and policy: 202 with the run; `Location` tells how it goes.

        One runs at a time: 409 names it. Nobody is told and nothing escalates, unless `escalate` asks for it.
        """
        if runner is None:
            return _nobody()
        if asked.resume is not None:
            run = await _found(database, tenant, asked.resume)
            if run is None:
                return _unknown(asked.resume)
            started: str | Response = await _tried(request, runner.resume(run.id), run.id)
        else:
            started = await _tried(request, runner.start(_fields(asked, tenant)))
        return started if isinstance(started, Response) else await _told(database, tenant, started)

    @api.get(PATH, response_model=ReanalysisRuns, responses=INVALID_OR_AWAY)
    async def runs(tenant: TenantName = "default") -> Response:
        """The tenant's newest runs first."""
        return _json(await database.ask(partial(_read_runs, tenant)))

    @api.get(PATH + "/{run_id}", response_model=ReanalysisRun, responses=_REFUSED)
    async def one(run_id: RunId, tenant: TenantName = "default") -> Response:
        """How far a run is: a second or so behind."""
        run = await _found(database, tenant, str(run_id))
        return _unknown(str(run_id)) if run is None else _json(run)

    @api.delete(PATH + "/{run_id}", status_code=HTTPStatus.ACCEPTED, response_model=ReanalysisRun, responses=_REFUSED)
    async def stop(run_id: RunId, tenant: TenantName = "default") -> Response:
        """Stop it behind what is under way; what is stored stays, and `resume` goes on. 409 if it does not run here."""
        if runner is None:
            return _nobody()
        run = await _found(database, tenant, str(run_id))
        if run is None:
            return _unknown(str(run_id))
        if not runner.stop(run.id):
            return problem(HTTPStatus.CONFLICT, f"re-analysis {run.id} does not run here: it is {run.state}")
        return _json(run, HTTPStatus.ACCEPTED)

    @api.post(HELPDESK_PATH, response_model=HelpdeskAnswer, responses=_REFUSED)
    async def helpdesk(request: Request, asked: HelpdeskRequest, tenant: TenantName = "default") -> Response:
        """As the replaced helpdesk had it: one ticket, some by ids, or up to 100 of a status, scored again at once.

        What takes longer than 20 s goes on, with `status` `running` and the id to ask `/api/v1/reanalysis` by.
        """
        if runner is None:
            return _nobody()
        ids = [*asked.ticket_ids, *([asked.ticket_id] if asked.ticket_id else [])]
        before = {each.ticket_id: each for each in await _results(database, tenant, ids)} if ids else {}
        if asked.ticket_id is not None and len(ids) == 1 and not before:
            return problem(
                HTTPStatus.NOT_FOUND, f"no text of ticket {asked.ticket_id!r} of tenant {tenant!r} is stored"
            )
        fields: dict[str, Any] = {"tenant": tenant, "tickets": ids}
        if not ids:
            fields |= {"status": asked.status, "limit": asked.limit}
        started = await _tried(request, runner.start(fields))
        if isinstance(started, Response):
            return started
        done = await runner.ended(started, WAIT_SECONDS)
        run = await _found(database, tenant, started)
        if run is None or run.state == "failed":
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, f"re-analysis {started} failed: {run.error if run else ''}")
        now = await _results(database, tenant, ids or tickets_of(run)) if done else []
        return _json(_answer(run, done, now, before))

    return api


def _answer(
    run: ReanalysisRun, done: bool, now: list[HelpdeskResult], before: dict[str, HelpdeskResult]
) -> HelpdeskAnswer:
    results = [
        each.model_copy(update={"previous_label": before[each.ticket_id].sentiment_label})
        if each.ticket_id in before
        else each
        for each in now
    ]
    analyzed = sum(each.sentiment_score is not None for each in results)
    return HelpdeskAnswer(
        status="success" if done else "running",
        message=f"{analyzed} of {run.tickets} tickets re-analyzed" if done else "it goes on",
        run_id=run.id,
        total=run.tickets,
        analyzed=analyzed,
        failed=len(results) - analyzed,
        results=results,
    )


def _fields(asked: ReanalysisRequest, tenant: str) -> dict[str, Any]:
    fields = asked.model_dump(exclude={"ticket_ids", "resume"}, exclude_none=True)
    return {**fields, "tickets": asked.ticket_ids, "tenant": tenant}


async def _tried(request: Request, starting: Any, run_id: str = "") -> str | Response:
    """The run's id, or why there is none."""
    try:
        found = await starting
    except Busy as error:
        # The one that runs may be another tenant's.
        told = str(error) if principal_of(request).tenant is None else "another re-analysis runs: wait for its end"
        return problem(HTTPStatus.CONFLICT, told, _RETRY)
    except NotAsked as error:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
    except (ClickHouseError, CannotOpen, OSError) as error:
        raise Away(str(error).strip().split("\n", 1)[0]) from error
    return run_id or str(found)


async def _told(database: Database, tenant: str, run_id: str) -> Response:
    run = await _found(database, tenant, run_id)
    if run is None:
        raise Away(f"re-analysis {run_id} has begun and cannot be read yet")
    return _json(run, HTTPStatus.ACCEPTED, {"Location": f"{PATH}/{run_id}"})


async def _found(database: Database, tenant: str, run_id: str) -> ReanalysisRun | None:
    try:
        wanted = str(uuid.UUID(run_id))
    except ValueError:
        return None
    return await database.ask(partial(_read_run, tenant, wanted))


async def _results(database: Database, tenant: str, tickets: list[str]) -> list[HelpdeskResult]:
    return await database.ask(partial(_read_results, tenant, tickets))


def _read_run(tenant: str, run_id: str, client: Client) -> ReanalysisRun | None:
    return read_run(client, tenant, run_id)


def _read_runs(tenant: str, client: Client) -> ReanalysisRuns:
    return read_runs(client, tenant)


def _read_results(tenant: str, tickets: list[str], client: Client) -> list[HelpdeskResult]:
    return read_results(client, tenant, tickets)


def _nobody() -> Response:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "this page runs no re-analysis; `ticketpulse reanalyze` does")


def _unknown(run_id: str) -> Response:
    return problem(HTTPStatus.NOT_FOUND, f"there is no re-analysis {run_id!r} of this tenant")


def _json(body: BaseModel, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    return Response(body.model_dump_json(), int(status), {**NOT_KEPT, **(headers or {})}, "application/json")

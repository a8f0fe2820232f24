"""/api/v1/tokens and /api/v1/audit: which tokens there are, and what was done with them."""

from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from schemas.audit import Result, Source
from schemas.events import LATEST
from sinks.access.gate import Gate
from sinks.access.principals import Role, principal_of
from sinks.access.tokens import StoredToken, TokenState
from sinks.dashboard.asking import Bound, ask, from_milliseconds
from sinks.dashboard.database import Database
from sinks.dashboard.paging import Cursor, Place, Rows, place_of
from sinks.dashboard.parameters import INVALID_OR_AWAY, NOT_KEPT
from sinks.openapi import problems

OfTenant = Annotated[
    str | None,
    Query(pattern=r"^[A-Za-z0-9_.\-]{1,64}$", description="What was done to a tenant's; without it, to all of them."),
]
OfAction = Annotated[str | None, Query(max_length=64, description="As `action` has it, such as correction.post.")]

_AUDIT: Final = """
SELECT toString(audit_id) AS id, toUnixTimestamp64Milli(at) AS at_ms, actor, token_id, tenant, action, target, source,
    address, result, detail
FROM audit FINAL
WHERE ({tenant:String} = '' OR tenant = {tenant:String}) AND ({action:String} = '' OR action = {action:String})
    AND (at_ms, audit_id) < ({before:Int64}, {id:UUID})
ORDER BY at_ms DESC, audit_id DESC
LIMIT {rows:UInt32}
"""


class ShownToken(BaseModel):
    """What is known of a token; not the token. Without a `tenant` it is for all."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    roles: list[Role]
    tenant: str | None
    state: TokenState
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class Tokens(BaseModel):
    """The newest first."""

    tokens: list[ShownToken]


class AuditEntry(BaseModel):
    """Who did what, when, to what, from where, and what came of it."""

    model_config = ConfigDict(frozen=True)

    audit_id: UUID
    at: datetime
    actor: str
    token_id: str | None
    tenant: str | None
    action: str
    target: str
    source: Source
    address: str
    result: Result
    detail: str


class Audit(BaseModel):
    """The newest first. `next` is the cursor of those after them, null at the end."""

    entries: list[AuditEntry]
    next: str | None


def admin_api(gate: Gate, database: Database) -> APIRouter:
    """The routes."""
    api = APIRouter(prefix="/api/v1")

    @api.get("/tokens", response_model=Tokens, responses=problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))
    async def tokens(request: Request) -> Response:
        """The tokens that there are, with their state; those of a tenant for who has a token of it."""
        who = principal_of(request)
        shown = [_shown(gate, token) for token in gate.tokens() if who.tenant in (None, token.tenant)]
        return Response(Tokens(tokens=shown).model_dump_json(), media_type="application/json", headers=NOT_KEPT)

    @api.get("/audit", response_model=Audit, responses=INVALID_OR_AWAY)
    async def audit(
        tenant: OfTenant = None, action: OfAction = None, limit: Rows = 50, cursor: Cursor = None
    ) -> Response:
        """What was done by a right to act or to administer; a second or two behind."""
        place = place_of(cursor, LATEST)
        found = await database.ask(partial(read_audit, tenant or "", action or "", limit, place))
        return Response(found.model_dump_json(), media_type="application/json", headers=NOT_KEPT)

    return api


def read_audit(tenant: str, action: str, rows: int, after: Place, client: Client) -> Audit:
    """The entries from a place on; an empty `tenant` or `action` is any. Raises clickhouse_connect's errors."""
    bound: Bound = {
        "tenant": tenant,
        "action": action,
        "before": after.milliseconds,
        "id": str(after.id),
        "rows": rows + 1,
    }
    found = ask(client, _AUDIT, bound)
    shown = found[:rows]
    last = Place(shown[-1]["at_ms"], UUID(shown[-1]["id"])).cursor if len(found) > rows else None
    return Audit(entries=[_entry(row) for row in shown], next=last)


def _entry(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(
        audit_id=row["id"],
        at=from_milliseconds(row["at_ms"]),
        **{name: row[name] or None for name in ("token_id", "tenant")},
        **{name: row[name] for name in ("actor", "action", "target", "source", "address", "result", "detail")},
    )


def _shown(gate: Gate, token: StoredToken) -> ShownToken:
    return ShownToken(
        **token.model_dump(include={"id", "name", "roles", "tenant", "created_at", "expires_at", "revoked_at"}),
        state=gate.state_of(token),
    )

"""/api/v1/session: a browser signs in with a token and out again, and asks who it is."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints

from sinks.access.audit import tell
from sinks.access.gate import Gate, Opened
from sinks.access.layer import Refusal, count, wrong_token
from sinks.access.principals import Principal, Right, Role, admit, principal_of
from sinks.access.sessions import cookie_header, cookie_of
from sinks.access.tokens import MAX_TOKEN_CHARS
from sinks.dashboard.parameters import NOT_KEPT
from sinks.dashboard.problems import problem
from sinks.openapi import problems

_PREFIX: Final = "/api/v1"
_PATH: Final = "/session"
SESSION: Final = f"{_PREFIX}{_PATH}"
#: Anybody may ask to sign in: of the body no more is read than a token and what may stand around it.
SIGN_IN_BYTES: Final = 16_384

Shown = Annotated[SecretStr, StringConstraints(min_length=1, max_length=MAX_TOKEN_CHARS)]


class SignIn(BaseModel):
    """The token, as `ticketpulse token new` told it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Shown


class WhoIsThere(BaseModel):
    """Who asks: the token's name, its roles, what they allow, and whose tickets it sees; null for every tenant's.

    `open` tells that no tokens are asked for here. `ends_at` is told once, when a session begins.
    """

    name: str
    roles: list[Role]
    rights: list[Right]
    tenants: list[str] | None
    open: bool
    ends_at: datetime | None = None


def session_api(gate: Gate) -> APIRouter:
    """The routes."""
    api = APIRouter(prefix=_PREFIX)

    @api.get(
        _PATH, response_model=WhoIsThere, responses=problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
    )
    async def who(request: Request) -> Response:
        """Who asks, by the cookie or by the token."""
        return _answer(gate, principal_of(request))

    @api.post(
        _PATH,
        response_model=WhoIsThere,
        responses=problems(
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.TOO_MANY_REQUESTS,
        ),
    )
    async def sign_in(given: SignIn, request: Request) -> Response:
        """Sign in with a token: the answer sets a cookie, which is as good as the token for twelve hours."""
        if gate.is_open:
            return problem(HTTPStatus.CONFLICT, "no tokens are asked for here: everything may be done without one")
        tell(request.scope, target="session")
        try:
            opened = _opened(gate, given.token.get_secret_value().strip(), request)
        except Refusal as refusal:
            return problem(refusal.status, refusal.detail, refusal.headers)
        admit(request.scope, opened.principal)
        answer = _answer(gate, opened.principal, opened.session.ends_at)
        answer.headers["Set-Cookie"] = cookie_header(opened.cookie, secure=_is_secure(request))
        return answer

    @api.delete(_PATH, status_code=HTTPStatus.NO_CONTENT, responses=problems(HTTPStatus.FORBIDDEN))
    async def sign_out(request: Request) -> Response:
        """End the session, and take the cookie away. Without a session nothing happens."""
        cookie = cookie_of(request.headers.get("cookie"), secure=_is_secure(request))
        if cookie is not None:
            who = gate.by_cookie(cookie)
            if who is not None:
                admit(request.scope, who)
            gate.sign_out(cookie)
        tell(request.scope, target="session")
        gone = cookie_header("", secure=_is_secure(request))
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"Set-Cookie": gone, **NOT_KEPT})

    return api


def _opened(gate: Gate, token: str, request: Request) -> Opened:
    """A session. Raises Refusal for a wrong token, and when a right one has asked too often."""
    who = gate.by_token(token)
    if who is None:
        raise wrong_token(gate, request.scope)
    count(gate.limiter.request(who.token_id), who)
    return gate.sign_in(who)


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _answer(gate: Gate, who: Principal, ends_at: datetime | None = None) -> Response:
    told = WhoIsThere(
        name=who.name,
        roles=list(who.roles),
        rights=[right for right in Right if right in who.rights],
        tenants=None if who.tenant is None else [who.tenant],
        open=gate.is_open,
        ends_at=ends_at,
    )
    return Response(told.model_dump_json(), media_type="application/json", headers=NOT_KEPT)

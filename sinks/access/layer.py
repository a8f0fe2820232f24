"""The layer before an application: who asks, whether they may, how often, and for which tenant."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sinks.access.audit import address_of
from sinks.access.gate import Gate
from sinks.access.limits import Counted
from sinks.access.principals import ANYONE, Principal, Right, admit, principal_of_scope
from sinks.access.rules import UNSAFE, Rule, rule_of
from sinks.access.sessions import cookie_of
from sinks.dashboard.problems import problem
from sinks.prometheus import ACCESS_REFUSED

_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="ticketpulse"'}
_WRONG: Final = {"WWW-Authenticate": 'Bearer realm="ticketpulse", error="invalid_token"'}
_JSON: Final = "application/json"


class Refusal(Exception):
    """An answer in place of the application's."""

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class _Known(NamedTuple):
    """Who asks, and whether that still holds: an answer may go on for hours."""

    principal: Principal
    holds: Callable[[], bool]


class AccessLayer:
    """Lets through what `RULES` allow, under the gate's tokens; an open gate lets all through, as anyone.

    A request's tenant is its token's: filled in as the parameter `tenant` where it is missing, and no other is let
    through. Where `browsers` sign in, a session's cookie is as good as its token, and what changes something must come
    from a page of this server. What has an action in the rules is audited, before it is answered.
    """

    def __init__(self, app: ASGIApp, gate: Gate, *, browsers: bool) -> None:
        self._app = app
        self._gate = gate
        self._browsers = browsers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(dict(scope), receive, send)
        else:
            # There are none, and none shall come without a check.
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        admit(scope, ANYONE if self._gate.is_open else NOBODY)
        await self._gate.audit_changes()
        rule = rule_of(scope["method"], scope["path"])
        sending = _Sending(self._gate, scope, rule, send)
        try:
            known = self._let_in(scope, rule, sending)
            sending.holds = known.holds
        except Refusal as refusal:
            ACCESS_REFUSED.labels(str(int(refusal.status))).inc()
            answer = problem(refusal.status, refusal.detail, refusal.headers)
            await answer(scope, receive, sending)
            return
        try:
            await self._app(scope, receive, sending)
        except Exception:
            await sending.failed()
            raise

    def _let_in(self, scope: Scope, rule: Rule | None, sending: "_Sending") -> _Known:
        headers = Headers(scope=scope)
        cookie = self._cookie(scope, headers)
        if self._browsers and scope["method"] in UNSAFE and "authorization" not in headers:
            _refuse_foreign(scope["method"], headers, with_cookie=cookie is not None)
        if self._gate.is_open:
            return _Known(ANYONE, _always)
        if rule is not None and rule.right is None and not rule.signed_in:
            return _Known(NOBODY, _always)
        known = self._who(scope, headers, cookie)
        admit(scope, known.principal)
        _refuse_without_right(rule, known.principal)
        sending.counted = self._count(rule, known.principal)
        if known.principal.tenant is not None:
            scope["query_string"] = _of_tenant(scope["query_string"], known.principal.tenant)
        return known

    def _cookie(self, scope: Scope, headers: Headers) -> str | None:
        if not self._browsers:
            return None
        return cookie_of("; ".join(headers.getlist("cookie")), secure=scope["scheme"] == "https")

    def _who(self, scope: Scope, headers: Headers, cookie: str | None) -> _Known:
        gate, given = self._gate, headers.get("authorization")
        if given is not None:
            scheme, _, text = given.partition(" ")
            principal = gate.by_token(text.strip()) if scheme.lower() == "bearer" else None
            if principal is None:
                raise wrong_token(gate, scope)
            return _Known(principal, lambda: gate.standing(principal.token_id) == principal)
        if cookie is not None and (signed_in := gate.by_cookie(cookie)) is not None:
            return _Known(signed_in, lambda: gate.by_cookie(cookie) == signed_in)
        how = "sign in, or send Authorization: Bearer …" if self._browsers else "send Authorization: Bearer …"
        raise Refusal(HTTPStatus.UNAUTHORIZED, f"a token is needed here: {how}", _CHALLENGE)

    def _count(self, rule: Rule | None, who: Principal) -> Counted | None:
        sends_events = rule is not None and rule.right is Right.INGEST
        limiter = self._gate.limiter
        return count(limiter.events(who.token_id) if sends_events else limiter.request(who.token_id), who)


# Who has not said who they are. No roles: nothing is allowed by mistake.
NOBODY: Final = Principal("", "nobody", ())


def wrong_token(gate: Gate, scope: Scope) -> Refusal:
    """What a token that is not valid is answered with; it is counted by address."""
    counted = gate.limiter.failure(address_of(scope))
    if counted is not None and not counted.passed:
        return too_many(counted, "one address may send wrong tokens")
    gate.tell_of_failure(address_of(scope), scope["path"])
    return Refusal(HTTPStatus.UNAUTHORIZED, "the token is not known, has expired or was revoked", _WRONG)


def count(counted: Counted | None, who: Principal) -> Counted | None:
    """What is left of a token's limit; None without one. Raises Refusal for one too many."""
    if counted is not None and not counted.passed:
        raise too_many(counted, f"the token {who.name} may ask")
    return counted


def too_many(counted: Counted, who: str) -> Refusal:
    """What one too many is answered with."""
    detail = f"{who} {counted.most} times in {counted.window} seconds: try again in {max(1, counted.seconds)}"
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, detail, counted.headers)


def _refuse_without_right(rule: Rule | None, who: Principal) -> None:
    if rule is None:
        if Right.ADMIN not in who.rights:
            raise Refusal(HTTPStatus.NOT_FOUND, "Not Found")
    elif rule.right is not None and rule.right not in who.rights:
        has = " and ".join(who.roles)
        raise Refusal(HTTPStatus.FORBIDDEN, f"this needs the right to {rule.right}; the token {who.name} is for {has}")


def _refuse_foreign(method: str, headers: Headers, *, with_cookie: bool) -> None:
    """Raises Refusal for what a browser sends on behalf of another site, and with a cookie for what cannot be told."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        own = site == "same-origin"
    elif origin is not None:
        own = _host_of(origin) == headers.get("host", "").lower() != ""
    else:
        own = not with_cookie
    if not own:
        raise Refusal(HTTPStatus.FORBIDDEN, "a change must come from a page of this server, or with Authorization")
    if with_cookie and method != "DELETE" and headers.get("content-type", "").partition(";")[0].strip() != _JSON:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a change by a page is sent as {_JSON}")


def _host_of(origin: str) -> str:
    """In lower case, with its port; "" for what is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _of_tenant(query: bytes, tenant: str) -> bytes:
    """The parameters with this tenant. Raises Refusal when they name another one."""
    # As the framework reads them: what is checked is what a route gets.
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    named = [value for name, value in given if name == "tenant"]
    if any(value != tenant for value in named):
        raise Refusal(HTTPStatus.FORBIDDEN, f"the token is for tenant {tenant}, and for no other")
    return query if named else urlencode([*given, ("tenant", tenant)]).encode()


def _is_told(who: Principal, action: str, status: int) -> bool:
    """Whether the audit is to know. What anybody can repeat as often as they like would fill it: one too many, and what
    was tried without a token, but for wrong tokens, which are counted.
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return False
    return who != NOBODY or (action == "session.open" and status == HTTPStatus.UNAUTHORIZED)


def _always() -> bool:
    return True


class _Sending:
    """The way of an answer: with what is left of the limit, audited before it begins, and ended when the token is."""

    def __init__(self, gate: Gate, scope: Scope, rule: Rule | None, send: Send) -> None:
        self.counted: Counted | None = None
        self.holds: Callable[[], bool] = _always
        self._gate = gate
        self._scope = scope
        self._action = rule.action if rule else ""
        self._asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        self._send = send
        self._begun = self._ended = False

    async def __call__(self, message: Message) -> None:
        """ASGI."""
        if self._ended:
            return
        if message["type"] == "http.response.start":
            self._begun = True
            if self.counted is not None:
                headers = MutableHeaders(scope=message)
                for name, value in self.counted.headers.items():
                    headers.setdefault(name, value)
            await self._audit(message["status"])
        elif message.get("more_body") and not self.holds():
            self._ended = True
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def failed(self) -> None:
        """The application has raised."""
        if not self._begun:
            await self._audit(int(HTTPStatus.INTERNAL_SERVER_ERROR))

    async def _audit(self, status: int) -> None:
        who = principal_of_scope(self._scope)
        if self._action and _is_told(who, self._action, status):
            await self._gate.auditor.of_request(
                self._scope, who, self._action, self._asked.get("tenant", "")[:64], status
            )

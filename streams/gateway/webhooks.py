"""POST /api/v1/webhooks/{vendor}: what a helpdesk tells becomes ticket events.

It is in no API document: its callers are programs of others, and each sends what it likes.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, SecretStr

from schemas.rejections import Reason, Rejected
from sinks.prometheus import GATEWAY_EVENTS, WEBHOOKS
from streams.gateway.body import read_body
from streams.gateway.door import Door
from streams.gateway.problems import Problem, error_of, refuse_other
from streams.gateway.reading import PLAIN, Accepted, Limits, media_type_of, read_fields
from streams.gateway.writer import EventWriter
from streams.gateway.writing import outcome_of, write
from streams.sources.fields import Read
from streams.sources.vendors import VENDORS, Vendor

PATH: Final = "/api/v1/webhooks/{vendor}"

Tenant = Annotated[str, Query(pattern=r"^[A-Za-z0-9_.\-]{1,64}$")]


class WebhookAnswer(BaseModel):
    """The ids of the events that were made of it. Of none, `passed_over` says why."""

    accepted: list[str]
    passed_over: str | None = None


def webhooks(
    writer: EventWriter,
    door: Door,
    secrets: Mapping[str, SecretStr],
    clock: Callable[[], datetime],
    limits: Limits,
    tenants: Collection[str] = (),
) -> APIRouter:
    """The interface. A vendor without a secret is answered 503. It is for `tenants` only, if there are any."""
    router = APIRouter()

    @router.post(PATH, status_code=HTTPStatus.ACCEPTED, include_in_schema=False)
    async def post_webhook(vendor: str, request: Request, tenant: Tenant = "default") -> WebhookAnswer:
        """Take a webhook: 202 once the log has acknowledged every event of it."""
        known = _vendor(vendor)
        try:
            body = await _genuine(known, request, secrets, clock(), limits)
            refuse_other(tenant, tenants)
            found = _read(known, body, tenant)
            events = [read_fields(fields, clock(), limits) for fields in found.events]
            await _store(writer, door, events)
        except Problem as problem:
            WEBHOOKS.labels(known.name, _OUTCOMES.get(problem.status, "rejected")).inc()
            raise
        WEBHOOKS.labels(known.name, "accepted" if events else "passed_over").inc()
        return WebhookAnswer(accepted=[each.event_id for each in events], passed_over=found.passed_over)

    return router


_OUTCOMES: Final = {
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "over_quota",
}


async def _store(writer: EventWriter, door: Door, events: Sequence[Accepted]) -> None:
    try:
        await write(writer, events, door)
    except Problem as problem:
        GATEWAY_EVENTS.labels(outcome_of(problem)).inc(len(events))
        raise
    GATEWAY_EVENTS.labels("accepted").inc(len(events))


def _vendor(name: str) -> Vendor:
    vendor = VENDORS.get(name)
    if vendor is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there are webhooks of {', '.join(VENDORS)}, and of nobody else")
    return vendor


async def _genuine(
    vendor: Vendor, request: Request, secrets: Mapping[str, SecretStr], now: datetime, limits: Limits
) -> bytes:
    """The body of a request that comes from the vendor. Raises Problem: 401, 413, 415 or 503."""
    secret = secrets.get(vendor.name)
    if secret is None:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"webhooks of {vendor.name} are not taken, because no secret is set: set {vendor.setting} and start again",
        )
    media_type_of(request.headers, [PLAIN])
    body = await read_body(request, limits)
    wrong = vendor.check(secret.get_secret_value().encode(), request.headers, body, now)
    if wrong is not None:
        # RFC 9110 wants the header; none of its schemes is what vendors do.
        raise Problem(HTTPStatus.UNAUTHORIZED, wrong, headers={"WWW-Authenticate": "Signature"})
    return body


def _read(vendor: Vendor, body: bytes, tenant: str) -> Read:
    try:
        payload = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(Rejected(Reason.NOT_JSON, "value", f"not JSON: {error}")) from None
    if not isinstance(payload, dict):
        raise _bad(Rejected(Reason.NOT_AN_OBJECT, "value", "a webhook is a JSON object"))
    found = vendor.read(payload, tenant)
    if isinstance(found, Rejected):
        raise _bad(found)
    return found


def _bad(rejected: Rejected) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, str(rejected), errors=[error_of(rejected, None)])

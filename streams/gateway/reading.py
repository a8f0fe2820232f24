"""A request's body to ticket events. Pure: all of them, or a problem that names each bad one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from schemas.cloudevents import STRUCTURED, read_message
from schemas.events import MAX_EVENT_BYTES, TicketEvent, event_from, read_event, tenant_of, ticket_key
from schemas.rejections import Reason, Rejected
from schemas.scored import encode_event
from streams.gateway.problems import Problem, error_of

BATCH = "application/cloudevents-batch+json"
PLAIN = "application/json"
ACCEPTED = (PLAIN, STRUCTURED, BATCH)
MAX_REPORTED = 20


class Limits(NamedTuple):
    """Upper bounds of one request, in bytes and events."""

    body_bytes: int = 8 * MAX_EVENT_BYTES
    event_bytes: int = MAX_EVENT_BYTES
    events: int = 1000


DEFAULT_LIMITS = Limits()


class Accepted(NamedTuple):
    """An event as it goes to the log."""

    event_id: str
    key: bytes
    value: bytes

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return tenant_of(self.key)


_raw_list = msgspec.json.Decoder(list[msgspec.Raw])


def read_request(
    body: bytes,
    headers: Mapping[str, str],
    received_at: datetime,
    limits: Limits = DEFAULT_LIMITS,
    tenant: str | None = None,
) -> list[Accepted]:
    """Every event of a request, in order. Header names are lower case. Of a sender who has a `tenant`, an event without
    one is that tenant's. Raises Problem: 400, 413 or 415, and 403 for an event of another tenant.
    """
    media_type = media_type_of(headers)
    attributes = {name: unquote(text) for name, text in headers.items() if name.startswith("ce-")}
    if "ce-specversion" in attributes:
        if media_type != PLAIN:
            raise _unsupported(f"a binary CloudEvent carries {PLAIN}, not {media_type}")
        event = _of_tenant(read_message(body, attributes, received_at), body, tenant)
        return _all_or_nothing([event], limits, single=True)
    is_list = body.lstrip()[:1] == b"["
    if media_type == BATCH and not is_list:
        raise Problem(HTTPStatus.BAD_REQUEST, f"{BATCH} is a JSON array of CloudEvents")
    if media_type == STRUCTURED and is_list:
        raise Problem(HTTPStatus.BAD_REQUEST, f"{STRUCTURED} is one CloudEvent; a list of them is {BATCH}")
    elements = _elements(body, limits) if is_list else [body]
    if media_type == PLAIN:
        events = [_of_tenant(read_event(one, received_at), one, tenant) for one in elements]
        return _all_or_nothing(events, limits, single=not is_list)
    structured = {"content-type": STRUCTURED}
    events = [_of_tenant(read_message(one, structured, received_at), one, tenant, _Enveloped) for one in elements]
    return _all_or_nothing(events, limits, single=not is_list)


class _Named(msgspec.Struct):
    """Whether an event says whose it is."""

    tenant: Any = None


class _Enveloped(msgspec.Struct):
    data: _Named


def _of_tenant(
    event: TicketEvent | Rejected, body: bytes, tenant: str | None, kind: type[_Named] | type[_Enveloped] = _Named
) -> TicketEvent | Rejected:
    """The event of a sender who has a `tenant`. Raises Problem: 403."""
    if tenant is None or isinstance(event, Rejected) or event.tenant == tenant:
        return event
    said = msgspec.json.decode(body, type=kind)
    if (said if isinstance(said, _Named) else said.data).tenant is None:
        event.tenant = tenant
        return event
    raise Problem(
        HTTPStatus.FORBIDDEN,
        f"event {event.event_id!r} is of tenant {event.tenant}; the token is for {tenant}, and for no other",
        errors=[{"field": "tenant", "reason": Reason.INVALID.value, "message": f"wanted: {tenant}, or none"}],
    )


def read_fields(fields: Mapping[str, object], received_at: datetime, limits: Limits = DEFAULT_LIMITS) -> Accepted:
    """One event of its fields as they would stand in JSON. Raises Problem: 400 or 413."""
    (accepted,) = _all_or_nothing([event_from(dict(fields), received_at)], limits, single=True)
    return accepted


def media_type_of(headers: Mapping[str, str], accepted: Sequence[str] = ACCEPTED) -> str:
    """What a body is, `accepted` at that and UTF-8 as it is. Header names are lower case. Raises Problem: 415."""
    media_type, _, parameters = headers.get("content-type", PLAIN).partition(";")
    media_type = media_type.strip().lower()
    if media_type not in accepted:
        detail = f"Content-Type {media_type!r} is not read here; send one of {', '.join(accepted)}"
        raise _unsupported(detail, accepted)
    charset = parameters.lower().replace('"', "").partition("charset=")[2].partition(";")[0].strip()
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise _unsupported(f"charset {charset!r} is not read here; JSON is UTF-8")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise _unsupported("a compressed body is not read here; send it without Content-Encoding")
    return media_type


def _unsupported(detail: str, accepted: Sequence[str] = ACCEPTED) -> Problem:
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, headers={"Accept": ", ".join(accepted)})


def _elements(body: bytes, limits: Limits) -> Sequence[bytes]:
    """The elements of a JSON array as they were sent, so that each is measured and read by itself."""
    try:
        elements = _raw_list.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad([error_of(Rejected(Reason.NOT_JSON, "value", f"not JSON: {error}"), None)], 1) from None
    if not elements:
        raise Problem(HTTPStatus.BAD_REQUEST, "an empty list: send at least one event")
    if len(elements) > limits.events:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{len(elements):,} events; one request may have {limits.events:,}: send several",
            limit=limits.events,
        )
    return [bytes(element) for element in elements]


def _all_or_nothing(events: Sequence[TicketEvent | Rejected], limits: Limits, *, single: bool) -> list[Accepted]:
    accepted, errors = [], []
    for index, event in enumerate(events):
        outcome = event if isinstance(event, Rejected) else _encode(event, limits)
        if isinstance(outcome, Rejected):
            errors.append(error_of(outcome, None if single else index))
        else:
            accepted.append(outcome)
    if not errors:
        return accepted
    if all(error["reason"] == Reason.TOO_LARGE for error in errors):
        raise _too_large(errors, limits)
    raise _bad(errors, len(events))


def _encode(event: TicketEvent, limits: Limits) -> Accepted | Rejected:
    """The event as it goes to the log, measured again: with its defaults filled in it may have passed the limit."""
    try:
        key, value = ticket_key(event.tenant, event.ticket_id), encode_event(event)
    except RecursionError:
        return Rejected(Reason.NOT_JSON, "value", "nested too deeply")
    except UnicodeEncodeError:
        # JSON can escape it, and some parsers let it pass.
        return Rejected(Reason.INVALID, "value", "a text has half of a surrogate pair, which UTF-8 cannot hold")
    if len(value) > limits.event_bytes:
        return Rejected(Reason.TOO_LARGE, "value", f"{len(value):,} bytes; an event may have {limits.event_bytes:,}")
    return Accepted(event.event_id, key, value)


def _bad(errors: Sequence[dict[str, object]], total: int) -> Problem:
    first = errors[0]
    place = f"event {first['index']}: " if "index" in first else ""
    detail = f"{place}{first['field']}: {first['message']}"
    if total > 1:
        detail = f"{len(errors)} of {total} events cannot be read and none was accepted; {detail}"
    return Problem(HTTPStatus.BAD_REQUEST, detail, errors=errors[:MAX_REPORTED], bad=len(errors))


def _too_large(errors: Sequence[dict[str, object]], limits: Limits) -> Problem:
    problem = _bad(errors, len(errors) if len(errors) > 1 else 1)
    problem.status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    problem.members["limit"] = limits.event_bytes
    return problem

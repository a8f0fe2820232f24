"""Which events a re-analysis is of, as it was asked for, and as SQL with bound values."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec

from schemas.events import EARLIEST, LATEST, Channel, Id, Status, Tenant

MOST_TICKETS: Final = 100_000
USUAL_LIMIT: Final = 100

Bound = Mapping[str, Any]
Limit = Annotated[int, msgspec.Meta(ge=1, le=MOST_TICKETS)]


class BadRequest(Exception):
    """What is wrong with what was asked for, and what to do."""


class Asked(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """All conditions hold at once. Without `tenant` it is of all tenants, but for tickets that are named or chosen.

    `tickets` are ids; `status` is the last one that a ticket's events name; `limit` takes the tickets with the newest
    events, and 100 of those of a status unless it says otherwise. `since` and `until` are bounds of events' own times,
    `until` exclusive. `everything` says that no condition but tenant and channel is meant. With `escalate` an
    escalation is asked for where the new scores call for one.
    """

    tenant: Tenant | None = None
    tickets: Annotated[tuple[Id, ...], msgspec.Meta(max_length=MOST_TICKETS)] = ()
    status: Status | None = None
    limit: Limit | None = None
    channel: Channel | None = None
    since: datetime | None = None
    until: datetime | None = None
    everything: bool = False
    escalate: bool = False


def check(asked: Asked) -> Asked:
    """The same with a limit and a tenant where there must be one. Raises BadRequest."""
    named = asked.tickets or asked.status or asked.limit or asked.since or asked.until
    if not named and not asked.everything:
        raise BadRequest("say which tickets: by ids, by status, a limit, since a date, or everything")
    if asked.everything and named:
        raise BadRequest("everything, or some: ids, status, limit and dates each name a part")
    if asked.tickets and (asked.status or asked.limit):
        raise BadRequest("tickets are named by ids, or chosen by status and limit; not both")
    for name in ("since", "until"):
        moment = getattr(asked, name)
        if moment is not None and moment.tzinfo is None:
            raise BadRequest(f"{name}: a time with an offset, as 2026-11-01T00:00:00Z")
        if moment is not None and not EARLIEST <= moment < LATEST:
            raise BadRequest(f"{name}: {moment.isoformat()} is not from 1970 to 2099")
    if asked.since and asked.until and asked.since >= asked.until:
        raise BadRequest("since is not before until: no event is between them")
    if asked.status and asked.limit is None:
        asked = msgspec.structs.replace(asked, limit=USUAL_LIMIT)
    if asked.tenant is None and (asked.tickets or asked.limit):
        # Two tenants may have tickets of one id.
        asked = msgspec.structs.replace(asked, tenant="default")
    return asked


def conditions(asked: Asked, as_of: datetime) -> tuple[str, dict[str, Any]]:
    """Of rows: those of the tenant, channel and time that were appended before `as_of`. Tickets are not in it."""
    found = ["appended_at < fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')"]
    bound: dict[str, Any] = {"as_of": _milliseconds(as_of)}
    if asked.tenant is not None:
        found.append("tenant = {tenant:String}")
        bound["tenant"] = asked.tenant
    if asked.channel is not None:
        found.append("channel = {channel:String}")
        bound["channel"] = asked.channel
    for name, comparison in (("since", ">="), ("until", "<")):
        moment = getattr(asked, name)
        if moment is not None:
            found.append(f"occurred_at {comparison} fromUnixTimestamp64Milli({{{name}:Int64}}, 'UTC')")
            bound[name] = _milliseconds(moment)
    return " AND ".join(found), bound


def encode(asked: Asked) -> str:
    """JSON."""
    return msgspec.json.encode(asked).decode()


def decode(text: str) -> Asked:
    """Of `encode`."""
    return msgspec.json.decode(text, type=Asked)


def _milliseconds(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp() * 1000)

"""The events of a re-analysis as slices of tickets, in the order of the table's key, so that a place in them says what
is done.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client

from streams.reanalysis.asked import Asked, Bound, conditions
from streams.reanalysis.rows import COLUMNS

SLICE_EVENTS: Final = 4_000
# As many ids as fit into an address, which is how a server is given them.
_IDS_AT_A_TIME: Final = 200


class Place(NamedTuple):
    """The last ticket that is done."""

    tenant: str
    ticket_id: str


class Slice(NamedTuple):
    """Tickets that follow each other: how many, their events, and what selects them."""

    last: Place
    tickets: int
    events: int
    where: str
    bound: Bound


class Size(NamedTuple):
    """How much a selection is of."""

    tickets: int
    events: int


def resolved(client: Client, asked: Asked, as_of: datetime) -> Asked:
    """With the ids of its tickets where they are chosen by status or limit: whoever resumes it means the same ones."""
    if asked.limit is None:
        return asked
    where, bound = conditions(asked, as_of)
    rows = client.query(
        f"SELECT ticket_id FROM scored_events_now WHERE {where} GROUP BY ticket_id "  # noqa: S608
        "HAVING {status:String} = '' OR "
        "argMaxIf(status, (occurred_at, log_partition, log_offset), status != '') = {status:String} "
        "ORDER BY max(occurred_at) DESC, ticket_id LIMIT {limit:UInt32}",
        parameters={**bound, "status": asked.status or "", "limit": asked.limit},
    ).result_rows
    return msgspec.structs.replace(asked, tickets=tuple(str(row[0]) for row in rows))


def size_of(client: Client, asked: Asked, as_of: datetime) -> Size:
    """Count a selection."""
    tickets = events = 0
    for where, bound in _parts(asked, as_of):
        rows = client.query(
            f"SELECT uniqExact(tenant, ticket_id), count() FROM scored_events_now WHERE {where}",  # noqa: S608
            parameters=bound,
        ).result_rows
        tickets, events = tickets + int(rows[0][0]), events + int(rows[0][1])
    return Size(tickets, events)


def slices(client: Client, asked: Asked, as_of: datetime, after: Place | None, events: int) -> Iterator[Slice]:
    """The selection behind a place, in slices of about so many events. A ticket is never cut."""
    for where, of_part in _parts(asked, as_of):
        beyond, bound = "1", of_part
        if after is not None:
            beyond = (
                "(tenant > {after_tenant:String} OR (tenant = {after_tenant:String} AND ticket_id > {after:String}))"
            )
            bound = {**of_part, "after_tenant": after.tenant, "after": after.ticket_id}
        rows = client.query(
            f"""
            SELECT tenant, min(ticket_id), max(ticket_id), count(), sum(events)
            FROM
            (
                SELECT tenant, ticket_id, events,
                    intDiv(sum(events) OVER (
                        PARTITION BY tenant ORDER BY ticket_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
                    ) - 1, {{size:UInt32}}) AS slice
                FROM
                (
                    SELECT tenant, ticket_id, count() AS events FROM scored_events_now
                    WHERE {where} AND {beyond} GROUP BY tenant, ticket_id
                )
            )
            GROUP BY tenant, slice ORDER BY tenant, slice""",  # noqa: S608
            parameters={**bound, "size": events},
        ).result_rows
        for tenant, first, last, tickets, of_slice in rows:
            within = "tenant = {of:String} AND ticket_id >= {first:String} AND ticket_id <= {last:String}"
            yield Slice(
                Place(tenant, last),
                int(tickets),
                int(of_slice),
                f"{where} AND {within}",
                {**bound, "of": tenant, "first": first, "last": last},
            )


def rows_of(client: Client, one: Slice) -> bytes:
    """The rows of a slice, for `rows.read_rows`."""
    return client.raw_query(
        f"SELECT {COLUMNS} FROM scored_events_now WHERE {one.where}",  # noqa: S608
        parameters=dict(one.bound),
        fmt="JSONCompactEachRow",
    )


def _parts(asked: Asked, as_of: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    where, bound = conditions(asked, as_of)
    if not asked.tickets and asked.limit is None:
        yield where, bound
        return
    named = sorted(set(asked.tickets))
    for start in range(0, len(named), _IDS_AT_A_TIME):
        ids = named[start : start + _IDS_AT_A_TIME]
        yield f"{where} AND ticket_id IN {{ids:Array(String)}}", {**bound, "ids": ids}

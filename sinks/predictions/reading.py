"""What is stored of predictions."""

import json
from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from schemas.predictions import KINDS, Kind
from sinks.analytics.cursors import Place, read_cursor, write_cursor
from sinks.analytics.selection import EARLIEST, LATEST
from sinks.analytics.tickets import conversation_url
from sinks.dashboard.asking import ask, from_milliseconds
from sinks.predictions.models import Foretold, LiveScore, RankedPrediction, Ranking, Reason, TicketPredictions

Sort = Literal["highest", "lowest"]

_TICKET: Final = """
SELECT ended, record, toUnixTimestamp64Milli(as_of) AS as_of_ms, toUnixTimestamp64Milli(predicted_at) AS predicted_ms
FROM predictions_newest FINAL
PREWHERE tenant = {tenant:String} AND ticket_id = {ticket:String}
"""
# Millionths, as whole numbers: a float that travels in a cursor may come back as another.
_RANKING: Final = """
SELECT ticket_id, record, toUnixTimestamp64Milli(as_of) AS as_of_ms, channel, category, priority, sort_key
FROM
(
    SELECT *, toInt64(round(assumeNotNull({kind}) * 1000000)) * {sign} AS sort_key
    FROM predictions_newest FINAL
    WHERE tenant = {tenant:String} AND NOT ended AND isNotNull({kind})
)
WHERE {after}
ORDER BY sort_key, ticket_id
LIMIT {most:UInt32}
"""
_LIVE: Final = """
SELECT model, judged, tickets, brier, skill, foretold, observed FROM predictions_live
WHERE tenant = {tenant:String}
ORDER BY judged DESC, model
LIMIT 20
"""


def read_ticket(client: Client, tenant: str, ticket: str) -> TicketPredictions:
    """The newest of a ticket. Raises clickhouse_connect's errors."""
    rows = ask(client, _TICKET, {"tenant": tenant, "ticket": ticket})
    if not rows:
        return TicketPredictions(tenant=tenant, ticket_id=ticket, as_of=None, predicted_at=None, ended=False)
    [row] = rows
    record = json.loads(row["record"])
    return TicketPredictions(
        tenant=tenant,
        ticket_id=ticket,
        as_of=from_milliseconds(row["as_of_ms"]),
        predicted_at=from_milliseconds(row["predicted_ms"]),
        ended=row["ended"],
        **{kind: _foretold(record.get(kind)) for kind in KINDS},
    )


def read_ranking(
    client: Client, tenant: str, kind: Kind, sort: Sort, limit: int, cursor: str | None, live: list[LiveScore]
) -> Ranking:
    """One page. Raises InvalidCursor, and clickhouse_connect's errors."""
    order = f"predictions {kind} {sort}"
    last: tuple[Any, ...] = (0, "")
    after = "1"
    if cursor is not None:
        last = tuple(read_cursor(order, cursor, (int, str)).last)
        after = "(sort_key, ticket_id) > ({last_key:Int64}, {last_id:String})"
    sql = _RANKING.replace("{kind}", kind).replace("{sign}", "-1" if sort == "highest" else "1")
    bound = {"tenant": tenant, "most": limit + 1, "last_key": last[0], "last_id": last[1]}
    found = ask(client, sql.replace("{after}", after), bound)
    shown = found[:limit]
    following = None
    if len(found) > limit:
        place = Place(EARLIEST, LATEST, (int(shown[-1]["sort_key"]), shown[-1]["ticket_id"]))
        following = write_cursor(order, place)
    return Ranking(
        tenant=tenant,
        kind=kind,
        predictions=[_ranked(tenant, kind, row) for row in shown],
        live=live,
        next_cursor=following,
    )


def read_live(client: Client, tenant: str) -> list[LiveScore]:
    """By model, those with the most judged predictions first."""
    return [LiveScore(**{**row, "model": row["model"] or None}) for row in ask(client, _LIVE, {"tenant": tenant})]


def _ranked(tenant: str, kind: Kind, row: dict[str, Any]) -> RankedPrediction:
    foretold = _foretold(json.loads(row["record"]).get(kind)) or Foretold(
        value=0.0, low=None, high=None, model=None, basis="", because=[], passed=False
    )
    return RankedPrediction(
        **foretold.model_dump(),
        **{name: row[name] for name in ("ticket_id", "channel", "category", "priority")},
        as_of=from_milliseconds(row["as_of_ms"]),
        conversation_url=conversation_url(tenant, row["ticket_id"]),
    )


def _foretold(told: dict[str, Any] | None) -> Foretold | None:
    if told is None:
        return None
    return Foretold(
        value=told["value"],
        low=told.get("low"),
        high=told.get("high"),
        model=told.get("model") or None,
        basis=told.get("basis", ""),
        because=[
            Reason(fact=each["fact"], value=each.get("value", ""), weight=each.get("weight", 0.0))
            for each in told.get("because", [])
        ],
        passed=told.get("passed", False),
    )

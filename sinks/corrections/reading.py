"""What is stored of corrections, and of the messages that they are of."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.corrections import Field
from sinks.corrections.models import Corrections, StoredCorrection
from sinks.dashboard.asking import Bound, ask, from_milliseconds
from sinks.dashboard.paging import Place

# Nobody corrects a ticket more often, and if they do the newest count.
MAX_OF_A_TICKET: Final = 500

_COLUMNS = """
toString(correction_id) AS id, ticket_id, event_id, field, old, new, note, corrected_by, token_id,
    toUnixTimestamp64Milli(corrected_at) AS at_ms
"""
# Which one of a field of a message is the newest is told before any bound: one before it would tell of those found.
_STORED: Final = f"""
SELECT *, row_number() OVER (PARTITION BY ticket_id, event_id, field ORDER BY at_ms DESC, log_offset DESC) = 1 AS stands
FROM (SELECT {_COLUMNS}, log_offset, correction_id FROM corrections FINAL
    WHERE tenant = {{tenant:String}} AND {{which}})
"""  # noqa: S608 - of parts that are written here
_OF_A_TICKET: Final = _STORED.replace("{which}", "ticket_id = {ticket:String}")
_OF_ALL: Final = _STORED.replace("{which}", "1")
_PAGE: Final = """
SELECT * FROM ({stored})
WHERE (at_ms, correction_id) < ({before:Int64}, {id:UUID})
ORDER BY at_ms DESC, correction_id DESC
LIMIT {rows:UInt32}
"""
_MESSAGE: Final = """
SELECT if(scored, toString(label), '') AS label_name, toString(category) AS category_name,
    notEmpty(text) OR notEmpty(subject) AS has_words, scorer, model_epoch
FROM scored_events FINAL
PREWHERE tenant = {tenant:String} AND ticket_id = {ticket:String} AND event_id = {event:String}
"""


class StoredReading(NamedTuple):
    """What was read in a message, by field; and by which scorer of which model epoch."""

    values: dict[Field, str]
    has_words: bool
    scorer: str
    model_epoch: int


def read_message(client: Client, tenant: str, ticket: str, event: str) -> StoredReading | None:
    """What was read in a message; None for one that is not stored."""
    rows = ask(client, _MESSAGE, {"tenant": tenant, "ticket": ticket, "event": event})
    if not rows:
        return None
    row = rows[0]
    return StoredReading(
        values={"label": row["label_name"], "category": row["category_name"]},
        has_words=bool(row["has_words"]),
        scorer=row["scorer"],
        model_epoch=row["model_epoch"],
    )


def read_corrections_of(client: Client, tenant: str, ticket: str) -> list[StoredCorrection]:
    """Those of one ticket, newest first."""
    sql = f"{_OF_A_TICKET} ORDER BY at_ms DESC, log_offset DESC LIMIT {MAX_OF_A_TICKET}"
    return [_stored(row) for row in ask(client, sql, {"tenant": tenant, "ticket": ticket})]


def read_corrections(client: Client, tenant: str, ticket: str | None, rows: int, after: Place) -> Corrections:
    """Those of a tenant, or of one of its tickets, from a place on. Raises clickhouse_connect's errors."""
    bound: Bound = {
        "tenant": tenant,
        "before": after.milliseconds,
        "id": str(after.id),
        "rows": rows + 1,
        **({} if ticket is None else {"ticket": ticket}),
    }
    found = ask(client, _PAGE.replace("{stored}", _OF_ALL if ticket is None else _OF_A_TICKET), bound)
    shown = [_stored(row) for row in found[:rows]]
    last = shown[-1] if len(found) > rows else None
    return Corrections(
        tenant=tenant,
        corrections=shown,
        next=Place(_milliseconds(last.corrected_at), last.correction_id).cursor if last else None,
    )


def _stored(row: dict[str, Any]) -> StoredCorrection:
    return StoredCorrection(
        correction_id=row["id"],
        old=row["old"] or None,
        corrected_at=from_milliseconds(row["at_ms"]),
        stands=bool(row["stands"]),
        **{name: row[name] for name in ("ticket_id", "event_id", "field", "new", "note", "corrected_by")},
    )


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)

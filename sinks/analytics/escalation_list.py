"""The escalations of a selection: a list that goes on by cursor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from schemas.scored import Label
from sinks.analytics.cursors import Place, read_cursor, write_cursor
from sinks.analytics.facts import bound, escalations
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.selection import Selection
from sinks.analytics.tickets import EXCERPT_CHARS, HUNDREDTHS, conversation_url
from sinks.dashboard.asking import ask, from_milliseconds, from_milliseconds_or_none

State = Literal["open", "acknowledged", "responded", "resolved"]

_ORDER: Final = "escalations newest"
_PAGE: Final = """
SELECT
    toString(escalation_id) AS id, number, ticket_id, channel, category, priority_before, priority, rule, reason, state,
    emotion, customer_id, queue, toString(label) AS label_name, toInt64(score * 100) AS points,
    first_response_seconds, resolution_seconds, reopened, at AS at_ms,
    toUnixTimestamp64Milli(respond_by) AS respond_ms, toUnixTimestamp64Milli(resolved_at) AS resolved_ms,
    substringUTF8(text, 1, {chars:UInt32}) AS words
FROM {rows}
ORDER BY at DESC, id
LIMIT {most:UInt32}
"""


@dataclass(frozen=True, kw_only=True)
class ListedEscalations:
    """Which of a selection's escalations, and how many at a time."""

    states: tuple[State, ...] = ()
    rule: str | None = None
    limit: int = 50
    cursor: str | None = None


class ListedEscalation(Part):
    """An escalation as it stands now. `priority_before` is the ticket's; times of the response and the resolution are
    seconds since it was raised; `score` is null where no text was the cause.
    """

    escalation_id: str
    number: str
    ticket_id: str
    channel: str
    category: str
    priority_before: str
    priority: str
    rule: str
    reason: str
    state: str
    emotion: str | None
    label: Label | None
    score: float | None
    customer_id: str | None
    queue: str | None
    occurred_at: datetime
    respond_by: datetime | None
    resolved_at: datetime | None
    first_response_seconds: float | None
    resolution_seconds: float | None
    reopened: int
    excerpt: str
    conversation_url: str


class Escalations(Answer):
    """A page of the list, newest first. `next_cursor` leads to the following one; null on the last."""

    escalations: list[ListedEscalation]
    next_cursor: str | None


def read_escalations(client: Client, selection: Selection, listed: ListedEscalations | None = None) -> Escalations:
    """One page. Raises InvalidCursor."""
    listed = listed or ListedEscalations()
    rows = escalations(selection)
    last_ms, last_id = 0, ""
    if listed.cursor is not None:
        place = read_cursor(_ORDER, listed.cursor, (int, str))
        selection = selection.of_span(place.since, place.until)
        last_ms, last_id = int(place.last[0]), str(place.last[1])
        rows += " AND (at < {last_ms:Int64} OR (at = {last_ms:Int64} AND toString(escalation_id) > {last_id:String}))"
    if listed.states:
        rows += " AND state IN {states:Array(String)}"
    if listed.rule is not None:
        rows += " AND rule = {rule:String}"
    values = bound(
        selection,
        chars=EXCERPT_CHARS,
        most=listed.limit + 1,
        states=list(listed.states),
        rule=listed.rule or "",
        last_ms=last_ms,
        last_id=last_id,
    )
    found = ask(client, _PAGE.replace("{rows}", rows), values)
    shown = found[: listed.limit]
    following = None
    if len(found) > listed.limit:
        last = (shown[-1]["at_ms"], shown[-1]["id"])
        following = write_cursor(_ORDER, Place(selection.since, selection.until, last))
    return Escalations(
        **about(selection), escalations=[_listed(selection, row) for row in shown], next_cursor=following
    )


def _listed(selection: Selection, row: dict[str, Any]) -> ListedEscalation:
    plain = ("number", "ticket_id", "channel", "category", "priority_before", "priority", "rule", "reason", "state")
    has_score = row["label_name"] != "unset"
    return ListedEscalation(
        escalation_id=row["id"],
        **{name: row[name] for name in plain},
        **{name: row[name] or None for name in ("emotion", "customer_id", "queue")},
        **{name: row[name] for name in ("first_response_seconds", "resolution_seconds", "reopened")},
        label=row["label_name"] if has_score else None,
        score=row["points"] / HUNDREDTHS if has_score else None,
        occurred_at=from_milliseconds(row["at_ms"]),
        respond_by=from_milliseconds_or_none(row["respond_ms"]),
        resolved_at=from_milliseconds_or_none(row["resolved_ms"]),
        excerpt=row["words"],
        conversation_url=conversation_url(selection.tenant, row["ticket_id"]),
    )

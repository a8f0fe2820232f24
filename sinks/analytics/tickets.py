"""The tickets behind a figure: a list that goes on by cursor."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from clickhouse_connect.driver.client import Client

from schemas.events import Status
from schemas.scored import Label
from sinks.analytics.cursors import Key, Place, read_cursor, write_cursor
from sinks.analytics.facts import all_facts, bound, facts
from sinks.analytics.figures import Answer, Part, about
from sinks.analytics.narrowing import Narrowing, narrowed
from sinks.analytics.selection import Selection, rfc3339
from sinks.dashboard.asking import ask, from_milliseconds

Sort = Literal["newest", "oldest", "negative_first", "positive_first"]

SortBySentiment = Literal["negative_first", "positive_first"]

MAX_ROWS: Final = 500
EXCERPT_CHARS: Final = 280
HUNDREDTHS: Final = 100

# Each sort is by a whole number that rises and then by the ticket's id. Tickets without a score come last.
_KEYS: Final[dict[Sort, str]] = {
    "newest": "-max(at)",
    "oldest": "max(at)",
    "negative_first": "if(texts = 0, 10000, lowest)",
    "positive_first": "if(texts = 0, 10000, -lowest)",
}
_FELT: Final = """countIf(is_text AND matches) AS texts,
    toInt64(minIf(score, is_text AND matches) * 100) AS lowest,
    toString(argMinIf(label, score, is_text AND matches)) AS worst_label,"""
_PAGE: Final = """
SELECT any(facts.ticket_id) AS ticket_id, {felt}{last_status} AS last_status, {key} AS sort_key
FROM {rows}
GROUP BY ticket
HAVING {having}
ORDER BY sort_key, ticket_id
LIMIT {{most:UInt32}}
"""
# Of the few tickets that are shown: to find them, no more is read of all the others than their order needs.
_SHOWN: Final = f"""
SELECT
    ticket_id, {_FELT}
    countIf(is_event) AS events,
    argMax(channel, (is_event, at, log_offset)) AS last_channel,
    argMax(priority, (is_event, at, log_offset)) AS last_priority,
    argMax(category, (is_message, at, log_offset)) AS last_category,
    argMaxIf(status, (at, log_offset), status != '') AS last_status,
    argMaxIf(customer_id, (at, log_offset), customer_id != '') AS customer,
    argMaxIf(agent_id, (at, log_offset), agent_id != '') AS agent,
    argMaxIf(satisfaction, (at, log_offset), satisfaction > 0) AS rating,
    if(events > 0, minIf(at, is_event), max(at)) AS first_ms, if(events > 0, maxIf(at, is_event), max(at)) AS last_ms
FROM ({{all_facts}})
WHERE ticket_id IN {{ids:Array(String)}}
GROUP BY ticket_id
"""
_WORDS: Final = """
SELECT ticket_id, min(greatest(toUnixTimestamp64Milli(occurred_at), 0)) AS opened_ms,
    argMinIf(subject, (occurred_at, log_offset), subject != '') AS first_subject,
    substringUTF8(argMaxIf(if(empty(text), subject, text), (occurred_at, log_offset),
        voice = 'customer' AND (text != '' OR subject != '')), 1, {chars:UInt32}) AS words
FROM scored_events FINAL
PREWHERE tenant = {tenant:String} AND ticket_id IN {ids:Array(String)}
GROUP BY ticket_id
"""
_ESCALATED: Final = """
SELECT ticket_id, count() AS times, argMax(state, (occurred_at, version)) AS last_state
FROM escalations FINAL
PREWHERE tenant = {tenant:String}
WHERE ticket_id IN {ids:Array(String)}
    AND toUnixTimestamp64Milli(occurred_at) >= {since_ms:Int64}
    AND toUnixTimestamp64Milli(occurred_at) < {until_ms:Int64}
GROUP BY ticket_id
"""

_OLDEST: Final = """
SELECT count() AS tickets, greatest(toUnixTimestamp64Milli(min(opened_at)), 0) AS opened_ms
FROM tickets_begun
WHERE tenant = {tenant:String} AND ticket IN (SELECT cityHash64(ticket_id) FROM ({listed}))
"""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Which of a selection's tickets, in which order, and how many at a time. A ticket's sentiment is the lowest score
    (0 to 10) of its texts that the selection is of, and the label of that.
    """

    narrowing: Narrowing = field(default_factory=Narrowing)
    sentiment_labels: tuple[Label, ...] = ()
    min_sentiment: float | None = None
    max_sentiment: float | None = None
    statuses: tuple[Status, ...] = ()
    sort: Sort = "newest"
    limit: int = 50
    cursor: str | None = None

    @property
    def by_sentiment(self) -> bool:
        """Whether the tickets' sentiment must be known to choose or order them."""
        bounds = (self.min_sentiment, self.max_sentiment)
        return bool(self.sentiment_labels) or bounds != (None, None) or self.sort not in ("newest", "oldest")

    def narrowed(self, narrowing: Narrowing) -> "Listed":
        """The same of fewer tickets."""
        return replace(self, narrowing=narrowing)

    def address(self, selection: Selection, **more: str) -> str:
        """Of the list, as somebody who reads on from here would ask for it."""
        single = {name: value for name, value in vars(self.narrowing).items() if value is not None}
        bounds = (("min_sentiment", self.min_sentiment), ("max_sentiment", self.max_sentiment))
        asked = [
            *((name, rfc3339(value) if isinstance(value, datetime) else str(value)) for name, value in single.items()),
            *(("sentiment_label", label) for label in self.sentiment_labels),
            *(("status", status) for status in self.statuses),
            *((name, str(value)) for name, value in bounds if value is not None),
            ("sort", self.sort),
            *more.items(),
        ]
        return f"{selection.tickets()}&{urlencode(asked)}"


class Ticket(Part):
    """A ticket as the span shows it: `channel`, `priority`, `category`, `status`, `customer_id`, `agent_id` and
    `satisfaction` as they were said last, `score` (0 to 10) and `label` of its lowest text. `opened_at` is its first
    event ever, `age_seconds` from then to the end of the span. `excerpt` begins its customer's newest words.
    """

    ticket_id: str
    channel: str
    category: str
    priority: str
    status: str
    label: Label | None
    score: float | None
    customer_id: str | None
    agent_id: str | None
    subject: str
    excerpt: str
    opened_at: datetime
    first_at: datetime
    last_at: datetime
    age_seconds: float
    events: int
    messages: int
    escalations: int
    is_escalated: bool
    satisfaction: int | None
    conversation_url: str


class Tickets(Answer):
    """A page of the list. `next_cursor` and `next_url` lead to the following one; null on the last. The span stays that
    of the first page, so what happens meanwhile moves nothing.
    """

    tickets: list[Ticket]
    next_cursor: str | None
    next_url: str | None


def read_tickets(client: Client, selection: Selection, listed: Listed | None = None) -> Tickets:
    """One page. Raises InvalidCursor."""
    listed = listed or Listed()
    order = f"tickets {listed.sort}"
    place = None if listed.cursor is None else read_cursor(order, listed.cursor, (int, str))
    if place is not None:
        selection = selection.of_span(place.since, place.until)
    rows = _page(client, selection, listed, None if place is None else place.last)
    shown = rows[: listed.limit]
    following = None
    if len(rows) > listed.limit:
        last = (shown[-1]["sort_key"], shown[-1]["ticket_id"])
        following = write_cursor(order, Place(selection.since, selection.until, last))
    return Tickets(
        **about(selection),
        tickets=_tickets(client, selection, shown),
        next_cursor=following,
        next_url=None if following is None else listed.address(selection, limit=str(listed.limit), cursor=following),
    )


def count_tickets(client: Client, selection: Selection, listed: Listed) -> int:
    """How many the whole list has."""
    sql, values = _question(selection, listed, None)
    counted = sql.rpartition("ORDER BY")[0]
    return int(ask(client, f"SELECT count() AS tickets FROM ({counted})", values)[0]["tickets"])


def oldest_of(client: Client, selection: Selection, listed: Listed) -> datetime | None:
    """When that ticket of the whole list began which began first; None where the list is empty."""
    sql, values = _question(selection, listed, None)
    [first] = ask(client, _OLDEST.replace("{listed}", sql.rpartition("ORDER BY")[0]), values)
    return from_milliseconds(first["opened_ms"]) if first["tickets"] else None


def _page(client: Client, selection: Selection, listed: Listed, last: Key | None) -> list[dict[str, Any]]:
    sql, values = _question(selection, listed, last)
    return ask(client, sql, values)


def _question(selection: Selection, listed: Listed, last: Key | None) -> tuple[str, dict[str, Any]]:
    having = ["1"]
    if listed.sentiment_labels:
        having.append("texts > 0 AND worst_label IN {sentiment_labels:Array(String)}")
    if listed.min_sentiment is not None:
        having.append("texts > 0 AND lowest >= {lowest:Float64}")
    if listed.max_sentiment is not None:
        having.append("texts > 0 AND lowest <= {highest:Float64}")
    if listed.statuses:
        having.append("last_status IN {statuses:Array(String)}")
    if last is not None:
        having.append("(sort_key, ticket_id) > ({last_key:Int64}, {last_id:String})")
    felt = _FELT if listed.by_sentiment else ""
    sql = _PAGE.format(
        felt=felt,
        key=_KEYS[listed.sort],
        last_status=_LAST_STATUS if listed.statuses else "''",
        rows=f"{facts(selection)} AS facts WHERE 1 {narrowed(selection, listed.narrowing)}",
        having=" AND ".join(having),
    )
    key, ticket = last or (0, "")
    values = bound(
        selection,
        **listed.narrowing.bound(),
        sentiment_labels=list(listed.sentiment_labels),
        # Rounded, because 1.1 times a hundred is a little more than 110.
        lowest=round((listed.min_sentiment or 0) * HUNDREDTHS, 6),
        highest=round((listed.max_sentiment or 0) * HUNDREDTHS, 6),
        statuses=list(listed.statuses),
        last_key=key,
        last_id=ticket,
        most=listed.limit + 1,
    )
    return sql, values


_LAST_STATUS: Final = "if(countIf(status != '') = 0, 'new', argMaxIf(status, (at, log_offset), status != ''))"


def _tickets(client: Client, selection: Selection, rows: list[dict[str, Any]]) -> list[Ticket]:
    if not rows:
        return []
    values = bound(selection, ids=[row["ticket_id"] for row in rows], chars=EXCERPT_CHARS)
    shown, words, escalated = (
        {row["ticket_id"]: row for row in ask(client, sql, values)}
        for sql in (_SHOWN.replace("{all_facts}", all_facts(selection)), _WORDS, _ESCALATED)
    )
    return [
        _ticket(selection, shown[name], words.get(name, {}), escalated.get(name, {}))
        for row in rows
        for name in [row["ticket_id"]]
        # A ticket may have been erased a moment ago.
        if name in shown
    ]


def _ticket(selection: Selection, seen: dict[str, Any], words: dict[str, Any], escalated: dict[str, Any]) -> Ticket:
    opened = from_milliseconds(words.get("opened_ms", seen["last_ms"]))
    return Ticket(
        ticket_id=seen["ticket_id"],
        channel=seen["last_channel"],
        category=seen["last_category"],
        priority=seen["last_priority"],
        status=seen["last_status"] or "new",
        label=seen["worst_label"] if seen["texts"] else None,
        score=seen["lowest"] / HUNDREDTHS if seen["texts"] else None,
        customer_id=seen["customer"] or None,
        agent_id=seen["agent"] or None,
        subject=words.get("first_subject", ""),
        excerpt=words.get("words", ""),
        opened_at=opened,
        first_at=from_milliseconds(seen["first_ms"]),
        last_at=from_milliseconds(seen["last_ms"]),
        age_seconds=(selection.until - opened).total_seconds(),
        events=seen["events"],
        messages=seen["texts"],
        escalations=escalated.get("times", 0),
        is_escalated=escalated.get("last_state", "resolved") != "resolved",
        satisfaction=seen["rating"] or None,
        conversation_url=conversation_url(selection.tenant, seen["ticket_id"]),
    )


def conversation_url(tenant: str, ticket_id: str) -> str:
    """The address of a ticket's conversation."""
    return f"/api/v1/conversations/{quote(ticket_id, safe='')}?{urlencode({'tenant': tenant})}"

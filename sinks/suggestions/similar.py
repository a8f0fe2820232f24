"""Tickets of the same tenant that were alike and are resolved: what they asked, how they ended and how long it took."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from sinks.dashboard.asking import ask, from_milliseconds
from sinks.notify.inert import plain
from sinks.suggestions.bm25 import Bm25
from sinks.suggestions.models import SimilarTicket
from sinks.suggestions.terms import terms_of

# How far back, and how many of the newest: an index of so many is built in some tenths of a second.
DAYS: Final = 90
TICKETS: Final = 2_000
# As for articles: below it two tickets have words in common and no more.
THRESHOLD: Final = 0.25
MOST: Final = 3
KEEP_SECONDS: Final = 300.0
_TENANTS: Final = 16
_INDEXED_CHARS: Final = 1_000
_EXCERPT: Final = 280
_ANSWER: Final = 1_000

_RESOLVED: Final = """
SELECT ticket_id,
    argMaxIf(status, (occurred_at, log_offset), status != '') AS last_status,
    toUnixTimestamp64Milli(min(occurred_at)) AS opened_ms,
    toUnixTimestamp64Milli(maxIf(occurred_at, status IN ('resolved', 'closed'))) AS resolved_ms,
    argMaxIf(category, (occurred_at, log_offset), voice = 'customer') AS a_category
FROM events_by_time FINAL
PREWHERE tenant = {tenant:String}
WHERE occurred_at >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')
GROUP BY ticket_id
HAVING last_status IN ('resolved', 'closed')
ORDER BY resolved_ms DESC, ticket_id
LIMIT {rows:UInt32}
SETTINGS do_not_merge_across_partitions_select_final = 1
"""
_WORDS: Final = """
SELECT ticket_id,
    substringUTF8(argMin(if(empty(subject), text, concat(subject, '\\n', text)), (occurred_at, log_offset)),
        1, {chars:UInt32}) AS words
FROM scored_events FINAL
PREWHERE tenant = {tenant:String} AND ticket_id IN {ids:Array(String)}
WHERE voice = 'customer' AND (text != '' OR subject != '') AND type IN ('created', 'message')
GROUP BY ticket_id
"""
_ENDS: Final = """
SELECT ticket_id, substringUTF8(argMaxIf(text, (occurred_at, log_offset), voice = 'agent' AND text != ''
    AND author NOT IN ('bot', 'system') AND type IN ('created', 'message', 'agent_reply')), 1, {chars:UInt32}) AS answer
FROM scored_events FINAL
PREWHERE tenant = {tenant:String} AND ticket_id IN {ids:Array(String)}
GROUP BY ticket_id
"""
_NOTES: Final = """
SELECT ticket_id, argMax(resolution_notes, (occurred_at, version)) AS notes FROM escalations FINAL
WHERE tenant = {tenant:String} AND ticket_id IN {ids:Array(String)}
GROUP BY ticket_id
"""


class _Resolved(NamedTuple):
    ticket_id: str
    category: str
    excerpt: str
    opened_ms: int
    resolved_ms: int


class _Index(NamedTuple):
    tickets: Sequence[_Resolved]
    terms: Sequence[frozenset[str]]
    bm25: Bm25
    until: float


class SimilarTickets:
    """Finds them by an index of each tenant, which is made when it is first asked for and again after five minutes.
    `clock` gives seconds and never goes back; `now` is aware. May be asked by several threads.
    """

    def __init__(self, clock: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._clock = clock
        self._now = now
        self._indexes: OrderedDict[str, _Index] = OrderedDict()
        self._changing = threading.Lock()

    def find(self, client: Client, tenant: str, ticket: str, text: str, language: str | None) -> list[SimilarTicket]:
        """The tickets that are most alike, without the ticket itself, best first. Raises ExtraMissing, and
        clickhouse_connect's errors.
        """
        index = self._index(client, tenant)
        terms = terms_of(text, language or "en")
        shares = index.bm25.shares(terms)
        places = sorted(range(len(index.tickets)), key=lambda place: (-shares[place], place))[: MOST + 1]
        best = [place for place in places if shares[place] >= THRESHOLD and index.tickets[place].ticket_id != ticket]
        found = {index.tickets[place].ticket_id: place for place in best[:MOST]}
        ends = _ends(client, tenant, list(found))
        return [
            _similar(index.tickets[place], float(shares[place]), _shared(index, place, terms), ends.get(name, {}))
            for name, place in found.items()
        ]

    def _index(self, client: Client, tenant: str) -> _Index:
        with self._changing:
            known = self._indexes.get(tenant)
        if known is not None and self._clock() < known.until:
            return known
        made = _made(client, tenant, self._now(), self._clock() + KEEP_SECONDS)
        with self._changing:
            self._indexes[tenant] = made
            self._indexes.move_to_end(tenant)
            while len(self._indexes) > _TENANTS:
                self._indexes.popitem(last=False)
        return made


def _made(client: Client, tenant: str, now: datetime, until: float) -> _Index:
    since = round(now.timestamp() * 1000) - DAYS * 86_400_000
    rows = ask(client, _RESOLVED, {"tenant": tenant, "since_ms": since, "rows": TICKETS})
    bound: dict[str, Any] = {"tenant": tenant, "ids": [row["ticket_id"] for row in rows], "chars": _INDEXED_CHARS}
    words = {row["ticket_id"]: row["words"] for row in ask(client, _WORDS, bound)} if rows else {}
    tickets = [
        _Resolved(name, row["a_category"], words[name][:_EXCERPT], row["opened_ms"], row["resolved_ms"])
        for row in rows
        if (name := row["ticket_id"]) in words
    ]
    # By English endings all of them: a text in another language has few of these.
    terms = [terms_of(words[each.ticket_id], "en") for each in tickets]
    return _Index(tickets, [frozenset(each) for each in terms], Bm25(terms), until)


def _ends(client: Client, tenant: str, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    if not ids:
        return {}
    bound: dict[str, Any] = {"tenant": tenant, "ids": list(ids), "chars": _ANSWER}
    ends = {row["ticket_id"]: {"answer": row["answer"]} for row in ask(client, _ENDS, bound)}
    for row in ask(client, _NOTES, bound):
        ends.setdefault(row["ticket_id"], {})["notes"] = row["notes"]
    return ends


def _similar(resolved: _Resolved, share: float, shared: Sequence[str], end: dict[str, str]) -> SimilarTicket:
    return SimilarTicket(
        ticket_id=resolved.ticket_id,
        category=resolved.category,
        excerpt=plain(resolved.excerpt, _EXCERPT),
        answer=plain(end.get("answer", ""), _ANSWER),
        resolution_notes=plain(end.get("notes", ""), _ANSWER),
        opened_at=from_milliseconds(resolved.opened_ms),
        resolved_at=from_milliseconds(resolved.resolved_ms),
        took_seconds=(resolved.resolved_ms - resolved.opened_ms) / 1000,
        share=round(share, 3),
        reason=f"shares {', '.join(shared)}",
    )


def _shared(index: _Index, place: int, terms: Sequence[str]) -> list[str]:
    shared = [term for term in dict.fromkeys(terms) if term in index.terms[place]]
    return sorted(shared, key=lambda term: -index.bm25.weight(term))[:5]

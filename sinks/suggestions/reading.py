"""What is stored of a ticket that an answer begins with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from sinks.dashboard.asking import ask, from_milliseconds, from_milliseconds_or_none
from sinks.suggestions.models import Acceptance, Answers, Stats
from sinks.suggestions.reply_facts import ReplyFacts
from sinks.suggestions.terms import terms_of

# What is looked for is what was said last, and what was said before if that is short.
_WORDS: Final = 5
_MESSAGES: Final = 3
_CHARS: Final = 4_000
# What a channel gives for an author who has no name.
_NO_NAMES: Final = frozenset({"customer", "user", "client", "enduser", "end-user", "end_user", "contact", "requester"})

_TICKET: Final = """
SELECT count() AS events,
    argMinIf(subject, (occurred_at, log_offset), subject != '') AS first_subject,
    argMaxIf(customer_id, (occurred_at, log_offset), customer_id != '') AS customer,
    argMaxIf(author, (occurred_at, log_offset), words) AS name,
    argMaxIf(agent_id, (occurred_at, log_offset), agent_id != '') AS agent,
    argMaxIf(product, (occurred_at, log_offset), product != '') AS a_product,
    argMaxIf(category, (occurred_at, log_offset), words) AS a_category,
    argMax(channel, (occurred_at, log_offset)) AS a_channel,
    argMax(priority, (occurred_at, log_offset)) AS a_priority,
    argMaxIf(urgency, (occurred_at, log_offset), words) AS an_urgency,
    argMaxIf(toString(label), (occurred_at, log_offset), words AND scored) AS a_label,
    argMaxIf(emotion, (occurred_at, log_offset), words) AS an_emotion,
    argMaxIf(language, (occurred_at, log_offset), words AND language != '') AS a_language,
    toUnixTimestamp64Milli(min(occurred_at)) AS opened_ms,
    max(if(reply, toUnixTimestamp64Milli(occurred_at), 0)) AS replied_ms,
    arraySort(groupArrayIf(toUnixTimestamp64Milli(occurred_at), words)) AS said_ms
FROM (
    SELECT *,
        voice = 'customer' AND (text != '' OR subject != '') AND type IN ('created', 'message')
            AND unscored NOT IN ('automatic reply', 'bounce', 'machine-made') AS words,
        voice = 'agent' AND author NOT IN ('bot', 'system') AND type IN ('created', 'message', 'agent_reply') AS reply
    FROM scored_events FINAL
    PREWHERE tenant = {tenant:String} AND ticket_id = {ticket:String}
)
"""
_SAID: Final = """
SELECT substringUTF8(if(empty(subject), text, concat(subject, '\\n', text)), 1, {chars:UInt32}) AS words
FROM scored_events FINAL
PREWHERE tenant = {tenant:String} AND ticket_id = {ticket:String}
WHERE voice = 'customer' AND (text != '' OR subject != '') AND type IN ('created', 'message')
    AND unscored NOT IN ('automatic reply', 'bounce', 'machine-made')
ORDER BY occurred_at DESC, log_offset DESC
LIMIT {rows:UInt32}
"""
_NUMBER: Final = """
SELECT argMax(number, (occurred_at, version)) AS newest FROM escalations FINAL
WHERE tenant = {tenant:String} AND ticket_id = {ticket:String} AND number != ''
"""
_USES: Final = """
SELECT suggested, suggestion, countIf(outcome = 'used') AS used, countIf(outcome = 'dismissed') AS dismissed
FROM suggestion_uses FINAL
WHERE tenant = {tenant:String} AND toUnixTimestamp64Milli(used_at) >= {since_ms:Int64}
GROUP BY suggested, suggestion
ORDER BY used DESC, dismissed DESC, suggested, suggestion
LIMIT 1000
"""
_ANSWERS: Final = """
SELECT state, reason, uniqExact(ticket_id) AS tickets
FROM notifications_standing
WHERE tenant = {tenant:String} AND kind = 'answer' AND toUnixTimestamp64Milli(at) >= {since_ms:Int64}
GROUP BY state, reason
ORDER BY tickets DESC, state, reason
LIMIT 100
"""


class StoredTicket(NamedTuple):
    """A ticket's facts, its customer's language, and what the customer said last."""

    facts: ReplyFacts
    language: str | None
    said: str


def read_ticket(client: Client, tenant: str, ticket: str) -> StoredTicket | None:
    """None for a ticket that no event is stored of. Raises clickhouse_connect's errors."""
    bound: dict[str, Any] = {"tenant": tenant, "ticket": ticket}
    (row,) = ask(client, _TICKET, bound)
    if not row["events"]:
        return None
    number = ask(client, _NUMBER, bound)[0]["newest"]
    said = [each["words"] for each in ask(client, _SAID, {**bound, "rows": _MESSAGES, "chars": _CHARS})]
    language = row["a_language"] or None
    return StoredTicket(_facts(row, ticket, number), language, newest_words(said, language))


def newest_words(said: Sequence[str], language: str | None) -> str:
    """What was said last; `said` is newest first. Short words alone are not looked for: what was said before goes with
    them.
    """
    text = ""
    for words in said:
        text = f"{text}\n{words}".strip()
        if len(terms_of(text, language or "en")) >= _WORDS:
            break
    return text


def read_stats(client: Client, tenant: str, days: int, now: datetime) -> Stats:
    """What people made of suggestions, and what became of automatic answers. Raises clickhouse_connect's errors."""
    bound: dict[str, Any] = {"tenant": tenant, "since_ms": round(now.timestamp() * 1000) - days * 86_400_000}
    suggestions = [
        Acceptance(
            suggested=row["suggested"],
            id=row["suggestion"],
            used=row["used"],
            dismissed=row["dismissed"],
            share=row["used"] / (row["used"] + row["dismissed"]),
        )
        for row in ask(client, _USES, bound)
    ]
    automatic = [Answers(**row) for row in ask(client, _ANSWERS, bound)]
    return Stats(tenant=tenant, days=days, suggestions=suggestions, automatic=automatic)


def _facts(row: dict[str, Any], ticket: str, number: str) -> ReplyFacts:
    waiting = next((at for at in row["said_ms"] if at > row["replied_ms"]), None)
    return ReplyFacts(
        ticket_id=ticket,
        number=number,
        customer="" if row["name"].casefold() in _NO_NAMES else row["name"],
        customer_id=row["customer"],
        agent=row["agent"],
        product=row["a_product"],
        category=row["a_category"],
        subject=row["first_subject"],
        channel=row["a_channel"],
        priority=row["a_priority"],
        urgency=row["an_urgency"],
        label=row["a_label"],
        emotion=row["an_emotion"],
        opened_at=from_milliseconds(row["opened_ms"]),
        waiting_since=from_milliseconds_or_none(waiting),
    )

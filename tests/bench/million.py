"""A desk with a million tickets in the embedded ClickHouse: three million events in 90 days, made by the engine.

    python -m tests.bench.million FOLDER [TICKETS]

fills a folder; `ticketpulse serve` and the tests of the page then read it with CLICKHOUSE_URL=chdb://FOLDER.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate

TICKETS: Final = 1_000_000
DAYS: Final = 90
# Right behind the last event.
UNTIL: Final = datetime(2026, 3, 31, 18, 20, tzinfo=UTC)
# As many tickets as one statement makes: a block for each week that it touches.
_AT_ONCE: Final = 250_000

# Each ticket begins with a customer's text. Most are answered, some write again, most are resolved, a few rate that.
# How bad a text sounds follows from its category and channel, so that a picture of both shows something.
_EVENTS = """
INSERT INTO scored_events
(
    tenant, ticket_id, event_id, type, channel, priority, category, subcategory, voice, status, customer_id, agent_id,
    language, journey_stage, product, occurred_at, received_at, appended_at, subject, text, scored, score, label,
    compound, polarity, subjectivity, confidence, reasons, emotion, emotions, urgency, key_phrases, signals, questions,
    satisfaction, scorer, model_epoch, log_partition, log_offset, version
)
WITH
    ['email', 'email', 'email', 'chat', 'chat', 'web', 'web', 'phone', 'whatsapp', 'in_app', 'social'] AS channels,
    ['billing', 'billing', 'technical', 'technical', 'account', 'general', 'delivery', 'feature', 'integration']
        AS categories,
    ['charge', 'invoice', 'refund', 'card', 'login', 'password', 'error', 'screen', 'export', 'report', 'order',
        'parcel', 'address', 'courier', 'plan', 'seat', 'token', 'webhook', 'reply', 'agent', 'call', 'price', 'update',
        'crash'] AS words,
    ['frustrated', 'angry', 'confused', 'happy', 'grateful'] AS feelings,
    number AS n,
    cityHash64('ticket', n) AS t,
    toDateTime64({until:UInt32}, 3, 'UTC')
        - toIntervalMillisecond(intDiv(({tickets:UInt64} - n) * {days:UInt32} * 86400000, {tickets:UInt64})) AS began,
    -- What happens in a ticket, and after how many seconds.
    arrayFilter(each -> began + toIntervalSecond(each.2) < toDateTime64({until:UInt32}, 3, 'UTC'), arrayConcat(
        [('created', 0)],
        if(t % 10 < 7, [('agent_reply', 120 + bitShiftRight(t, 8) % 20000)], []),
        if(t % 10 < 4, [('message', 20500 + bitShiftRight(t, 16) % 40000)], []),
        if(t % 10 < 6, [('status_changed', 61000 + bitShiftRight(t, 24) % 200000)], []),
        if(t % 10 < 2, [('rated', 262000 + bitShiftRight(t, 32) % 40000)], [])
    )) AS happenings,
    arrayJoin(arrayEnumerate(happenings)) AS place,
    happenings[place].1 AS kind,
    cityHash64('event', n, place) AS h,
    n * 8 + place AS log_place,
    began + toIntervalSecond(happenings[place].2) AS happened,
    kind IN ('created', 'message') AS is_text,
    channels[1 + bitShiftRight(t, 4) % length(channels)] AS of_channel,
    categories[1 + bitShiftRight(t, 20) % length(categories)] AS of_category,
    bitShiftRight(h, 8) % 1000 AS chance,
    least(999, intDiv(chance * (60 + cityHash64(of_channel, of_category) % 60), 100)) / 100 AS points,
    arrayMap(i -> toUInt32(pow(576, (cityHash64(n, place, i) % 100000) / 100000)) - 1, range(2)) AS topics,
    if(is_text AND h % 3 > 0, [feelings[1 + bitShiftRight(h, 24) % 5]], []) AS felt
SELECT
    if(t % 100 = 99, 'other', 'default'),
    lower(hex(t)),
    lower(hex(h)),
    kind,
    of_channel,
    ['medium', 'medium', 'low', 'high', 'urgent'][1 + bitShiftRight(t, 12) % 5],
    if(is_text, of_category, 'general'),
    if(is_text, concat(of_category, '_', toString(bitShiftRight(t, 30) % 4)), ''),
    if(kind = 'agent_reply', 'agent', 'customer'),
    multiIf(kind = 'created', 'new', kind = 'status_changed', 'resolved', ''),
    if(kind IN ('created', 'message'), concat('customer-', toString(bitShiftRight(t, 3) % 400000)), ''),
    if(kind IN ('agent_reply', 'status_changed'), concat('agent-', toString(bitShiftRight(t, 44) % 200)), ''),
    'en', '', ['', 'app', 'shop', 'cloud'][1 + bitShiftRight(t, 36) % 4],
    happened, happened, happened + toIntervalMillisecond(40),
    if(kind = 'created', concat('About ', words[1 + h % length(words)]), ''),
    if(is_text, concat('The ', words[1 + bitShiftRight(h, 3) % length(words)], ' is wrong: ', lower(hex(h))), ''),
    is_text,
    if(is_text, toDecimal64(points, 2), 0),
    multiIf(NOT is_text, 'unset', points < 2, 'very_negative', points < 4, 'negative', points < 6, 'neutral',
        points < 8, 'positive', 'very_positive'),
    if(is_text, points / 5 - 1, 0), if(is_text, points / 5 - 1, 0), 0.5, 0.8, '[]',
    if(empty(felt), '', felt[1]),
    mapFromArrays(felt, arrayMap(name -> 0.2 + bitShiftRight(h, 40) % 5 / 10, felt)),
    ['low', 'medium', 'medium', 'high'][1 + bitShiftRight(h, 28) % 4],
    if(is_text, arrayMap(i -> concat(words[1 + intDiv(i, 24)], ' ', words[1 + i % 24]), topics), []),
    [], 0,
    if(kind = 'rated', 1 + bitShiftRight(h, 50) % 5, 0),
    'made', 1, n % 8, log_place,
    bitXor(bitShiftLeft(toUInt64(1), 40) + log_place, bitShiftLeft(toUInt64(1), 40) - 1)
FROM numbers_mt({first:UInt64}, {count:UInt64})
SETTINGS max_partitions_per_insert_block = 0, max_insert_block_size = 1048576
"""
# One escalation for one in four of the worst texts.
_ESCALATIONS = """
INSERT INTO escalations
(
    tenant, escalation_id, number, ticket_id, session, event_id, correlation_id, policy, policy_version, rule,
    raised_by, episode, priority_before, priority, reason, occurred_at, appended_at, channel, category, status, score,
    label, subject, text, customer_id, queue, respond_by, state, revision, updated_at, first_response_at,
    first_response_seconds,
    resolved_at, resolution_seconds, record, version
)
WITH cityHash64(ticket_id, event_id) AS h
SELECT
    tenant, generateUUIDv4(event_id), concat('TKT-2026-', toString(h % 10000000)), ticket_id, event_id, event_id,
    event_id, 'support', 1, ['low_score', 'wants_human', 'repeat_contact'][1 + h % 3] AS its_rule, [its_rule],
    1, priority, 'urgent', concat('score ', toString(score), ' is below 2'), occurred_at, appended_at, channel,
    category,
    'open', score, label, subject, text, customer_id, 'support', occurred_at + toIntervalHour(1),
    if(h % 8 = 0, 'open', 'resolved') AS became, 2, occurred_at,
    occurred_at + toIntervalSecond(60 + h % 7200), 60 + h % 7200,
    if(became = 'open', NULL, occurred_at + toIntervalSecond(8000 + h % 90000)),
    if(became = 'open', NULL, 8000 + h % 90000), '{}', log_offset
FROM scored_events
WHERE label = 'very_negative' AND cityHash64(event_id) % 4 = 0 AND log_offset >= {first:UInt64} * 8
SETTINGS max_partitions_per_insert_block = 0
"""


def fill(client: Client, tickets: int = TICKETS, days: int = DAYS, until: datetime = UNTIL) -> None:
    """Make the tables and their rows, as a desk has them whose weeks that are over are merged. Takes a
    minute for a million tickets on two cores, and 1 GB on the disk.
    """
    migrate(client)
    span = {"tickets": tickets, "days": days, "until": int(until.timestamp())}
    for first in range(0, tickets, _AT_ONCE):
        count = min(_AT_ONCE, tickets - first)
        client.command(_EVENTS, parameters={**span, "first": first, "count": count})
    client.command(_ESCALATIONS, parameters={"first": 0})
    for table in ("events_by_time", "scored_events", "escalations"):
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    client.command("INSERT INTO phrases_by_day SELECT * FROM days_counted(quiet = 0, most = 100000000)")


def main(folder: Path, tickets: int) -> None:
    """Fill a folder and say how long it took."""
    began = time.monotonic()
    client = connect(f"chdb://{folder}")
    try:
        fill(client, tickets)
        events = client.query("SELECT count() FROM events_by_time_now").result_rows[0][0]
    finally:
        client.close()
    print(f"{tickets:,} tickets, {events:,} events in {time.monotonic() - began:.0f} s until {UNTIL.isoformat()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else TICKETS)

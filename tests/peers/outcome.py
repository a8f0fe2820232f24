"""What a contestant has made of its events, as people would read it: its topics, and its rows in ClickHouse."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from sinks.clickhouse.client import connect
from tests.peers.contestants import OURS, PARTITIONS, Running
from tests.peers.job import Total, Window
from tests.soak.reading import read_topic

_OUR_WINDOWS: Final = """
    SELECT size, toUnixTimestamp(start), value, events, very_negative + negative, score_sum
    FROM windows FINAL WHERE dimension = 'channel'
"""
_THEIR_WINDOWS: Final = """
    SELECT size, toUnixTimestamp(start), channel, sum(events), sum(negative), sum(score_sum)
    FROM windows FINAL GROUP BY size, start, channel
"""
_ROWS: Final = """
    SELECT event_id, ticket_id, toFloat64(score), toString(label), compound, polarity, subjectivity
    FROM scored_events FINAL
"""


class Scores(NamedTuple):
    """What is known of an event's text."""

    ticket_id: str
    score: float
    label: str
    compound: float
    polarity: float
    subjectivity: float


class Outcome(NamedTuple):
    """`told` and `told_escalations` are from topics, all that is read committed, with how often; the rest are rows.

    Of an escalation the ticket and the event count, and of ours the revision too.
    """

    told: Counter[str]
    told_escalations: Counter[tuple[str, ...]]
    rows: Mapping[str, Scores]
    escalations: Counter[tuple[str, str]]
    windows: Mapping[Window, Total]


async def outcome_of(running: Running, brokers: str) -> Outcome:
    """Read everything."""
    ours = running.who is OURS
    told: Counter[str] = Counter()
    for record in await read_topic(brokers, running.scored, PARTITIONS):
        # What the registry answers stands between the scored events of ours.
        if not ours or not record.headers:
            told[orjson.loads(record.value)["event_id"]] += 1
    escalated: Counter[tuple[str, ...]] = Counter()
    for record in await read_topic(brokers, running.escalations, PARTITIONS):
        escalated[_escalation(orjson.loads(record.value))] += 1
    client = connect(running.url, readonly=True)
    try:
        rows = {event: Scores(*rest) for event, *rest in client.query(_ROWS).result_rows}
        stored = client.query("SELECT ticket_id, event_id FROM escalations FINAL").result_rows
        found = client.query(_OUR_WINDOWS if ours else _THEIR_WINDOWS).result_rows
    finally:
        client.close()
    windows = {(size, start, channel): Total(*map(int, total)) for size, start, channel, *total in found}
    return Outcome(told, escalated, rows, Counter((ticket, event) for ticket, event in stored), windows)


def _escalation(record: Mapping[str, Any]) -> tuple[str, ...]:
    return (record["ticket_id"], record["event_id"], str(record.get("revision", 1)))


def ids_of(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """The ids of events."""
    return {row["event_id"] for row in rows}

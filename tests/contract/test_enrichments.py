"""Second readings as rows, and what a message is read as in the end."""

from datetime import timedelta
from typing import Any

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.sink import ClickHouseSink
from tests.contract.messages import NOON, correction, enriched, scored


async def test_of_one_reading_the_first_record_stays(sink: ClickHouseSink, client: Client) -> None:
    await sink.write([enriched(0), enriched(1, cached=True, cost_micros=0)])
    await sink.write([enriched(1, cached=True, cost_micros=0)])
    found = client.query("SELECT cost_micros, cached, removed['NAME'], label, at FROM enrichments_now").result_rows
    assert [row[:4] for row in found] == [(560, False, 1, "very_negative")]


async def test_an_answer_stands_before_a_fallback_whenever_it_came(sink: ClickHouseSink, client: Client) -> None:
    later = NOON + timedelta(hours=1)
    fallback: dict[str, Any] = {"read_by": "vader", "label": None, "reason": "", "removed": {}}
    await sink.write(
        [
            enriched(0),
            enriched(1, fallback="budget", at=later, **fallback),
            enriched(2, event_id="event-1", fallback="timeout", **fallback),
        ]
    )
    found = client.query("SELECT event_id, fallback FROM enrichments_standing ORDER BY event_id").result_rows
    assert found == [("event-0", ""), ("event-1", "timeout")]


async def test_a_person_stands_before_a_model_and_that_before_the_program(sink: ClickHouseSink, client: Client) -> None:
    await sink.write(
        [
            *(scored(number) for number in range(4)),
            enriched(0, event_id="event-0", stands=True),
            enriched(1, event_id="event-1"),
            enriched(2, event_id="event-2", stands=True),
            correction(0, event_id="event-2"),
            enriched(3, event_id="event-3", stands=True, fallback="refused"),
        ]
    )
    asked = "SELECT event_id, label, label_by, category, category_by FROM messages_read ORDER BY event_id"
    assert client.query(asked).result_rows == [
        ("event-0", "very_negative", "small-1", "delivery", "small-1"),
        ("event-1", "negative", "vader", "billing", "vader"),
        ("event-2", "neutral", "person", "delivery", "small-1"),
        ("event-3", "negative", "vader", "billing", "vader"),
    ]
    # The rows themselves are what they were.
    assert client.query("SELECT uniqExact(label, category) FROM scored_events FINAL").result_rows == [(1,)]

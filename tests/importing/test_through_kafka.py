"""An import through a real broker, and the originals of events read back from it."""

import asyncio
from pathlib import Path

import pytest

from schemas.events import ticket_key
from schemas.scored import encode_event
from streams import topics
from streams.broker.admin import apply_topics
from streams.commands.produce import Sendable, send
from streams.config import Settings
from streams.reanalysis.kafka_originals import KafkaAway, read_originals
from streams.reanalysis.rows import Original, Row
from streams.up.local_kafka import LocalKafka
from tests.importing.tables import events_of, written

TABLE = "id,created_at,subject,priority,language,resolved_at,status\n" + "".join(
    f"{number},2026-01-{1 + number % 28:02} 10:00,Where is it?,{'medium' if number % 2 else ''},de,2026-02-01,closed\n"
    for number in range(50)
)


def row_of(ticket: str, event: str) -> Row:
    values: dict[str, object] = dict.fromkeys(Row.__struct_fields__, "")
    return Row(**{**values, "tenant": "default", "ticket_id": ticket, "event_id": event})  # type: ignore[arg-type]


async def test_what_was_imported_is_in_the_log_once_and_says_what_rows_do_not(
    own_kafka: LocalKafka, tmp_path: Path
) -> None:
    events = events_of(written(tmp_path, TABLE))
    await own_kafka.start()
    wanted = [topic for topic in topics.ALL if topic.name == topics.EVENTS]
    await apply_topics(own_kafka.brokers, wanted, 2, 1)
    records = [Sendable(ticket_key(event.tenant, event.ticket_id), encode_event(event)) for event in events]
    assert await send(records, Settings(kafka_brokers=own_kafka.brokers)) == len(events) == 100
    # Again, as somebody would after a stop.
    assert await send(records, Settings(kafka_brokers=own_kafka.brokers)) == 100
    originals = await asyncio.to_thread(read_originals, own_kafka.brokers, lambda read: None)
    assert len(originals) == 100
    found = {event.event_id: originals.of(row_of(event.ticket_id, event.event_id)) for event in events}
    assert set(found.values()) == {Original("de", None, "medium"), Original("de", None, None)}
    assert originals.of(row_of("0", "nobody's")) is None


def test_a_broker_that_is_away_is_said() -> None:
    with pytest.raises(KafkaAway, match="does not answer"):
        read_originals("127.0.0.1:1", lambda read: None)

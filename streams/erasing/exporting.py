"""All that is known of somebody, for a request for access."""

import asyncio
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.audit import audit_key, encode_audit
from sinks.kafka_cluster import Brokers, client_arguments
from sinks.privacy.places import reading
from streams import topics
from streams.audit import of_command
from streams.erasing.asking import Asked, name_of, subject_of
from streams.erasing.running import known_tickets
from streams.erasing.stored import rows
from streams.privacy.keys import Keys


async def export(asked: Asked, keys: Keys, brokers: Brokers, url: str, note: str, now: datetime) -> dict[str, Any]:
    """What there is, by table. It is in the audit before anything is read. Raises KafkaError, QueryFailed, CannotOpen.

    State and topics have nothing that is not here too, but what came within the last second or so.
    """
    record = of_command("privacy.export", [name_of(asked, keys)], note, now, asked.tenant)
    producer = AIOKafkaProducer(**client_arguments(brokers), acks="all")
    try:
        await producer.start()
        await producer.send_and_wait(topics.AUDIT, encode_audit(record), audit_key(record))
    finally:
        await producer.stop()
    return await asyncio.to_thread(_read, asked, keys, url, now)


def _read(asked: Asked, keys: Keys, url: str, now: datetime) -> dict[str, Any]:
    tickets = known_tickets(asked, keys, url)
    subject = subject_of(asked, keys, tickets)
    return {
        "tenant": asked.tenant,
        "asked": asked._asdict(),
        "at": now,
        "tickets": sorted(tickets),
        "tables": {table: found for table, sql in reading(subject) if (found := rows(url, sql))},
    }

"""The audit is told what a command did. What was done is done, whether the audit hears of it or not."""

import asyncio
from typing import TYPE_CHECKING

from streams.commands.settings import quiet_clients

if TYPE_CHECKING:
    from schemas.audit import AuditRecord
    from streams.config import Settings

# A command is not kept waiting for long by a broker that is away.
AUDIT_SECONDS = 3.0


def tell_audit(record: "AuditRecord", settings: "Settings") -> str | None:
    """Why the audit does not know of it; None when it does. Beside the embedded engine there is no broker to tell."""
    quiet_clients()
    return asyncio.run(_send(record, settings))


async def _send(record: "AuditRecord", settings: "Settings") -> str | None:
    # Kafka's client is loaded only where something is told.
    from schemas.audit import audit_key, encode_audit
    from sinks.record_writer import NotAcknowledged
    from streams import topics
    from streams.gateway.kafka_writer import KafkaWriter

    writer = KafkaWriter(settings.kafka, topic=topics.AUDIT, ack_seconds=AUDIT_SECONDS)
    await writer.start()
    try:
        await writer.send(audit_key(record), encode_audit(record))
    except NotAcknowledged as error:
        return str(error)
    finally:
        await writer.stop()
    return None

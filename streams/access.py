"""Who may ask the servers what, by the settings."""

import ipaddress
import logging
from typing import Final

from sinks.access.gate import Gate
from sinks.access.limits import Rates
from sinks.access.token_file import SETTING
from sinks.record_writer import RecordWriter
from streams import topics
from streams.config import Settings
from streams.gateway.kafka_writer import KafkaWriter

log = logging.getLogger(__name__)

# An answer waits no longer for what is told of it.
AUDIT_SECONDS: Final = 2.0


def gate_of(settings: Settings, audit: RecordWriter) -> Gate:
    """The gate of a server; what is done goes to `audit`. Raises FileError for tokens that cannot be read."""
    if settings.tokens is None and not _is_loopback(settings.host):
        log.warning(
            "everybody who reaches %s may read and change everything: no tokens are asked for. `ticketpulse token new` "
            "makes one, %s names their file",
            settings.host,
            SETTING,
        )
    rates = Rates(settings.rate_requests, settings.rate_events, settings.rate_failures, settings.rate_messages)
    return Gate(settings.tokens, rates=rates, audit=audit)


def kafka_gate(settings: Settings) -> Gate:
    """The gate of a server that has Kafka behind it. Raises FileError for tokens that cannot be read."""
    return gate_of(settings, KafkaWriter(settings.kafka, topic=topics.AUDIT, ack_seconds=AUDIT_SECONDS))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""The settings as a command sees them."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.config import Settings


def given_settings() -> "Settings":
    """Read the environment. Raises pydantic's ValidationError, which `failure.explain` puts into words."""
    from streams.config import Settings

    return Settings()


def load_settings() -> "Settings":
    """The settings of the pipeline that runs here: where no brokers are named, those of `ticketpulse up`."""
    settings = given_settings()
    if "kafka_brokers" in settings.model_fields_set:
        return settings
    brokers = _own_brokers(settings.local_dir)
    return settings.model_copy(update={"kafka_brokers": brokers}) if brokers else settings


def admitted_settings(*components: str) -> "Settings":
    """The settings of who works as these components, once the cluster is known to allow that (streams/rights.py).

    A cluster that is away is not waited for here. Raises NotAllowed and NotLetIn, which say what to do.
    """
    settings = load_settings()
    cluster = settings.kafka
    if isinstance(cluster, str):
        return settings
    import asyncio

    from sinks.kafka_rights import require_rights
    from streams.rights import rights_of

    for component in components:
        asyncio.run(require_rights(cluster, rights_of(component, settings.name), component))
    return settings


def quiet_clients() -> None:
    """Leave it to the command to say in one line that a server is away: the client would log every attempt."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _own_brokers(local_dir: Path) -> str | None:
    """Where the local Kafka of this folder listens: its port need not be the usual one."""
    try:
        return f"127.0.0.1:{int((local_dir / 'kafka' / 'port').read_text())}"
    except (OSError, ValueError):
        return None

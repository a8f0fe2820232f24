"""The settings as a command sees them."""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.config import Settings


def load_settings() -> "Settings":
    """Read the environment. Raises pydantic's ValidationError, which `failure.explain` puts into words."""
    from streams.config import Settings

    return Settings()


def quiet_clients() -> None:
    """Leave it to the command to say in one line that a server is away: the client would log every attempt."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

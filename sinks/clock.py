"""The wall clock of servers, as times that know their zone; whatever is tested takes another one."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)

"""How every question of the page is put: values are bound, never part of the SQL, and times come back as whole numbers,
so that no driver or host time zone can shift them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from clickhouse_connect.driver.client import Client

Bound = Mapping[str, str | int | float]


def ask(client: Client, sql: str, bound: Bound) -> list[dict[str, Any]]:
    """The rows by column name. Raises clickhouse_connect's errors when the database does not answer."""
    return list(client.query(sql, parameters=dict(bound)).named_results())


def last_minutes(minutes: int, now: datetime) -> tuple[datetime, datetime]:
    """Begin and end (UTC) of so many minutes before `now` (aware), the running one included."""
    until = now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return until - timedelta(minutes=minutes), until


def from_seconds(value: int) -> datetime:
    """Seconds since 1970."""
    return datetime.fromtimestamp(value, UTC)


def from_milliseconds(value: int) -> datetime:
    """Milliseconds since 1970."""
    # Whole seconds and the rest apart: a float of milliseconds would round.
    return datetime.fromtimestamp(value // 1000, UTC) + timedelta(milliseconds=value % 1000)


def from_milliseconds_or_none(value: int | None) -> datetime | None:
    """Milliseconds since 1970, where there is a time."""
    return None if value is None else from_milliseconds(value)

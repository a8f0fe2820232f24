"""What ClickHouse has of somebody."""

import msgspec

from sinks.clickhouse.console import query
from sinks.privacy.places import Statement


def rows(url: str, sql: str) -> list[dict[str, object]]:
    """The rows of a query. Raises QueryFailed and CannotOpen."""
    return [msgspec.json.decode(line) for line in query(url, sql, "JSONEachRow").splitlines()]


def meant(url: str, statement: Statement) -> int:
    """How many rows a statement would remove or change. Raises as `rows` does."""
    [[count]] = [list(row.values()) for row in rows(url, statement.counting)]
    return int(str(count))

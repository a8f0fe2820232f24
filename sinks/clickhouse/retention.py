"""How long tables keep their rows: as the settings want it, and as ClickHouse has it."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from clickhouse_connect.driver.binding import format_query_value as quoted
from clickhouse_connect.driver.client import Client

from schemas.retention import TABLES

# Behind the keys of a table, up to its settings.
_TTL: Final = re.compile(r"\bTTL (.*?)(?: SETTINGS |$)", re.DOTALL)
# Tables without a tenant would have no rule of a tenant; all of these have one.
_WITHOUT_TENANT: Final = frozenset({"dead_letters"})


#: Asks for the tables and how they are kept.
ASKED: Final = """
SELECT name, engine_full FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"""


class TableDays(NamedTuple):
    """Days for a table's rows: of everybody, and of tenants who have their own. None is for ever."""

    days: int | None
    tenants: Mapping[str, int | None]


class Difference(NamedTuple):
    """How a table keeps its rows, and how it should; empty for ever."""

    table: str
    wanted: str
    real: str

    @property
    def is_kept(self) -> bool:
        """Whether it is as it should be."""
        return self.wanted == self.real


def expression_of(table: str, kept: TableDays) -> str:
    """ClickHouse's TTL, as ClickHouse itself writes it; empty where all is kept for ever."""
    column = TABLES[table].column
    own = {} if table in _WITHOUT_TENANT else dict(sorted(kept.tenants.items()))
    rules = [_rule(column, days, f"tenant = {quoted(tenant)}") for tenant, days in own.items() if days is not None]
    if kept.days is not None:
        rules.append(_rule(column, kept.days, " AND ".join(f"(tenant != {quoted(each)})" for each in own)))
    return ", ".join(rules)


def differences(tables: Sequence[Sequence[str]], wanted: Mapping[str, TableDays]) -> list[Difference]:
    """Every table that is there (the rows of ASKED), as it is and as it should be."""
    return [
        Difference(name, expression_of(name, wanted[name]), _found(engine)) for name, engine in tables if name in wanted
    ]


def apply_retention(client: Client, wanted: Mapping[str, TableDays]) -> list[str]:
    """Have every table keep its rows as it should; returns what was changed. ClickHouse removes what is too old in its
    own time.
    """
    changed = [each for each in differences(client.query(ASKED).result_rows, wanted) if not each.is_kept]
    for each in changed:
        what = f"MODIFY TTL {each.wanted}" if each.wanted else "REMOVE TTL"
        client.command(f"ALTER TABLE {each.table} {what}")
    return [f"{each.table}: {each.wanted or 'for ever'}" for each in changed]


def _rule(column: str, days: int, where: str) -> str:
    if len(where) > 1 and where.startswith("(") and where.count("(") == 1:
        where = where[1:-1]
    return f"toDateTime({column}) + toIntervalDay({days})" + (f" WHERE {where}" if where else "")


def _found(engine: str) -> str:
    match = _TTL.search(engine)
    return match[1].strip() if match else ""

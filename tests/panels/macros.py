"""Expand a panel's SQL as Grafana and its ClickHouse data source do before it is sent.

First conditions that fall away when "All" is chosen, then variables, then macros, as its 4.x releases do:
https://clickhouse.com/docs/integrations/grafana/query-builder.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

ALL = "$__all"
_CONDITIONAL = "$__conditionalAll("
_VARIABLE = re.compile(r"\$\{(?P<name>\w+):sqlstring\}")


class Span(NamedTuple):
    """What the reader looks at: `since` and `until` are aware, `step` is in seconds."""

    since: datetime
    until: datetime
    step: int


def expand(sql: str, span: Span, variables: Mapping[str, str | list[str]]) -> str:
    """The SQL that ClickHouse gets. Raises ValueError for a macro or a variable that nothing is known of."""
    for macro, value in _replaced(span).items():
        if macro.startswith("${"):
            sql = sql.replace(macro, value)
    sql = _VARIABLE.sub(lambda found: _quoted(variables[found["name"]]), _without_all(sql, variables))
    for macro, value in _replaced(span).items():
        sql = re.sub(rf"{re.escape(macro)}\b", value, sql)
    for macro, shape in _functions(span).items():
        sql = re.sub(rf"\$__{macro}\((\w+)\)", lambda found, shape=shape: shape.replace("?", found[1]), sql)  # type: ignore[misc]
    if left := re.search(r"\$[\w{]+", sql):
        raise ValueError(f"{left[0]}: no such macro or variable, in {sql}")
    return sql


def _replaced(span: Span) -> dict[str, str]:
    since, until = int(span.since.timestamp()), int(span.until.timestamp())
    return {
        "${__from:date:seconds}": str(since),
        "${__to:date:seconds}": str(until),
        "$__fromTime": f"toDateTime({since})",
        "$__toTime": f"toDateTime({until})",
        "$__interval_s": str(span.step),
    }


def _functions(span: Span) -> dict[str, str]:
    since, until = int(span.since.timestamp()), int(span.until.timestamp())
    seconds = f"? >= toDateTime({since}) AND ? <= toDateTime({until})"
    milliseconds = f"? >= fromUnixTimestamp64Milli({since}000) AND ? <= fromUnixTimestamp64Milli({until}000)"
    interval = f"toStartOfInterval(toDateTime(?), INTERVAL {span.step} second)"
    return {"timeFilter": seconds, "timeFilter_ms": milliseconds, "timeInterval": interval}


def _without_all(sql: str, variables: Mapping[str, str | list[str]]) -> str:
    while (start := sql.rfind(_CONDITIONAL)) >= 0:
        condition, variable, end = _arguments(sql, start + len(_CONDITIONAL))
        kept = "1=1" if variables[variable.strip().removeprefix("$")] in (ALL, "") else condition
        sql = sql[:start] + kept + sql[end:]
    return sql


def _arguments(sql: str, start: int) -> tuple[str, str, int]:
    """Both arguments of a call whose text begins at `start`, and where it ends."""
    depth, comma = 1, 0
    for position in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[position], 0)
        if sql[position] == "," and depth == 1:
            comma = position
        if depth == 0:
            return sql[start:comma], sql[comma + 1 : position], position + 1
    raise ValueError(f"a call that does not end: {sql[start:]}")


def _quoted(value: str | list[str]) -> str:
    values = [value] if isinstance(value, str) else value
    return ",".join("'" + each.replace("'", "''") + "'" for each in values)

"""What the command line asks the database."""

import base64
import json
from typing import Any

from clickhouse_connect.driver.client import Client

_LAST_WINDOW = """
SELECT * FROM windows_now
WHERE size = 60 AND dimension = 'overall'
ORDER BY start DESC, tenant
LIMIT 1"""
_DEAD_LETTERS = """
SELECT * FROM dead_letters_now
WHERE ({stage:String} = '' OR stage = {stage:String}) AND ({reason:String} = '' OR reason = {reason:String})
ORDER BY failed_at DESC, log_partition, log_offset DESC
LIMIT {limit:UInt32}"""


def last_window(client: Client) -> dict[str, Any] | None:
    """The newest minute over everything (of the first tenant, if several have it): the columns of `windows_now`.

    None before there is one. Times are aware, shares from 0 to 1, scores in points.
    """
    return next(iter(client.query(_LAST_WINDOW).named_results()), None)


def dead_letters(
    client: Client, limit: int, stage: str | None = None, reason: str | None = None
) -> list[dict[str, Any]]:
    """The newest dead letters, newest first: the columns of `dead_letters_now`.

    `key` and `value` are the record's untouched bytes or None, `headers` its own headers as (name, bytes).
    """
    parameters = {"limit": limit, "stage": stage or "", "reason": reason or ""}
    formats: dict[str, str | dict[str, str]] = {"key": "bytes", "value": "bytes"}
    result = client.query(_DEAD_LETTERS, parameters=parameters, column_formats=formats)
    return [row | {"headers": _headers(row["headers"])} for row in result.named_results()]


def _headers(text: str) -> list[tuple[str, bytes]]:
    return [(name, base64.b64decode(raw)) for name, raw in json.loads(text)]

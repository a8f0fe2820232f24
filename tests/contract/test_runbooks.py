"""Every query in a runbook is one that ClickHouse answers: nobody repairs SQL at three in the morning."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from tests.alerting.rule_files import DEPLOY
from tests.contract.sink_worlds import embedded_url, migrated

_QUERY = re.compile(r'```sql\n(.+?)```|ticketpulse sql "(.+?)"', re.S)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with migrated(embedded_url(tmp_path)) as opened:
        yield opened


def queries() -> Iterator[tuple[str, str]]:
    for path in sorted((DEPLOY / "runbooks").glob("*.md")):
        for fenced, inline in _QUERY.findall(path.read_text()):
            yield path.name, fenced or inline


def test_queries_in_runbooks_are_answered(client: Client) -> None:
    asked = list(queries())
    assert len(asked) > 10
    for runbook, query in asked:
        assert client.query(f"DESCRIBE TABLE ({query})").result_rows, runbook

"""Row policies for tenants that read ClickHouse themselves: whole, and SQL that the engine can read."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate, split

FILE = Path(__file__).parents[2] / "deploy" / "clickhouse" / "tenant_policies.sql"
STATEMENTS = list(split(FILE.read_text()))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    opened = connect(f"chdb://{tmp_path_factory.mktemp('policies') / 'clickhouse'}")
    migrate(opened)
    yield opened
    opened.close()


def names(pattern: str) -> set[str]:
    return {found[1] for each in STATEMENTS if (found := re.match(pattern, each))}


def test_the_engine_can_read_each_statement(client: Client) -> None:
    assert len(STATEMENTS) > 30
    for statement in STATEMENTS:
        client.query("SELECT formatQuery({sql:String})", parameters={"sql": statement})


def test_every_table_that_has_tenants_has_a_policy_and_no_other_may_be_read(client: Client) -> None:
    rows = client.query(
        "SELECT name, engine LIKE '%View', name IN (SELECT table FROM system.columns WHERE name = 'tenant' AND "
        "database = currentDatabase()) FROM system.tables "
        "WHERE database = currentDatabase() AND name NOT LIKE '.inner%'"
    ).result_rows
    tables = {name for name, is_view, has_tenant in rows if has_tenant and not is_view}
    views = {name for name, is_view, has_tenant in rows if has_tenant and is_view}
    assert names(r"CREATE ROW POLICY IF NOT EXISTS tenant_rows ON (\w+) USING tenant = ") == tables
    granted = names(r"GRANT SELECT ON (\w+) TO tenant_reader")
    assert tables <= granted <= tables | views


def test_each_table_of_tenants_is_sorted_by_tenant_first_but_for_two_small_ones(client: Client) -> None:
    rows = client.query(
        "SELECT name, sorting_key FROM system.tables WHERE database = currentDatabase() AND sorting_key != '' AND name "
        "IN (SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'tenant')"
    ).result_rows
    assert len(rows) > 15
    assert {name for name, key in rows if not key.startswith("tenant,")} == {"audit", "reanalyses"}

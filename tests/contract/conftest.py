"""What several contract tests share: a sink of a database that has every table, and the page with its rows."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from tests.browser.page_process import serving_rows
from tests.contract.messages import TABLES
from tests.contract.sink_worlds import embedded_url, migrated


@pytest.fixture(params=["embedded", "server"])
def url(request: pytest.FixtureRequest, tmp_path: Path, unique: Callable[[str], str]) -> str:
    """An empty database of either kind; modules that want another name it so too."""
    over_http = request.param == "server"
    return request.getfixturevalue("server").url(unique("contract")) if over_http else embedded_url(tmp_path)


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """Of the database that the module's `url` names."""
    with migrated(url) as opened:
        yield opened


@pytest.fixture
def sink(url: str, client: Client) -> Iterator[ClickHouseSink]:
    """Into the same database."""
    made = ClickHouseSink(lambda: connect(url), TABLES)
    yield made
    asyncio.run(made.close())


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_rows(tmp_path_factory.mktemp("page")) as served:
        yield served.address


@pytest.fixture
async def page(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as client:
        yield client

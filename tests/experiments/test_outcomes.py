"""Outcomes from ClickHouse against the same by pandas; and an experiment over HTTP."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pandas as pd
import pytest

from schemas.experiments import METRICS as NAMES
from schemas.experiments import Running
from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from sinks.experiments.metrics import METRICS
from sinks.experiments.tickets import Settled, read_tickets
from tests.contract.messages import TABLES
from tests.contract.sink_worlds import embedded_url, migrated
from tests.experiments.desk_rows import Rows, by_pandas
from tests.experiments.made import START, going

NOW = START + timedelta(days=7)


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, rows: Rows) -> str:
    address = embedded_url(tmp_path_factory.mktemp("experiments"))
    with migrated(address):
        sink = ClickHouseSink(partial(connect, address), TABLES)

        async def fill() -> None:
            await sink.write(rows.messages)
            # The last rows come again, as after a crash.
            await sink.write(rows.messages[-50:])
            await sink.close()

        asyncio.run(fill())
    # Closed: a process can have one embedded engine open, and other tests have theirs.
    return address


def read(url: str, running: Running) -> list[Settled]:
    client = connect(url, readonly=True)
    try:
        return read_tickets(client, running, NOW)
    finally:
        client.close()


@pytest.mark.parametrize(
    "changes", [{}, {"by": "customer"}, {"channels": ["chat"]}, {"settle": "6h"}, {"seed": "other"}], ids=str
)
def test_every_outcome_is_what_pandas_finds(url: str, rows: Rows, changes: dict[str, object]) -> None:
    running = going(**changes)
    expected = by_pandas(rows, running, NOW)
    found = read(url, running)
    assert {each.ticket_id: each.arm for each in found} == expected["arm"].to_dict()
    assert [each.opened for each in found] == sorted(each.opened for each in found)
    for name in NAMES:
        values = {each.ticket_id: METRICS[name].value(each) for each in found}
        assert {ticket: value for ticket, value in values.items() if value is not None} == pytest.approx(
            {str(ticket): value for ticket, value in expected[name].items() if pd.notna(value)}
        ), name
    # Nothing of it is all the same.
    assert expected["missed"].nunique() == 2
    assert len(expected) > 20


def test_the_page_tells_how_it_stands_in_every_form(url: str) -> None:
    async def ask(path: str) -> httpx.Response:
        page = create_page(partial(connect, url, readonly=True), now=lambda: NOW, experiments=lambda: [going()])
        # Its life ends with the question, so that the database is closed.
        async with (
            page.router.lifespan_context(page),
            httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://page") as client,
        ):
            return await client.get(path)

    listed = asyncio.run(ask("/api/v1/experiments")).json()
    assert [each["experiment"]["name"] for each in listed["experiments"]] == ["sooner"]
    told = asyncio.run(ask("/api/v1/experiments/sooner")).json()
    assert (told["state"], told["control"], [arm["verdict"] for arm in told["arms"]]) == (
        "running",
        "now",
        [None, "running"],
    )
    assert told["astray"] > 0
    page = asyncio.run(ask("/api/v1/experiments/sooner?format=html")).text
    assert "<h1>Experiment sooner</h1>" in page
    assert asyncio.run(ask("/api/v1/experiments/sooner?format=md")).text.startswith("# Experiment sooner\n")
    missing = asyncio.run(ask("/api/v1/experiments/other"))
    assert (missing.status_code, missing.json()["detail"]) == (404, "there is no experiment 'other'")


def test_a_wrong_file_is_told_and_hides_nothing_else(tmp_path: Path, url: str) -> None:
    def wrong() -> list[Running]:
        raise ValueError("sooner.toml:3: no such metric")

    async def ask(path: str) -> httpx.Response:
        page = create_page(partial(connect, url, readonly=True), now=lambda: NOW, experiments=wrong)
        # Its life ends with the question, so that the database is closed.
        async with (
            page.router.lifespan_context(page),
            httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://page") as client,
        ):
            return await client.get(path)

    assert asyncio.run(ask("/api/v1/experiments")).json() == {
        "experiments": [],
        "wrong": "sooner.toml:3: no such metric",
    }
    assert asyncio.run(ask("/api/v1/experiments/sooner")).status_code == 404

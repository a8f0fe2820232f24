"""Re-analyses over HTTP, as the page's process runs them, over the embedded database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sinks.clickhouse.client import connect
from sinks.dashboard.app import create_page
from streams.reanalysis.scoring import Model
from streams.reanalysis.service import ReanalysisService
from tests.contract.sink_worlds import embedded_url, migrated
from tests.reanalysis.rows_of_tickets import store, told
from tests.unit.records import RULES

PATH = "/api/v1/reanalysis"
HELPDESK = "/helpdesk/sentiment/reanalyze/"


@pytest.fixture
async def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    # On a machine that is busy with other tests the first run takes longer than a program should have to wait.
    monkeypatch.setattr("sinks.reanalysis.api.WAIT_SECONDS", 60.0)
    url = embedded_url(tmp_path)
    with migrated(url):
        await asyncio.to_thread(store, url, told())
        service = ReanalysisService(lambda: connect(url), Model("support", None), RULES)
        app = create_page(lambda: connect(url, readonly=True), reanalyses=service)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page", timeout=60) as client,
        ):
            yield client


async def ended(page: httpx.AsyncClient, run_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            run: dict[str, Any] = (await page.get(f"{PATH}/{run_id}")).json()
            if run["state"] != "running":
                return run
            await asyncio.sleep(0.05)


async def test_a_run_is_begun_followed_and_listed_and_another_waits_for_its_end(page: httpx.AsyncClient) -> None:
    answer = await page.post(PATH, json={"everything": True})
    assert answer.status_code == 202, answer.text
    run = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{run['id']}"
    assert (run["state"], run["asked"]) == ("running", {"tenant": "default", "everything": True})
    other = await page.post(PATH, json={"everything": True})
    assert other.status_code == 409
    assert run["id"] in other.json()["detail"]
    done = await ended(page, run["id"])
    assert (done["state"], done["progress"], done["done"]) == ("done", 1.0, done["events"])
    assert done["relabelled"] > 0
    assert [each["id"] for each in (await page.get(PATH)).json()["runs"]] == [run["id"]]
    assert (await page.get(f"{PATH}/{run['id']}?tenant=acme")).status_code == 404
    assert (await page.delete(f"{PATH}/{run['id']}")).status_code == 409
    assert (await page.post(PATH, json={"resume": run["id"]})).status_code == 422


async def test_one_that_is_stopped_is_resumed(page: httpx.AsyncClient) -> None:
    run = (await page.post(PATH, json={"everything": True})).json()
    assert (await page.delete(f"{PATH}/{run['id']}")).status_code == 202
    assert (await ended(page, run["id"]))["state"] == "stopped"
    assert (await page.post(PATH, json={"resume": run["id"]})).status_code == 202
    assert (await ended(page, run["id"]))["state"] == "done"


async def test_the_helpdesks_path_scores_one_ticket_some_or_those_of_a_status(page: httpx.AsyncClient) -> None:
    one = (await page.post(HELPDESK, json={"ticket_id": "t001"})).json()
    assert (one["status"], one["total"], one["analyzed"], one["failed"]) == ("success", 1, 1, 0)
    [result] = one["results"]
    assert result["ticket_id"] == "t001"
    assert result["sentiment_label"] != result["previous_label"]
    some = (await page.post(HELPDESK, json={"ticket_ids": ["t001", "t002", "t003"]})).json()
    assert [each["ticket_id"] for each in some["results"]] == ["t001", "t002", "t003"]
    resolved = (await page.post(HELPDESK, json={"status": "resolved", "limit": 2})).json()
    assert [each["ticket_id"] for each in resolved["results"]] == ["t015", "t018"]
    assert (await page.post(HELPDESK, json={"ticket_id": "nobody's"})).status_code == 404


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "say which tickets"),
    ({"ticket_ids": ["t1"], "status": "open"}, "not both"),
    ({"limit": 0}, "limit"),
    ({"since": "2026-11-21"}, "since"),
    ({"everything": True, "escalate": True}, "escalate"),
    ({"every": True}, "every"),
]


async def test_what_cannot_be_meant_is_422(page: httpx.AsyncClient) -> None:
    for body, said in REFUSED:
        answer = await page.post(PATH, json=body)
        assert answer.status_code == 422
        assert said in answer.json()["detail"]
    assert (await page.get(PATH)).json()["runs"] == []


async def test_a_page_without_one_who_runs_them_says_so(tmp_path: Path) -> None:
    app = create_page(lambda: connect(embedded_url(tmp_path), readonly=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page") as client:
        answer = await client.post(PATH, json={"everything": True})
    assert answer.status_code == 503
    assert "ticketpulse reanalyze" in answer.json()["detail"]

"""What is expected of a ticket, in its drawer in a real browser."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from playwright.sync_api import Page

from schemas.predictions import KINDS
from tests.browser.looking import is_hidden, run, text, texts, until
from tests.browser.page_process import serving
from tests.browser.ticket_rows import HOSTILE_TICKET, payload

pytestmark = pytest.mark.xdist_group("chromium")
BOX = "ticket-predictions-box"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("tests.predictions.serve_predictions", str(tmp_path_factory.mktemp("predictions"))) as served:
        yield served.address


def asked(address: str, path: str, **parameters: Any) -> Any:
    return (
        httpx.get(f"{address}/api/v1/{path}", params=parameters, timeout=60, trust_env=False).raise_for_status().json()
    )


def test_the_drawer_tells_what_is_expected_and_why(page: Page, address: str) -> None:
    ranked = asked(address, "predictions", limit=1)["predictions"][0]
    told = asked(address, f"tickets/{quote(ranked['ticket_id'], safe='')}/predictions")
    page.goto(f"{address}/#ticket?{urlencode({'id': ranked['ticket_id']})}")
    until(page, f"!document.getElementById('{BOX}').hidden")
    kinds = run(
        page, "return [...document.querySelectorAll('#ticket-predictions > li')].map((each) => each.dataset.kind)"
    )
    assert kinds == [kind for kind in KINDS if told[kind]]
    shown = text(page, "#ticket-predictions > li[data-kind=escalation]")
    low, value, high = (f"{int(told['escalation'][name] * 100 + 0.5)} %" for name in ("low", "value", "high"))
    assert value in shown
    assert f"{low} to {high}" in shown
    assert told["escalation"]["model"] in shown
    assert len(texts(page, "#ticket-predictions > li[data-kind=escalation] .reasons li")) == 5


def test_nothing_in_a_prediction_runs(page: Page, address: str, errors: list[str]) -> None:
    # No event of it is stored, which the browser reports.
    page.goto(f"{address}/?tenant=hostile#ticket?{urlencode({'id': HOSTILE_TICKET})}")
    until(page, f"!document.getElementById('{BOX}').hidden")
    shown = text(page, "#ticket-predictions")
    for field in ("model", "basis", "value"):
        assert payload(field) in shown
    assert run(page, "return document.querySelectorAll('#ticket-predictions :is(script, img, svg)').length") == 0
    assert run(page, "return document.title") != "owned"
    assert all("404" in each for each in errors)


def test_of_a_ticket_that_was_never_foretold_nothing_is_shown(page: Page, address: str, errors: list[str]) -> None:
    page.goto(f"{address}/#ticket?{urlencode({'id': 'unknown'})}")
    until(page, "document.getElementById('ticket').dataset.view === 'figures'")
    assert is_hidden(page, f"#{BOX}")
    assert all("404" in each for each in errors)

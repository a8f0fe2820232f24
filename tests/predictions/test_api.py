"""What the page answers about predictions: of a ticket, as a ranking, to whom; and that it is as its document says."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.browser.page_process import serving
from tests.predictions.serve_predictions import TENANTS, made_desk
from tests.predictions.test_running import still_open

pytestmark = pytest.mark.xdist_group("predictions")
RANKING = "/api/v1/predictions"
OF_TICKET = "/api/v1/tickets/{ticket}/predictions"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("predictions")
    with (
        serving("tests.predictions.serve_predictions", str(folder)) as served,
        httpx.Client(base_url=served.address, timeout=60, trust_env=False) as client,
    ):
        yield client


def got(page: httpx.Client, path: str, **parameters: Any) -> Any:
    answer = page.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def walked(page: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        told = got(page, RANKING, limit=7, **parameters, **({"cursor": cursor} if cursor else {}))
        found += told["predictions"]
        cursor = told["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("kind", ["escalation", "resolution", "resolution_breach"])
@pytest.mark.parametrize("sort", ["highest", "lowest"])
def test_a_ranking_has_each_open_ticket_of_the_tenant_once_and_in_order(
    page: httpx.Client, kind: str, sort: str
) -> None:
    ranked = walked(page, kind=kind, sort=sort, tenant="acme")
    ids = [each["ticket_id"] for each in ranked]
    assert len(set(ids)) == len(ids) > 10
    acme = {ticket.split("/")[1] for ticket in still_open(made_desk()) if ticket.startswith("acme/")}
    # What is escalated is not foretold to escalate.
    assert set(ids) <= acme if kind == "escalation" else set(ids) == acme
    values = [round(each["value"], 5) for each in ranked]
    assert values == sorted(values, reverse=sort == "highest")


def test_of_a_ticket_all_is_told_that_is_expected_of_it(page: httpx.Client) -> None:
    for ranked in got(page, RANKING, kind="escalation", limit=5)["predictions"]:
        told = got(page, OF_TICKET.format(ticket=ranked["ticket_id"]))
        assert told["escalation"] == {name: ranked[name] for name in told["escalation"]}
        assert told["escalation"]["low"] <= told["escalation"]["value"] <= told["escalation"]["high"]
        assert told["escalation"]["model"]
        assert len(told["escalation"]["because"]) == 5
        assert told["resolution"]["value"] > 0
        assert told["ended"] is False


def test_similar_tickets_that_are_named_are_the_tenants_own(page: httpx.Client) -> None:
    for place, tenant in enumerate(TENANTS):
        similar = [
            int(reason["value"].removeprefix("T-"))
            for each in got(page, RANKING, kind="resolution", tenant=tenant, limit=50)["predictions"]
            for reason in each["because"]
        ]
        assert similar
        assert {number % len(TENANTS) for number in similar} == {place}


def test_what_was_never_foretold_is_nothing_and_odd_ids_are_ids(page: httpx.Client) -> None:
    for ticket in ("unknown", "a/b?c", "line\nend", "predictions"):
        told = got(page, OF_TICKET.format(ticket=quote(ticket, safe="")))
        assert (told["ticket_id"], told["as_of"], told["escalation"]) == (ticket, None, None)


def test_caches_and_wrong_parameters(page: httpx.Client) -> None:
    answer = page.get(RANKING)
    again = page.get(RANKING, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for wrong in ({"kind": "weather"}, {"sort": "newest"}, {"limit": 0}, {"cursor": "x"}):
        assert page.get(RANKING, params=wrong).status_code == 422
    other = got(page, RANKING, kind="resolution", limit=2)["next_cursor"]
    assert page.get(RANKING, params={"kind": "escalation", "cursor": other}).status_code == 422


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("path", [RANKING, "/api/v1/tickets/{ticket}/predictions"])
def test_the_page_keeps_what_its_document_promises(page: httpx.Client, path: str, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{page.base_url}/api/v1/openapi.json")

    @hypothesis.given(case=document[path]["GET"].as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=10,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def check(case: schemathesis.Case[Any]) -> None:
        # That a cursor is one that an answer gave is in no schema.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    check()

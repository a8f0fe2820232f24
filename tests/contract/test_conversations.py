"""A ticket's conversation over HTTP, as the sink has stored it; and its OpenAPI document."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode

from sinks.clickhouse.client import connect
from sinks.dashboard.app import create_page
from sinks.dashboard.conversations import MAX_MESSAGES, TEXT_CHARS
from tests.browser.page_process import serving
from tests.contract.conversation_rows import LONG, ODD_IDS

PATH = "/api/v1/conversations"

# The tests share one page, so they run in one process.
pytestmark = pytest.mark.xdist_group("conversations")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("tests.contract.conversation_rows", str(tmp_path_factory.mktemp("page"))) as served:
        yield served.address


@pytest.fixture
def page(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield client


def ask(page: httpx.Client, ticket: str, **parameters: str) -> dict[str, Any]:
    answer = page.get(f"{PATH}/{quote(ticket, safe='')}", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def test_state_scores_reasons_and_escalations(page: httpx.Client) -> None:
    told = ask(page, "T-1")
    assert told["state"] == {
        "status": "resolved",
        "channel": "web",
        "category": "billing",
        "customer_id": "c-1",
        "satisfaction": 4,
        "escalated": True,
        "ticket_number": "TKT-2026-0007",
        "events": 4,
        "customer_messages": 2,
        "agent_replies": 1,
        "score_avg": 2.05,
        "score_min": 2.05,
        "first_at": "2026-03-04T12:00:00.250000Z",
        "last_at": "2026-03-04T12:03:00.250000Z",
    }
    assert told["scores"] == [
        {"at": "2026-03-04T12:00:00.250000Z", "event_id": "event-1", "score": 2.05, "label": "negative"}
    ]
    assert [message["event_id"] for message in told["messages"]] == [f"event-{number}" for number in (1, 2, 3, 4)]
    first, reply, unscored, _ = told["messages"]
    assert first["reasons"] == [{"rule": "lexicon", "term": "wrong", "points": -1.5, "places": [[15, 20]]}]
    assert (first["confidence"], first["voice"], reply["voice"]) == (0.8, "customer", "agent")
    assert (unscored["score"], unscored["label"], unscored["unscored"]) == (None, None, "empty")
    (escalation,) = told["escalations"]
    assert (escalation["number"], escalation["revision"], escalation["state"]) == ("TKT-2026-0007", 2, "open")
    assert escalation["evidence"] == {"terms": ["wrong"], "values": {"score": 2.05}}
    assert (escalation["first_response_at"], escalation["queue"]) == (None, None)


def test_a_tenant_sees_its_own(page: httpx.Client) -> None:
    told = ask(page, "T-1", tenant="acme")
    assert [message["text"] for message in told["messages"]] == ["Another tenant's."]
    assert told["escalations"] == []


def test_a_long_conversation_is_told_by_its_newest_events(page: httpx.Client) -> None:
    for parameters, count in ({}, 100), ({"messages": "7"}, 7), ({"messages": str(MAX_MESSAGES)}, MAX_MESSAGES):
        told = ask(page, "T-2", **parameters)
        assert (len(told["messages"]), told["left_out"]) == (count, LONG - count)
        assert told["messages"][-1]["event_id"] == f"event-{100 + LONG - 1}"
        assert {len(message["text"]) for message in told["messages"]} == {TEXT_CHARS}
        assert len(told["scores"]) == count
        assert told["state"]["events"] == LONG


@pytest.mark.parametrize("ticket", ODD_IDS)
def test_a_ticket_of_any_name_is_found(page: httpx.Client, ticket: str) -> None:
    assert ask(page, ticket)["ticket_id"] == ticket


@pytest.mark.parametrize("path", ["T-1/", "a/b", "a/b/", "a//b/", "a//b//", "%E6%97%A5%E6%9C%AC/"])
def test_slashes_may_stand_as_they_are_and_one_may_follow(page: httpx.Client, path: str) -> None:
    answer = page.get(f"{PATH}/{path}")
    assert answer.status_code == 200
    assert answer.json()["ticket_id"] in ("T-1", "a/b", "a//b/", "日本")


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("T-404", 404, "T-404"),
        ("T-1?tenant=nobody", 404, "nobody"),
        ("%00", 404, "stored"),
        ("%FF", 404, "stored"),
        ("", 422, "ticket"),
        ("x" * 300, 422, "ticket"),
        ("T-1?messages=0", 422, "messages"),
        ("T-1?messages=501", 422, "messages"),
        ("T-1?tenant=a%20b", 422, "tenant"),
    ],
)
def test_what_is_wrong_is_a_problem_that_says_so(page: httpx.Client, path: str, status: int, named: str) -> None:
    answer = page.get(f"{PATH}/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert named in answer.json()["detail"]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_the_page_keeps_what_its_document_promises(address: str, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")

    @hypothesis.given(case=document[f"{PATH}/{{ticket}}"]["GET"].as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=12, derandomize=True, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate()

    check()


async def test_a_database_that_is_away_is_a_503_that_says_so() -> None:
    transport = httpx.ASGITransport(create_page(lambda: connect("http://127.0.0.1:1", readonly=True)))
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        answer = await client.get(f"{PATH}/T-1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "ClickHouse is away" in answer.json()["detail"]

"""GET /api/v1/tickets/{ticket_id}/summary over stored rows."""

from collections.abc import Sequence
from functools import partial

import httpx
import pytest

from sinks.clickhouse.client import connect
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from sinks.summaries.writing import NotWritten, Parts, Said, Written
from tests.contract.messages import scored

TICKET = "T/1 ä"


class Pen:
    """Writes what a test says, and remembers what it was shown."""

    def __init__(self, found: Written | NotWritten) -> None:
        self.found = found
        self.shown: list[tuple[str, Sequence[Said]]] = []
        self.closed = False

    async def write(self, tenant: str, said: Sequence[Said]) -> Written | NotWritten:
        self.shown.append((tenant, said))
        return self.found

    async def close(self) -> None:
        self.closed = True


async def asked(url: str, pen: Pen | None, path: str = "T%2F1%20%C3%A4", **parameters: str) -> httpx.Response:
    page = create_page(partial(connect, url, readonly=True), summaries=pen)
    async with (
        page.router.lifespan_context(page),
        httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://page") as client,
    ):
        answer = await client.get(f"/api/v1/tickets/{path}/summary", params=parameters)
    assert pen is None or pen.closed
    return answer


@pytest.fixture(autouse=True)
async def rows(sink: ClickHouseSink) -> None:
    await sink.write(
        [
            scored(0, TICKET, text="The invoice of May is wrong. Hello."),
            scored(1, TICKET, text="We look into the matter today.", voice="agent", type="agent_reply"),
            scored(2, "T-2", text="", subject=None),
            scored(3, TICKET, text="Of another tenant, a secret.", tenant="acme"),
        ]
    )


async def test_a_model_writes_it_of_this_tenants_messages(url: str) -> None:
    pen = Pen(Written(Parts("Wrong <b>bill</b>.", "Looked into.", "", "Correct it."), "small-1"))
    found = (await asked(url, pen)).raise_for_status().json()
    assert found == {
        "tenant": "default",
        "ticket_id": TICKET,
        "written_by": "small-1",
        "fallback": None,
        "detail": "",
        "problem": "Wrong <b>bill</b>.",
        "tried": "Looked into.",
        "wants": "",
        "next_step": "Correct it.",
        "messages": 2,
        "left_out": 0,
    }
    [(tenant, said)] = pen.shown
    assert (tenant, [each.voice for each in said]) == ("default", ["customer", "agent"])
    assert "secret" not in str(said)


@pytest.mark.parametrize(
    ("pen", "by", "fallback"),
    [
        (None, "any", "disabled"),
        (None, "local", None),
        (Pen(NotWritten("budget", "today's budget of money is used up")), "any", "budget"),
        (Pen(Written(Parts("no"), "small-1")), "local", None),
    ],
)
async def test_else_it_is_picked_from_the_messages(url: str, pen: Pen | None, by: str, fallback: str | None) -> None:
    found = (await asked(url, pen, by=by)).raise_for_status().json()
    assert (found["written_by"], found["fallback"]) == ("local", fallback)
    assert found["problem"] == "The invoice of May is wrong."
    assert found["tried"] == "We look into the matter today."


async def test_a_ticket_without_words_has_an_empty_one(url: str) -> None:
    pen = Pen(Written(Parts("made up"), "small-1"))
    found = (await asked(url, pen, "T-2")).raise_for_status().json()
    assert (found["problem"], found["fallback"], found["messages"]) == ("", "no_words", 0)
    assert pen.shown == []


@pytest.mark.parametrize(("path", "parameters"), [("T-9", {}), ("T-2", {"tenant": "acme"})])
async def test_there_is_none_of_a_ticket_that_is_not_stored(url: str, path: str, parameters: dict[str, str]) -> None:
    answer = await asked(url, None, path, **parameters)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"

"""Suggestions for a ticket by HTTP, what is said of them, and that no tenant sees another's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.suggestions import decode_use
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from streams import topics
from streams.engine.local import LocalLog, LocalSource, LocalWriter
from tests.contract.messages import NOON, escalation, scored
from tests.suggestions.labelled import ARTICLES
from tests.unit.gateway_pipeline import memory_log

pytestmark = [pytest.mark.xdist_group("corrections"), pytest.mark.asyncio(loop_scope="function")]

ODD = "a/b suggestions?\n"
QUESTION = "My card was declined when I paid for petrol at the pump, why was the payment declined?"


def resolved(offset: int, ticket: str, text: str, tenant: str = "default") -> list[Any]:
    """A ticket that was asked, answered, and resolved two hours later."""
    whose: dict[str, Any] = {"ticket": ticket, "tenant": tenant}
    later, ended = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    nothing: dict[str, Any] = {"sentiment": None, "unscored": "no text"}
    agent: dict[str, Any] = {"type": "agent_reply", "voice": "agent", "text": f"Answer of {ticket}.", **nothing}
    over: dict[str, Any] = {"type": "status_changed", "status": "resolved", "text": "", **nothing}
    return [
        scored(offset, **whose, type="created", text=text),
        scored(offset + 1, **whose, occurred_at=later, **agent),
        scored(offset + 2, **whose, occurred_at=ended, **over),
    ]


ROWS = [
    scored(0, type="created", subject="Payment", text=QUESTION, author="Ann Example", language="en", product="Card"),
    scored(1, type="agent_reply", voice="agent", text="Hm.", agent_id="Kim", sentiment=None, unscored="of an agent"),
    *resolved(10, "T-old", "The payment with my card was declined at the petrol pump"),
    *resolved(20, "T-far", "I would like to close my account"),
    *resolved(30, "T-theirs", QUESTION, "acme"),
    scored(40, "T-open", type="created", text=QUESTION),
    scored(50, ODD, type="created", text="How do I change my PIN?"),
    scored(60, "T-mine", tenant="acme", type="created", text=QUESTION),
]


class Served:
    """A page with suggestions, and the way of its log into the database."""

    def __init__(self, client: httpx.AsyncClient, log: LocalLog, sink: ClickHouseSink) -> None:
        self.client, self._log, self._sink = client, log, sink

    async def suggested(self, ticket: str, tenant: str = "default") -> dict[str, Any]:
        answer = await self.client.get(f"/api/v1/tickets/{ticket}/suggestions", params={"tenant": tenant})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def use(self, ticket: str = "T-1", tenant: str = "default", **asked: Any) -> httpx.Response:
        address = f"/api/v1/tickets/{ticket}/suggestions/used"
        return await self.client.post(address, params={"tenant": tenant}, json=asked)

    async def stats(self, tenant: str = "default") -> list[dict[str, Any]]:
        answer = await self.client.get("/api/v1/suggestions/stats", params={"tenant": tenant})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["suggestions"])

    async def store(self) -> None:
        source = LocalSource(self._log, "test", [topics.SUGGESTIONS])
        await source.start()
        while messages := await source.poll(1_000, 0.01):
            assert await self._sink.write(messages) == []
        await source.commit()
        await source.stop()

    def recorded(self) -> list[Any]:
        slots = self._log.slots([topics.SUGGESTIONS])
        return [decode_use(each.value or b"") for slot in slots for each in self._log.read(slot, 0, 1_000, 1 << 20)]


@asynccontextmanager
async def serving(folder: Path, *, writes: bool = True) -> AsyncIterator[Served]:
    url, log = f"chdb://{folder / 'clickhouse'}", memory_log()
    (folder / "suggestions").mkdir()
    (folder / "suggestions" / "articles").symlink_to(ARTICLES)
    client = connect(url)
    migrate(client)
    sink = ClickHouseSink(
        lambda: connect(url), {"scored": "scored_events", "escalations": "escalations", **topics.STORED}
    )
    page = create_page(
        lambda: connect(url, readonly=True),
        now=lambda: NOON + timedelta(days=1),
        suggestions=folder / "suggestions",
        uses=LocalWriter(log, topics.SUGGESTIONS) if writes else None,
    )
    try:
        assert (
            await sink.write([*ROWS, escalation(ticket="T-old", resolution_notes="Limit raised.", number="N-7")]) == []
        )
        async with (
            page.router.lifespan_context(page),
            httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://page", timeout=60) as asking,
        ):
            yield Served(asking, log, sink)
    finally:
        await sink.close()
        client.close()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as page:
        yield page


async def test_a_ticket_gets_a_draft_articles_and_tickets_that_were_alike(served: Served) -> None:
    told = await served.suggested("T-1")
    assert (told["tenant"], told["ticket_id"], told["language"], told["missing"]) == ("default", "T-1", "en", [])
    draft = told["draft"]
    assert draft["id"] == "preset/en/billing-negative"
    assert draft["text"].startswith("Hello Ann Example,\n")
    assert draft["text"].endswith("Kind regards\nKim")
    assert "https://help.example.com/money/declined" in draft["text"]
    assert "mood very_negative or negative" in draft["reason"]
    best = told["articles"][0]
    assert (best["id"], best["title"]) == ("money/declined", "A payment with your card was declined")
    assert best["html"].startswith("<p>")
    assert "declin" in best["reason"]
    (alike,) = told["similar"]
    assert (alike["ticket_id"], alike["answer"], alike["took_seconds"]) == ("T-old", "Answer of T-old.", 7_200)
    assert alike["resolution_notes"] == "Limit raised."
    assert alike["share"] > 0.25


async def test_no_tenant_sees_anothers_tickets(served: Served) -> None:
    told = await served.suggested("T-mine", "acme")
    assert [each["ticket_id"] for each in told["similar"]] == ["T-theirs"]
    unknown = await served.client.get("/api/v1/tickets/T-mine/suggestions")
    assert unknown.status_code == 404
    assert (await served.suggested("T-old"))["similar"] == []


async def test_any_id_can_be_asked_for(served: Served) -> None:
    odd = await served.suggested("a%2Fb%20suggestions%3F%0A")
    assert (odd["ticket_id"], odd["articles"][0]["id"]) == (ODD, "cards/pin")


async def test_what_was_used_counts_once_and_the_last_word_holds(served: Served) -> None:
    draft = {"suggested": "draft", "id": "preset/en/billing"}
    first = await served.use(**draft)
    assert (first.status_code, first.json()["state"]) == (202, "recorded")
    assert (await served.use(**draft)).json() == first.json()
    await served.use("T-open", **draft, outcome="dismissed")
    await served.use(suggested="article", id="cards/pin", outcome="used")
    await served.use(suggested="article", id="cards/pin", outcome="dismissed")
    await served.use("T-mine", "acme", **draft)
    await served.store()
    assert await served.stats() == [
        {"suggested": "draft", "id": "preset/en/billing", "used": 1, "dismissed": 1, "share": 0.5},
        {"suggested": "article", "id": "cards/pin", "used": 0, "dismissed": 1, "share": 0.0},
    ]
    assert [each["used"] for each in await served.stats("acme")] == [1]
    assert {(each.tenant, each.used_by) for each in served.recorded()} == {("default", "anyone"), ("acme", "anyone")}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"suggested": "draft"},
        {"suggested": "song", "id": "x"},
        {"suggested": "draft", "id": "x", "outcome": "eaten"},
    ],
)
async def test_what_is_no_use_is_refused(served: Served, asked: dict[str, Any]) -> None:
    assert (await served.use(**asked)).status_code == 422
    assert served.recorded() == []


async def test_without_a_log_it_is_said_that_nothing_is_kept(tmp_path: Path) -> None:
    async with serving(tmp_path, writes=False) as served:
        assert (await served.use(suggested="draft", id="x")).status_code == 503

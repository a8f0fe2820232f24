"""What the page answers about assignments, over rows as the sink writes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from tests.contract.messages import ASSIGNMENTS, ESCALATIONS, NOON, TABLES, assignment, escalation

MINUTE = timedelta(minutes=1)
NOBODY: dict[str, Any] = {"agent": "", "previous": "", "tried": ()}
ROWS = [
    assignment(0, "T/1", state="waiting", reason="no room", **NOBODY),
    assignment(1, "T/1", reason="routed", previous="", tried=(), at=NOON + MINUTE),
    assignment(2, "T/1", agent="bob", previous="ann", tried=("ann",), at=NOON + 30 * MINUTE),
    assignment(3, "T-2", state="waiting", reason="nobody can", since=NOON + MINUTE, queue="general", **NOBODY),
    assignment(4, "T-3", state="waiting", reason="no room", **NOBODY),
    assignment(5, "T-4", state="over", reason="over"),
    assignment(6, "T-5", tenant="acme"),
    *(escalation(number, ticket) for number, ticket in enumerate(("T/1", "T-3", "T-9", "T-5"))),
    # It came again, in another block.
    assignment(2, "T/1", agent="bob", previous="ann", tried=("ann",), at=NOON + 30 * MINUTE),
]


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    url = f"chdb://{folder / 'clickhouse'}"
    client = connect(url)
    migrate(client)
    sink = ClickHouseSink(partial(connect, url), {topic: TABLES[topic] for topic in (ASSIGNMENTS, ESCALATIONS)})
    page = create_page(partial(connect, url, readonly=True), now=lambda: NOON + MINUTE)
    try:
        assert await sink.write(ROWS[:-1]) == []
        assert await sink.write(ROWS[-1:]) == []
        transport = httpx.ASGITransport(page)
        async with (
            page.router.lifespan_context(page),
            httpx.AsyncClient(transport=transport, base_url="http://page", timeout=60) as asking,
        ):
            yield asking
    finally:
        await sink.close()
        client.close()


async def got(page: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await page.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_newest_escalations_name_who_has_the_ticket(tmp_path: Path) -> None:
    async with serving(tmp_path) as page:
        shown = {row["ticket_id"]: row["agent"] for row in (await got(page, "live"))["escalations"]}
    # Nobody has T-3 yet; T-9 was given to nobody, and T-5 to somebody of another tenant.
    assert shown == {"T/1": "bob", "T-3": "", "T-9": "", "T-5": ""}


async def test_who_has_a_ticket_and_who_has_how_many(tmp_path: Path) -> None:
    async with serving(tmp_path) as page:
        told = await got(page, "tickets/T%2F1/assignment")
        assert (told["state"], told["agent"], told["reason"], told["queue"]) == ("assigned", "bob", "moved", "billing")
        assert [(step["state"], step["agent"], step["previous"]) for step in told["history"]] == [
            ("assigned", "bob", "ann"),
            ("assigned", "ann", ""),
            ("waiting", "", ""),
        ]
        unknown = await got(page, "tickets/T-9/assignment")
        assert (unknown["state"], unknown["history"]) == (None, [])

        first = await got(page, "assignments", limit=1)
        assert [each["ticket_id"] for each in first["tickets"]] == ["T-3"]
        assert first["states"] == {"assigned": 1, "waiting": 2}
        assert first["agents"] == [{"agent": "bob", "tickets": 1}]
        second = await got(page, "assignments", limit=1, cursor=first["next_cursor"])
        assert [each["ticket_id"] for each in second["tickets"]] == ["T-2"]
        assert second["next_cursor"] is None
        assert [each["ticket_id"] for each in (await got(page, "assignments", queue="general"))["tickets"]] == ["T-2"]
        of_bob = await got(page, "assignments", state="assigned", agent="bob")
        assert [each["ticket_id"] for each in of_bob["tickets"]] == ["T/1"]
        assert (await got(page, "assignments", state="assigned", agent="ann"))["tickets"] == []
        assert (await page.get("/api/v1/assignments", params={"cursor": "x"})).status_code == 422

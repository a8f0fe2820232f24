"""Corrections by HTTP: what becomes one, what is refused, and how they are seen again."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from sinks.clickhouse.client import connect
from sinks.dashboard.app import create_page
from sinks.record_writer import Headers, NotAcknowledged
from tests.corrections.served import Served, serving

pytestmark = [pytest.mark.xdist_group("corrections"), pytest.mark.asyncio(loop_scope="function")]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as page:
        yield page


async def test_a_correction_is_recorded_once_and_shows_in_the_record(served: Served) -> None:
    first = await served.post(note="  only a question ")
    assert (first.status_code, first.json()["state"]) == (202, "recorded")
    # At once, and after it was stored.
    assert (await served.post()).json() == {**first.json(), "state": "known"}
    await served.store()
    assert (await served.post()).json() == {**first.json(), "state": "known"}
    (recorded,) = served.recorded()
    assert (recorded.old, recorded.new, recorded.note) == ("negative", "neutral", "only a question")
    assert (recorded.corrected_by, recorded.token_id, recorded.scorer) == ("anyone", "", "vader")

    ticket = (await served.client.get("/api/v1/conversations/T-1")).json()
    (shown,) = ticket["corrections"]
    assert shown == {
        "correction_id": first.json()["correction_id"],
        "ticket_id": "T-1",
        "event_id": "event-0",
        "field": "label",
        "old": "negative",
        "new": "neutral",
        "note": "only a question",
        "corrected_by": "anyone",
        "corrected_at": "2026-03-04T13:00:01Z",
        "stands": True,
    }
    # What was read in the message stays.
    assert next(each for each in ticket["messages"] if each["event_id"] == "event-0")["label"] == "negative"
    assert (await served.read(ticket_id="T-1"))["corrections"] == [shown]
    assert (await served.read(tenant="acme"))["corrections"] == []


async def test_a_mind_may_be_changed_and_changed_back(served: Served) -> None:
    ids = [(await served.post()).json()["correction_id"]]
    ids.append((await served.post(old="neutral", new="negative")).json()["correction_id"])
    await served.store()
    again = await served.post()
    ids.append(again.json()["correction_id"])
    assert again.json()["state"] == "recorded"
    await served.store()
    assert len(set(ids)) == 3
    found = (await served.read())["corrections"]
    assert [(each["correction_id"], each["stands"]) for each in found] == [
        (ids[2], True),
        (ids[1], False),
        (ids[0], False),
    ]


async def test_what_has_changed_meanwhile_is_told(served: Served) -> None:
    wrong = await served.post(old="positive")
    assert (wrong.status_code, wrong.json()["now"]) == (409, "negative")
    assert wrong.headers["content-type"] == "application/problem+json"
    await served.post(field="category", old="billing", new="refund_request")
    late = await served.post(field="category", old="billing", new="delivery")
    assert (late.status_code, late.json()["now"]) == (409, "refund_request")
    assert "refund_request now, not billing" in late.json()["detail"]
    assert len(served.recorded()) == 1


async def test_a_key_makes_a_correction_one_whatever_came_after_it(served: Served) -> None:
    key = {"Idempotency-Key": "click-1"}
    first = await served.post(headers=key)
    await served.post(old="neutral", new="positive")
    repeated = await served.post(headers=key)
    assert (repeated.status_code, repeated.json()) == (202, {**first.json(), "state": "known"})
    await served.store()
    assert (await served.post(headers=key)).json()["state"] == "known"
    assert len(served.recorded()) == 2


async def test_a_message_without_a_label_can_be_given_one(served: Served) -> None:
    unlabelled: dict[str, Any] = {"event_id": "event-2", "old": None, "new": "negative"}
    assert (await served.post(**{**unlabelled, "old": "neutral"})).json()["now"] is None
    assert (await served.post(**unlabelled)).status_code == 202
    await served.store()
    (shown,) = (await served.read())["corrections"]
    assert shown["old"] is None


NONE: list[tuple[dict[str, Any], int, str]] = [
    ({"event_id": "event-9"}, 404, "no event 'event-9' of ticket 'T-1' of tenant 'default'"),
    ({"ticket_id": "T-2", "event_id": "event-3"}, 404, "of tenant 'default'"),
    ({"event_id": "event-1", "old": None}, 404, "has no words"),
    ({"new": "angry"}, 422, "a label is one of very_negative, "),
    ({"new": "negative"}, 422, "it is negative already"),
    ({"field": "score"}, 422, "field"),
    ({"field": "category", "old": "billing", "new": "Not a word"}, 422, "new"),
    ({"note": "x" * 1_001}, 422, "note"),
    ({"scorer": "me"}, 422, "scorer"),
]


async def test_what_is_no_correction_is_told(served: Served) -> None:
    # One page for all: none of them changes anything.
    for changes, status, said in NONE:
        answer = await served.post(**changes)
        assert (answer.status_code, said in answer.json()["detail"]) == (status, True), (changes, answer.text)
    assert served.recorded() == []


async def test_another_tenant_is_named_in_the_body_or_as_a_parameter(served: Served) -> None:
    of_acme = {"ticket_id": "T-2", "event_id": "event-3", "field": "label", "old": "negative", "new": "neutral"}
    in_body = await served.client.post("/api/v1/corrections", json={"tenant": "acme", **of_acme})
    beside = await served.client.post("/api/v1/corrections?tenant=acme", json=of_acme)
    assert (in_body.status_code, beside.json()["state"]) == (202, "known")
    both = await served.client.post("/api/v1/corrections?tenant=acme", json={"tenant": "default", **of_acme})
    assert both.status_code == 422


async def test_the_list_is_read_page_by_page(served: Served) -> None:
    values = ["negative", "neutral"] * 4
    for old, new in pairwise(values):
        assert (await served.post(old=old, new=new)).status_code == 202
    await served.store()
    everything = (await served.read(limit=200))["corrections"]
    pages, cursor = [], None
    while True:
        page = await served.read(limit=3, **({"cursor": cursor} if cursor else {}))
        pages.append(page["corrections"])
        if (cursor := page["next"]) is None:
            break
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [each for page in pages for each in page] == everything
    assert (await served.client.get("/api/v1/corrections", params={"cursor": "bm8"})).status_code == 422


class Silent:
    """A log that acknowledges nothing."""

    async def start(self) -> None:
        pass

    async def send(self, key: bytes, value: bytes, headers: Headers = ()) -> None:
        await asyncio.sleep(0)
        raise NotAcknowledged("no acknowledgement within 5 s")

    async def stop(self) -> None:
        pass


async def test_a_log_that_is_away_or_not_there_is_told(served: Served, tmp_path: Path) -> None:
    url = f"chdb://{tmp_path / 'clickhouse'}"
    asked = {"ticket_id": "T-1", "event_id": "event-0", "field": "label", "old": "negative", "new": "neutral"}
    for writer, said in ((Silent(), "did not acknowledge"), (None, "no event log")):
        page = create_page(lambda: connect(url, readonly=True), corrections=writer)
        async with (
            page.router.lifespan_context(page),
            httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://page", timeout=60) as client,
        ):
            # Once more: what was not acknowledged is not known.
            for _ in range(2):
                answer = await client.post("/api/v1/corrections", json=asked)
                assert answer.status_code == 503
                assert said in answer.json()["detail"]

"""With a token of one tenant nothing of another is seen or changed, at any address of either application.

The strongest form of it: every answer is the same, byte for byte, whether the other tenant is there or not.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from clickhouse_connect.driver.client import Client
from fastapi import FastAPI

from sinks.access.gate import Gate
from sinks.access.limits import Rates
from sinks.access.principals import Role
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrations import migrate
from sinks.clickhouse.sink import ClickHouseSink
from sinks.dashboard.app import create_page
from streams import topics
from streams.engine.local import LocalLog, LocalWriter
from streams.gateway.app import create_app
from streams.gateway.local_answers import LocalAnswers
from tests.access.doors import BEGAN, token, write
from tests.contract.messages import TABLES
from tests.tenancy.recorded import Question, Recorded, recording
from tests.tenancy.two_tenants import (
    CANARY,
    NOW,
    OURS,
    THEIR_RUN,
    THEIR_TICKET,
    THEIRS,
    experiment_of,
    rows_of,
    run_row,
)
from tests.tenancy.walking import Answer, Asked, ask, deeds, questions
from tests.unit.gateway_pipeline import memory_log, records

OUR_TOKEN = token(Role.ADMIN, Role.INGEST, tenant=OURS, name="of ours")
THEIR_TOKEN = token(Role.ADMIN, Role.INGEST, tenant=THEIRS, name=f"{CANARY} of theirs")
NO_LIMITS = Rates("", "", "", "")


class Runs:
    """Keeps `sinks.reanalysis.runner.Reanalyses` and runs nothing: what it was asked for is what counts."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.touched: list[str] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def start(self, asked: Mapping[str, Any]) -> str:
        self.asked.append(asked)
        return THEIR_RUN

    async def resume(self, run_id: str) -> None:
        self.touched.append(run_id)

    def stop(self, run_id: str) -> bool:
        self.touched.append(run_id)
        return True

    async def ended(self, run_id: str, seconds: float) -> bool:
        return True


class World:
    """Both applications over one database and one log, with a gate that knows tokens of two tenants."""

    def __init__(self, folder: Path) -> None:
        self.url = f"chdb://{folder / 'clickhouse'}"
        self.log: LocalLog = memory_log()
        self.asked = Recorded()
        self.runs = Runs()
        self.tenants = [OURS]
        write(folder / "tokens.toml", [OUR_TOKEN.stored, THEIR_TOKEN.stored])
        self._gate = Gate(folder / "tokens.toml", rates=NO_LIMITS, now=lambda: BEGAN)

    def page(self) -> FastAPI:
        """A new one, which keeps nothing of what another was asked."""
        return create_page(
            lambda: recording(connect(self.url, readonly=True), self.asked),
            now=lambda: NOW,
            corrections=LocalWriter(self.log, topics.CORRECTIONS),
            uses=LocalWriter(self.log, topics.SUGGESTIONS),
            access=self._gate,
            reanalyses=self.runs,
            experiments=lambda: [experiment_of(tenant) for tenant in self.tenants],
        )

    def gateway(self) -> FastAPI:
        return create_app(
            LocalWriter(self.log, topics.EVENTS), LocalAnswers(self.log), answer_seconds=0.01, access=self._gate
        )

    async def add(self, tenant: str) -> None:
        """Its rows, its run and its experiment."""
        sink = ClickHouseSink(lambda: connect(self.url), TABLES)
        assert await sink.write(rows_of(tenant)) == []
        await sink.close()
        row, client = run_row(tenant), connect(self.url)
        client.insert("reanalyses", [list(row.values())], column_names=list(row))
        client.close()
        if tenant not in self.tenants:
            self.tenants.append(tenant)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield app


class Walks(NamedTuple):
    """What we were answered while we were alone, and then with another tenant beside."""

    world: World
    alone: dict[Asked, Answer]
    beside: dict[Asked, Answer]
    questions: list[Question]


# One for all tests: the embedded engine opens one path in the life of a process, and a walk takes a while.
@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walks]:
    world = World(tmp_path_factory.mktemp("tenants"))
    client: Client = connect(world.url)
    migrate(client)
    yield asyncio.run(_walked(world))
    client.close()


async def _walked(world: World) -> Walks:
    await world.add(OURS)
    alone = await _walk(world)
    await world.add(THEIRS)
    world.asked.clear()
    return Walks(world, alone, await _walk(world), list(world.asked.questions))


async def _walk(world: World) -> dict[Asked, Answer]:
    async with running(world.page()) as page:
        return {asked: await ask(page, asked, OUR_TOKEN.text) for asked in dict.fromkeys(questions(page))}


@pytest.fixture
def world(walks: Walks) -> World:
    return walks.world


def test_answers_are_the_same_whether_another_tenant_is_there_or_not(walks: Walks) -> None:
    assert len(walks.beside) > 200
    found = {asked.path for asked, answer in walks.beside.items() if answer.status == 200}
    assert found > {"/api/v1/live", "/api/v1/stream", "/api/v1/report", "/api/v1/audit", "/api/v1/experiments"}
    different = [asked for asked, answer in walks.beside.items() if not answer.same_as(walks.alone[asked])]
    assert different == []
    assert [asked for asked, answer in walks.beside.items() if CANARY.encode() in answer.body] == []


def test_dead_letters_are_counted_for_who_they_name(walks: Walks) -> None:
    live = json.loads(walks.beside[Asked("GET", "/api/v1/live")].body)
    assert live["pipeline"]["dead_letters"] == [{"reason": "not_json", "count": 2}]


def test_who_names_another_tenant_is_refused(walks: Walks) -> None:
    let_in = {asked.path for asked, answer in walks.beside.items() if asked.names_them and answer.status != 403}
    assert let_in <= OPEN


# Without a token, and without a tenant.
OPEN = {"/", "/healthz", "/readyz", "/api/v1/openapi.json"}


def test_each_question_binds_our_tenant_and_compares_it_wherever_it_reads_a_table(walks: Walks) -> None:
    assert len({question.sql for question in walks.questions}) > 30
    for sql, bound in walks.questions:
        assert bound.get("tenant") == OURS, sql
        assert [part for part in reads(sql) if "tenant = {tenant:String}" not in part] == [], sql


def reads(sql: str) -> list[str]:
    """The parts of a statement, each between its own parentheses, that read a table or view."""
    found, names = [], set(re.findall(r"(\w+)\s+AS\s*\(\s*(?:SELECT|WITH)", sql, re.IGNORECASE))
    sql = re.sub(r"'(?:[^'\\]|\\.)*'", "''", sql)
    while True:
        inner = re.search(r"\([^()]*\)", sql)
        part = inner[0] if inner else sql
        tables = set(re.findall(r"\b(?:FROM|(?<!ARRAY )JOIN)\s+([a-z_]\w*)", part)) - names
        if tables:
            found.append(part)
        if inner is None:
            return found
        # What a part in parentheses compares counts for none around it.
        kept = "" if re.search(r"\bSELECT\b", part) else part[1:-1]
        sql = sql[: inner.start()] + kept + sql[inner.end() :]


PAGED = [f"/api/v1/{name}" for name in ("tickets", "escalations", "corrections", "audit", "predictions")]


async def test_a_cursor_or_a_tag_of_theirs_opens_nothing(world: World) -> None:
    async with running(world.page()) as page:
        for path in (
            "/api/v1/tickets",
            "/api/v1/escalations",
            "/api/v1/corrections",
            "/api/v1/audit",
            "/api/v1/predictions",
        ):
            theirs = await ask(page, Asked("GET", path, "limit=1"), THEIR_TOKEN.text)
            assert CANARY.encode() in theirs.body or THEIR_TICKET.encode() in theirs.body, path
            cursor = re.search(rb'"(?:next_cursor|next)":"([^"]+)"', theirs.body)
            for query in ([f"cursor={cursor[1].decode()}"] if cursor else []) + ["limit=1"]:
                tag = (("if-none-match", theirs.headers.get("etag", '"x"')),)
                ours = await ask(page, Asked("GET", path, query, tag), OUR_TOKEN.text)
                assert ours.status in (200, 400, 422), (path, query)
                assert CANARY.encode() not in ours.body
                assert THEIR_TICKET.encode() not in ours.body


async def test_a_kept_answer_is_served_to_its_own_tenant_only(world: World) -> None:
    async with running(world.page()) as page:
        for asked in dict.fromkeys(questions(page)):
            if not asked.query and not asked.headers:
                await ask(page, asked, THEIR_TOKEN.text)
        leaked = [
            asked
            for asked in dict.fromkeys(questions(page))
            if not asked.query
            and not asked.headers
            and CANARY.encode() in (await ask(page, asked, OUR_TOKEN.text)).body
        ]
    assert leaked == []


async def test_nothing_of_theirs_can_be_changed(world: World) -> None:
    before = _rows(world)
    async with running(world.page()) as page:
        for asked in deeds(events=False):
            answer = await ask(page, asked, OUR_TOKEN.text)
            assert CANARY.encode() not in answer.body
            assert not asked.names_them or answer.status == 403, asked
    async with running(world.gateway()) as gateway:
        for asked in deeds(events=True):
            answer = await ask(gateway, asked, OUR_TOKEN.text)
            assert answer.status in (201, 202, 400, 403), (asked, answer)
            assert not asked.names_them or answer.status == 403, asked
    assert all(asked["tenant"] == OURS for asked in world.runs.asked)
    assert THEIR_RUN not in world.runs.touched
    kept = [record for topic in topics.ALL for record in records(world.log, topic.name)]
    assert any(record.key and record.key.startswith(OURS.encode()) for record in kept)
    assert [record for record in kept if record.key and record.key.startswith(THEIRS.encode())] == []
    assert _rows(world) == before


def _rows(world: World) -> list[int]:
    client = connect(world.url, readonly=True)
    counts = [
        int(client.query(f"SELECT count() FROM {table} WHERE tenant = '{THEIRS}'").result_rows[0][0])  # noqa: S608
        for table in ("scored_events", "escalations", "corrections", "audit", "reanalyses", "predictions")
    ]
    client.close()
    return counts

"""Both applications behind one gate with a token of each role, over a log in memory."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import NoReturn

import httpx
from clickhouse_connect.driver.client import Client
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from schemas.audit import AuditRecord, decode_audit
from sinks.access.gate import Gate
from sinks.access.limits import Rates
from sinks.access.principals import Role
from sinks.access.token_file import change_tokens
from sinks.access.tokens import NewToken, StoredToken, TokenBook, new_token
from sinks.clickhouse.client import CannotOpen
from sinks.dashboard.app import create_page
from streams import topics
from streams.engine.local import LocalLog, LocalWriter
from streams.gateway.app import create_app
from streams.gateway.local_answers import LocalAnswers
from tests.unit.gateway_pipeline import memory_log

BEGAN = datetime(2026, 3, 4, 13, 0, tzinfo=UTC)


class Time:
    """Both clocks of a gate, moved by hand."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return (self.now - BEGAN).total_seconds()

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


def token(*roles: Role, tenant: str | None = None, name: str = "", expires_at: datetime | None = None) -> NewToken:
    return new_token(name or "+".join(roles), roles, tenant, BEGAN, expires_at)


def write(file: Path, tokens: Sequence[StoredToken]) -> None:
    def instead(_: TokenBook) -> Sequence[StoredToken]:
        return tokens

    change_tokens(file, instead)


class Doors:
    """The two applications, and tokens for them."""

    def __init__(self, folder: Path, rates: Rates | None = None, connect: Callable[[], Client] | None = None) -> None:
        self.file = folder / "tokens.toml"
        self.time = Time()
        self.log = memory_log()
        self.made = {role: token(role) for role in Role}
        self.of_acme = {role: token(role, tenant="acme", name=f"acme {role}") for role in Role}
        self.keep(*self.made.values(), *self.of_acme.values())
        self.gate = Gate(
            self.file,
            rates=rates,
            audit=LocalWriter(self.log, topics.AUDIT),
            now=self.time,
            seconds=self.time.seconds,
        )
        self._connect = connect or nowhere

    # Each takes a moment to be made, and most tests want one.
    @cached_property
    def page(self) -> FastAPI:
        """The page, whose corrections go to the log."""
        corrections = LocalWriter(self.log, topics.CORRECTIONS)
        return create_page(self._connect, now=self.time, corrections=corrections, access=self.gate)

    @cached_property
    def gateway(self) -> FastAPI:
        """The gateway over the log."""
        return gateway_of(self.log, self.gate)

    def keep(self, *tokens: NewToken) -> None:
        """Write these into the file, in place of those that are there."""
        write(self.file, [each.stored for each in tokens])

    def bearer(self, role: Role, *, acme: bool = False) -> dict[str, str]:
        """The header with a role's token."""
        return bearer((self.of_acme if acme else self.made)[role])

    def audited(self) -> list[AuditRecord]:
        """What was written down, oldest first."""
        slots = self.log.slots([topics.AUDIT])
        records = [record for slot in slots for record in self.log.read(slot, 0, 1_000, 1 << 20)]
        return sorted((decode_audit(record.value or b"") for record in records), key=lambda each: each.at)


def gateway_of(log: LocalLog, gate: Gate | None) -> FastAPI:
    return create_app(LocalWriter(log, topics.EVENTS), LocalAnswers(log), answer_seconds=0.01, access=gate)


def bearer(made: NewToken) -> dict[str, str]:
    return {"Authorization": f"Bearer {made.text}"}


def nowhere() -> NoReturn:
    raise CannotOpen("there is no database here")


@asynccontextmanager
async def asking(app: FastAPI, base: str = "http://here") -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that runs."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        yield await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=base, timeout=30))


class Reached:
    """In place of an application: notes what reaches it."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"reached"})


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of everything in the application's document."""
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            yield method.upper(), path

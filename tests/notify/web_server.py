"""A web server that keeps what it is sent, and answers what a test says."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
from fastapi import FastAPI, Request, Response

from streams.http_server import address_of, listen, serving


class Asked(NamedTuple):
    """A request. Names of headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


class Answer(NamedTuple):
    """What to say to it."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b"{}"


class Web:
    """Listens at `address`. `answers` are given in their order, the last one again and again."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: list[Asked] = []
        self.answers: list[Answer] = [Answer()]

    def take(self, asked: Asked) -> Answer:
        """Keep it, and say what to answer."""
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def web_server() -> AsyncIterator[Web]:
    """Serves as long as the block runs."""
    app = FastAPI()
    with listen("127.0.0.1", 0) as listener:
        web = Web(address_of(listener))

        @app.api_route("/{path:path}", methods=["GET", "POST"])
        async def take(path: str, request: Request) -> Response:
            answer = web.take(Asked(f"/{path}", dict(request.headers), await request.body()))
            return Response(answer.body, answer.status, dict(answer.headers))

        async with serving(app, listener):
            yield web

"""POST /v1/chat/completions as servers of the OpenAI kind answer it, with what goes wrong there. On a port of its own.

It reads requests strictly: another path, a wrong key, a message that is not text, or a form that is no JSON Schema with
all of its fields required are answered as such a server would.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple

KEY: Final = "sk-the-key-of-the-test-0123456789"
MODEL: Final = "small-1"
PATH: Final = "/v1/chat/completions"

Body = dict[str, Any]


class Answer(NamedTuple):
    """What is said to a request. `cut` ends the connection within the body, `wait` comes before anything is sent."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}
    wait: float = 0.0
    cut: bool = False


Behaviour = Callable[[Body], Answer]


def said(content: str | None, *, finish: str = "stop", usage: bool = True, tokens: int = 400, **message: Any) -> Answer:
    """An answer of the protocol with this text."""
    body: Body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": f"{MODEL}-2026",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, **message},
                "finish_reason": finish,
                "logprobs": None,
            }
        ],
    }
    if usage:
        body["usage"] = {"prompt_tokens": tokens, "completion_tokens": 40, "total_tokens": tokens + 40}
    return Answer(body=json.dumps(body).encode())


def fitting(body: Body) -> Answer:
    """An answer that fits the form that was asked for: the first of each list, some words, one half."""
    schema = body["response_format"]["json_schema"]["schema"]
    return said(json.dumps({name: _any(form) for name, form in schema["properties"].items()}))


def failing(status: int, **headers: str) -> Answer:
    """An error as such servers tell it; this one quotes the request's key, as careless ones do."""
    error = {"error": {"message": f"no: {KEY}", "type": "some_error", "code": None, "param": None}}
    return Answer(
        status, json.dumps(error).encode(), {name.replace("_", "-"): value for name, value in headers.items()}
    )


class ChatServer:
    """Listens at `endpoint`. `behaviours` are taken in their order, the last one again and again."""

    def __init__(self) -> None:
        self.asked: list[Body] = []
        self.keys: list[str] = []
        self.behaviours: list[Behaviour | Answer] = [fitting]
        self.endpoint = ""
        self.under_way = self.most_at_once = 0

    def will(self, *behaviours: Behaviour | Answer) -> None:
        """Behave so from the next request on."""
        self.behaviours = list(behaviours)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:]) if name}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            return await self._answer(self._read(head[0], headers, raw), writer)
        finally:
            self.under_way -= 1

    def _read(self, line: str, headers: Mapping[str, str], raw: bytes) -> Answer:
        if line.split()[:2] != ["POST", PATH]:
            return failing(404)
        self.keys.append(headers.get("authorization", ""))
        if headers.get("authorization") != f"Bearer {KEY}":
            return failing(401)
        body = json.loads(raw)
        if not _is_wellformed(body):
            return failing(400)
        self.asked.append(body)
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        return behaviour if isinstance(behaviour, Answer) else behaviour(body)

    async def _answer(self, answer: Answer, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(answer.wait)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(answer.body)), **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} Said", *(f"{name}: {value}" for name, value in headers.items())]
        body = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        return not answer.cut


@asynccontextmanager
async def chat_server() -> AsyncIterator[ChatServer]:
    """Serves as long as the block runs."""
    chat = ChatServer()
    connections: set[asyncio.Task[None]] = set()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(chat.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(take, "127.0.0.1", 0, limit=1 << 20)
    chat.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield chat
    finally:
        server.close()
        for task in set(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def _is_wellformed(body: Body) -> bool:
    messages = body["messages"]
    texts = [message["role"] for message in messages if isinstance(message["content"], str)]
    form = body.get("response_format", {"type": "text"})
    if form["type"] == "json_schema":
        schema = form["json_schema"]["schema"]
        strict = schema["additionalProperties"] is False and schema["required"] == list(schema["properties"])
        if not (strict and form["json_schema"]["strict"] and form["json_schema"]["name"]):
            return False
    return body["model"] == MODEL and texts == ["system", "user"] and not body.get("stream")


def _any(form: Mapping[str, Any]) -> Any:
    if "enum" in form:
        return form["enum"][0]
    return 0.5 if form["type"] == "number" else "Some words."
